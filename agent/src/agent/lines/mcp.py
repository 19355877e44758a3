"""MCP servers: programs of the owner's or of others that offer tools to the language model."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import Secret
from agent.settings.values import url_of

ToolOfServer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
McpName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class McpServer(Group):
    """An MCP server that is reached over HTTP. docs/abilities/tools.md has an example.

    The caller is asked before a tool of it is used, unless the tool is in `safe`.
    """

    url: Annotated[str, url_of("http", "https")] = Field(
        description="Its address, such as https://tools.example.com/mcp.",
    )
    transport: Literal["streamable_http", "sse"] = setting(
        "streamable_http", "How it is spoken to; sse is what older servers have."
    )
    headers: dict[HeaderName, Secret] = Field(
        default_factory=dict,
        description="Headers that it asks for, such as Authorization, and the names of their values in "
        "lines/secrets.env.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    only: list[ToolOfServer] = Field(
        default_factory=list, description="The tools that the model is given; empty: all that the server has."
    )
    safe: list[ToolOfServer] = Field(
        default_factory=list, description="The tools that may be used without asking the caller."
    )
    confirm: dict[ToolOfServer, str] = Field(
        default_factory=dict,
        description="The question before a tool is used, with {argument} in it. Arguments that are not in it are told "
        "before it. A tool without one is announced by its name and its arguments.",
    )
    timeout: float = setting(10, "Seconds after which a tool that does not answer is given up.", ge=1, le=30)
