"""A SIP gateway that answers OPTIONS over UDP and TCP on one port, as LiveKit's does, and nothing else."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COPIED = re.compile(r"^(?:Via|From|To|Call-ID|CSeq):.*$", re.MULTILINE)


@dataclass
class FakeGateway:
    """`transports` says over which it answers now."""

    status: str = "200 OK"
    transports: set[str] = field(default_factory=lambda: {"udp", "tcp"})
    port: int = 0  # while it is serving
    asked: list[str] = field(default_factory=list)  # the transports of what came, in order

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Yields its port."""
        server = await asyncio.start_server(self._answer_over_tcp, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=("127.0.0.1", self.port))
        try:
            async with server:
                yield self.port
        finally:
            transport.close()

    def answer(self, request: bytes, transport: str) -> bytes:
        """What is sent back; nothing if it does not answer over this transport."""
        self.asked.append(transport)
        text = request.decode()
        assert re.match(r"OPTIONS sip:\S+ SIP/2\.0\r\n", text), text
        assert text.endswith("\r\n\r\n")
        assert re.search(rf"^Via: SIP/2\.0/{transport.upper()} \S+;branch=z9hG4bK\w+\r$", text, re.MULTILINE)
        if transport not in self.transports:
            return b""
        head = [row.strip() for row in COPIED.findall(text)]
        assert len(head) == 5
        return "\r\n".join([f"SIP/2.0 {self.status}", *head, "Content-Length: 0", "", ""]).encode()

    async def _answer_over_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer(await reader.readuntil(b"\r\n\r\n"), "tcp"))
        await writer.drain()
        writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, gateway: FakeGateway) -> None:
        self._gateway = gateway

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if answer := self._gateway.answer(data, "udp"):
            self._transport.sendto(answer, addr)
