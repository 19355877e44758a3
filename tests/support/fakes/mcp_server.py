"""An MCP server of an owner's: a shop that finds orders, and changes them.

What it has done is posted to `told`, such as `POST /mcp/cancel_order {"number": "A-12"}`.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import uvicorn
from mcp.server import MCPServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def shop(told: str) -> MCPServer:
    server = MCPServer("shop", log_level="ERROR")

    async def tell(tool: str, **arguments: str) -> None:
        async with httpx2.AsyncClient() as client:
            await client.post(f"{told}/mcp/{tool}", json=arguments)

    @server.tool()
    async def find_order(number: str) -> str:
        """Find out where an order is."""
        await tell("find_order", number=number)
        return f"The order {number} is on its way."

    @server.tool()
    async def cancel_order(number: str) -> str:
        """Cancel an order."""
        await tell("cancel_order", number=number)
        return f"The order {number} is cancelled."

    @server.tool()
    async def break_down(number: str) -> str:
        """Fail in any case."""
        raise ValueError(f"no {number} here")

    @server.tool()
    async def take_long(number: str) -> str:
        """Take longer than anybody waits."""
        await asyncio.sleep(3600)
        return number

    return server


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Leave the signals to whoever runs this."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@asynccontextmanager
async def serve_shop(told: str, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve it inside the block, at the address that is yielded."""
    app = shop(told).streamable_http_app(host=host)
    server = _Server(uvicorn.Config(app, host=host, port=port, log_level="error", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    try:
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        await serving
