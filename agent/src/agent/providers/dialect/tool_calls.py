"""Tool calls as servers stream them, completed to what OpenAI streams: an index, an id and a text of arguments.

OpenAI sends a call's name and id once, and then its arguments in pieces, all with the call's index. Others leave the
index or the id out, give every call the index 0, repeat the name with every piece, or send the arguments as an object.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4


class ToolCallCompleter:
    """Completes the tool calls of one answer."""

    def __init__(self) -> None:
        self._begun: list[tuple[object, str]] = []  # the server's index and id of each call

    @property
    def any_begun(self) -> bool:
        """Whether the answer calls a tool."""
        return bool(self._begun)

    def complete(self, delta: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the pieces of calls in one delta of the answer; the old form `function_call` counts, too."""
        pieces = [piece for piece in delta.get("tool_calls") or [] if isinstance(piece, dict)]
        if isinstance(old := delta.get("function_call"), dict):
            pieces.append({"index": 0, "function": old})
        return [done for piece in pieces if (done := self._complete(piece))]

    def _complete(self, piece: dict[str, Any]) -> dict[str, Any] | None:
        function = piece.get("function") or {}
        name, arguments = function.get("name"), function.get("arguments")
        given = (piece.get("index"), str(piece.get("id") or ""))
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments)
        if name and self._is_new(*given):
            self._begun.append((given[0], given[1] or new_id()))
            called = {"name": name, "arguments": arguments}
            return {**piece, "index": len(self._begun) - 1, "id": self._begun[-1][1], "function": called}
        if not self._begun:
            return None
        return {"index": self._number_of(*given), "function": {"arguments": arguments}}

    def _is_new(self, index: object, call: str) -> bool:
        if not self._begun:
            return True
        if call:
            return all(call != known for _, known in self._begun)
        return index is None or all(index != known for known, _ in self._begun)

    def _number_of(self, index: object, call: str) -> int:
        """Return which call a piece belongs to: the one with its id or its index, or the last one."""
        for number in range(len(self._begun) - 1, -1, -1):
            known_index, known = self._begun[number]
            if call == known or (not call and index is not None and index == known_index):
                return number
        return len(self._begun) - 1


def new_id() -> str:
    """Make the id of a tool call for a server that gives none."""
    return f"call_{uuid4().hex[:24]}"
