"""The tools that a line may switch on by their names: each is a module in `agent/tools`."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

FOLDER = Path(__file__).parent.parent / "tools"  # it is not imported here: tools know what a line is
NOT_TOOLS = {"__init__", "act"}


@cache
def known_tools() -> list[str]:
    """List the tools of this release by their names."""
    return sorted({file.stem for file in FOLDER.glob("*.py")} - NOT_TOOLS)


def _check_tool(name: str) -> str:
    if name not in known_tools():
        raise ValueError(f"is not a tool of this release, which has {', '.join(known_tools())}")
    return name


ToolName = Annotated[str, AfterValidator(_check_tool), WithJsonSchema({"type": "string", "enum": known_tools()})]
