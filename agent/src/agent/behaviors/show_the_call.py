"""Whoever is in the call's room, a browser or an operator, sees the line, since when it is, and which tool is running.

The agent's own attributes say so: `landline.line`, `landline.began` (ISO 8601, UTC) and `landline.tool`, which is the
name of the tool that was called last and is still running, and is not there if none is. The gateway passes none of them
on to phones.
"""

import asyncio

from livekit.agents import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.call_room import show_in
from agent.records.transcript import iso

LINE, BEGAN, TOOL = "landline.line", "landline.began", "landline.tool"


def show_the_call(call: Call) -> None:
    """Set the attributes now, and `landline.tool` whenever a tool begins or ends."""
    running: dict[str, str] = {}  # by the ids of their calls, in order: the names of the tools
    in_turn = asyncio.Lock()

    async def show(attributes: dict[str, str]) -> None:
        async with in_turn:  # else an earlier change might arrive last
            await show_in(call.room, attributes)

    def watch_tools(event: ToolExecutionUpdatedEvent) -> None:
        match event.update:
            case ToolCallStarted() as started:
                running[started.function_call.call_id] = started.function_call.name
            case ToolCallEnded() as ended if ended.call_id in running:
                del running[ended.call_id]
            case _:
                return
        begin(show({TOOL: next(reversed(running.values()), "")}))

    call.session.on("tool_execution_updated", watch_tools)
    begin(show({LINE: call.line.name, BEGAN: iso(call.record.began)}))
