"""The tools of the line's tools.yaml, as the language model calls them."""

from collections.abc import Iterable
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from livekit.agents import RunContext, ToolError, function_tool, llm

from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.lines.http_tools import HttpTool
from agent.tools.act import act
from agent.tools.outside.question import question_about
from agent.tools.outside.request import address, ask


def http_tools(call: Call, described: Iterable[HttpTool]) -> list[llm.Tool]:
    """Make the tools for one call; none if the model cannot be given any."""
    return [_new_tool(call, tool) for tool in described] if call.pipeline.uses_tools else []


def _new_tool(call: Call, tool: HttpTool) -> llm.RawFunctionTool[..., Any]:
    validator = Draft202012Validator(tool.arguments)

    async def use(raw_arguments: dict[str, object], context: RunContext[None]) -> str:
        arguments = tool.described(raw_arguments)  # a model may make up others, about which nobody would be asked
        check_arguments(validator, arguments)
        if tool.safe:
            async with tell_meanwhile(call, context, tool.meanwhile):
                return await ask(tool, arguments)
        address(tool, arguments)  # what cannot be sent is not asked about either
        question = question_about(tool.name, arguments, tool.confirm, call.line.language)
        return await act(
            call,
            context,
            question=question,
            what=tool.name,
            do=lambda: ask(tool, arguments),
            meanwhile=tool.meanwhile,
            arguments=arguments,
        )

    schema = {"name": tool.name, "description": tool.description, "parameters": tool.arguments}
    return function_tool(use, raw_schema=schema)


def check_arguments(validator: Draft202012Validator, arguments: dict[str, Any]) -> None:
    """Refuse what the schema does not allow, with a ToolError from which the model learns what is wrong."""
    for error in validator.iter_errors(arguments):
        where = ".".join(map(str, error.absolute_path)) or "the arguments"
        raise ToolError(f"Nothing was done, because {where} is wrong: {error.message}")
