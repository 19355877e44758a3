"""The tools of the line's MCP servers. A call goes on without the tools of a server that cannot be reached."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from livekit.agents import RunContext, ToolError, function_tool, llm

from agent.background import begin
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.framework import import_mcp
from agent.tools.act import act
from agent.tools.outside.question import question_about
from agent.tools.outside.request import failure, shortened

if TYPE_CHECKING:
    from agent.conversation.call import Call
    from agent.framework import MCPServerHTTP, MCPToolResultContext
    from agent.lines.mcp import McpServer

logger = logging.getLogger(__name__)

CONNECTED_WITHIN = 10.0  # seconds after which a server's tools are done without
CLOSED_WITHIN = 3.0  # seconds
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what language models accept as the name of a tool


def add_mcp_tools(call: Call) -> None:
    """Ask every server of the line for its tools, and give them to the receptionist when they come.

    Nothing waits for that. The greeting takes longer, as a rule.
    """
    if call.pipeline.uses_tools:
        for name, server in call.line.mcp.items():
            begin(_add_tools(call, name, server))


async def _add_tools(call: Call, name: str, settings: McpServer) -> None:
    client = await import_mcp()
    server = client(
        settings.url,
        transport_type=settings.transport,
        allowed_tools=settings.only or None,
        headers={header: secret.get_secret_value() for header, secret in settings.headers.items()},
        timeout=settings.timeout,
        client_session_timeout_seconds=settings.timeout,
        tool_result_resolver=_text_of,
    )
    call.ctx.add_shutdown_callback(lambda: _close(call, server))
    try:
        async with asyncio.timeout(CONNECTED_WITHIN):
            await server.initialize()
            offered = await server.list_tools()
        taken = {tool.id for tool in call.receptionist.tools}
        usable = [tool for tool in offered if NAME.fullmatch(tool.id) and tool.id not in taken]
        for tool in offered:
            if tool not in usable:
                logger.warning("A tool of the MCP server %s is left out: its name is taken, or cannot be used", name)
        wrapped = [_wrapped(call, tool, settings) for tool in usable]
        await call.receptionist.update_tools([*call.receptionist.tools, *wrapped])
    except Exception as error:  # of many kinds, and none of them may end the call
        logger.warning("This call goes on without the tools of the MCP server %s: %s", name, _kind(error))


def _kind(error: BaseException) -> str:
    """Name what happened; groups of exceptions are what the library raises."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


async def _close(call: Call, server: MCPServerHTTP) -> None:
    await call.record.wait_for_actions()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(CLOSED_WITHIN):
            await server.aclose()


def _wrapped(call: Call, tool: llm.RawFunctionTool[..., Any], settings: McpServer) -> llm.RawFunctionTool[..., Any]:
    """Make a tool that asks the caller first, unless it is safe, and that ends in time."""

    async def use(raw_arguments: dict[str, object], context: RunContext[None]) -> str:
        async def do() -> str:
            return await _call(tool, raw_arguments, settings)

        if tool.id in settings.safe:
            async with tell_meanwhile(call, context):
                return await do()
        question = question_about(tool.id, raw_arguments, settings.confirm.get(tool.id, ""), call.line.language)
        return await act(call, context, question=question, what=tool.id, do=do, arguments=raw_arguments)

    return function_tool(use, raw_schema=tool.info.raw_schema)


async def _call(tool: llm.RawFunctionTool[..., Any], arguments: dict[str, object], settings: McpServer) -> str:
    try:
        async with asyncio.timeout(settings.timeout):
            return str(await tool(arguments))
    except ToolError as error:
        logger.warning("The tool %s of an MCP server says that it failed", tool.id)
        raise ToolError(shortened(error.message)) from None
    except TimeoutError:
        logger.warning("The tool %s of an MCP server did not answer within %g s", tool.id, settings.timeout)
        why = f"did not answer within {settings.timeout:g} seconds"
    except Exception as error:
        logger.warning("The tool %s of an MCP server failed: %s", tool.id, _kind(error))
        why = "failed for a technical reason"
    raise failure(why, acts=tool.id not in settings.safe)


def _text_of(answered: MCPToolResultContext) -> str:
    texts = [part.text for part in answered.result.content if part.type == "text"]
    return shortened("\n".join(texts).strip()) or "It is done; the answer has no text."
