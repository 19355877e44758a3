"""Removes Markdown from a text that arrives in pieces, since a voice would read its markup aloud."""

import re

# At the beginning of a line: headings, quotes, bullets, rules; removed with the blanks around them.
_LINE_START = re.compile(r"[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|(?:-{3,}|\*{3,}|_{3,})[ \t]*(?=\n|\Z))")
_MAYBE_LINE_START = re.compile(r"[ \t]*(?:#{0,6}|>|[-*+]|-{2,}|\*{2,}|_{1,})[ \t]*")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_MAYBE_LINK = re.compile(r"!|!?\[[^\]\n]{0,200}(?:\](?:\([^)\n]{0,400})?)?")
_FENCE = re.compile(r"```[ \t]*([\w+-]*)[ \t]*\n")
_MAYBE_FENCE = re.compile(r"`{1,2}|```[ \t]*[\w+-]*[ \t]*")
_MARKS = re.compile(r"\*+|_+|~+|`+")
_PLAIN = re.compile(r"[^*_~`!\[\n]+|.|\n", re.DOTALL)
# Fences of these languages hold prose; any other holds code, which nobody wants to hear.
_PROSE = {"", "text", "txt", "plaintext", "markdown", "md"}


class Speakable:
    """Takes pieces of text as they come and returns what can be spoken, holding back only what may become a mark."""

    def __init__(self) -> None:
        self._buffer = ""
        self._last = "\n"  # the character before the buffer
        self._in_code = False

    def feed(self, piece: str) -> str:
        self._buffer += piece
        return "".join(iter(lambda: self._next(final=False), None))

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        return "".join(iter(lambda: self._next(final=True), None))

    def _next(self, *, final: bool) -> str | None:
        """Return the next speakable part, perhaps an empty one; None when more must be seen first."""
        if not self._buffer:
            return None
        if self._in_code:
            return self._skip_code(final=final)
        if self._last == "\n":
            if not final and _MAYBE_LINE_START.fullmatch(self._buffer):
                return None
            if start := _LINE_START.match(self._buffer):
                return self._take(start.end(), "")
        return self._inline(final=final)

    def _inline(self, *, final: bool) -> str | None:
        if not final and (_MAYBE_FENCE.fullmatch(self._buffer) or _MAYBE_LINK.fullmatch(self._buffer)):
            return None
        if fence := _FENCE.match(self._buffer):
            self._in_code = fence[1].lower() not in _PROSE
            return self._take(fence.end(), "")
        if link := _LINK.match(self._buffer):
            return self._take(link.end(), link[1])
        if marks := _MARKS.match(self._buffer):
            return self._mark(marks[0], final=final)
        plain = _PLAIN.match(self._buffer)
        return self._take(plain.end(), plain[0]) if plain else None

    def _mark(self, mark: str, *, final: bool) -> str | None:
        """Remove emphasis; a character that means something stays: `snake_case`, `2*3`, `~5`."""
        after = self._buffer[len(mark) : len(mark) + 1]
        if not after and not final:
            return None
        means_something = {
            "*": self._last.isdigit() and after.isdigit(),
            "_": self._last.isalnum() and after.isalnum(),
            "~": True,
        }
        return self._take(len(mark), mark if means_something.get(mark) else "")

    def _skip_code(self, *, final: bool) -> str | None:
        end = self._buffer.find("```")
        if end < 0:
            self._buffer = "" if final else self._buffer[-2:]
            return None
        self._in_code = False
        return self._take(end + 3, "")

    def _take(self, length: int, spoken: str) -> str:
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        # A mark that was removed leaves the line where it was: "- **Rye**" still begins its line after the dash.
        self._last = spoken[-1] if spoken else "\n" if taken.endswith("\n") or self._last == "\n" else self._last
        return spoken
