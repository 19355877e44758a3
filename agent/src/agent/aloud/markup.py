"""Removes what is written for the eye: comments, front matter, tags, code, the lines of tables.

The marks of Markdown and emoji are left to livekit-agents, whose filters work on a text that is still being written.
What those leave is removed first, here. A row of a list, a heading and a row of a table are given a full stop, because
nobody hears where a row ends.
"""

import html
import re
from collections.abc import AsyncIterable, AsyncIterator

FRONT_MATTER = re.compile(r"\s*?^(---|\+\+\+)[ \t]*\n(?P<fields>(?:.*\n)*?)\1[ \t]*(?:\n|\Z)", re.MULTILINE)
FIELD = re.compile(r"\s*|\s*#.*|\s*[\w\"'.-]+\s*[:=].*|\s*- .*|\[.*\]")
COMMENT = re.compile(r"(?P<before>^[ \t]*)?<!--.*?-->(?P<after>[ \t]*\n)?", re.DOTALL | re.MULTILINE)

MARKER = re.compile(r"[ \t]*(?:[-*+]|#{1,6}|>|(?P<number>\d{1,3})[.)])[ \t]+(?=\S)")
MAYBE_MARKER = re.compile(r"[ \t]*(?:(?:[-*+]|#{1,6}|>|\d{1,3}[.)]?)[ \t]*)?")
FENCE = re.compile(r"[ \t]*(```|~~~)[ \t]*([\w+-]*)[^\n`]*(?:\n|\Z)")
MAYBE_FENCE = re.compile(r"[ \t]*(?:`{1,2}|~{1,2}|(?:```|~~~)[^\n`]*)")
PROSE = {"", "text", "txt", "plaintext", "markdown", "md"}  # what a fence may be named after that holds no code
TABLE_ROW = re.compile(r"[ \t]*\|([^\n]*)(?:\n|\Z)")
MAYBE_TABLE_ROW = re.compile(r"[ \t]*\|[^\n]*")
RULED = re.compile(r"[\s|:-]+")  # the line below the head of a table
LONGEST_TAG = 200
TAG = re.compile(rf"</?([a-zA-Z][^<>\n]{{0,{LONGEST_TAG}}})>")
MAYBE_TAG = re.compile(rf"<(?:!-{{0,2}}|/)?|</?[a-zA-Z][^<>\n]{{0,{LONGEST_TAG}}}")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]{1,9});")
MAYBE_ENTITY = re.compile(r"&(?:#?\w{0,10})?")
PLAIN = re.compile(r"[^<&\n]+")
STOPPED = ".!?:;,…。！？"  # noqa: RUF001
HEARD = re.compile(rf"[^\W_]|[{STOPPED}]")


def without_notes(text: str) -> str:
    """Return a Markdown file without its front matter and comments, which are notes of its owner.

    Raises:
        ValueError: a comment does not end. The message completes "lines/coffee/greeting.md …".
    """
    front = FRONT_MATTER.match(text)
    if front and all(FIELD.fullmatch(row) for row in front["fields"].splitlines()):
        text = "\n" * front[0].count("\n") + text[front.end() :]
    last, end, rest = text.rpartition("-->")  # in the rest no comment ends, so none is looked for, which takes long
    row_end = len(rest) - len(rest.lstrip(" \t\n"))
    kept = COMMENT.sub(_without_comment, last + end + rest[:row_end]) + rest[row_end:]
    if "<!--" in kept:
        row = text[: text.rindex("<!--")].count("\n") + 1
        raise ValueError(f"row {row} begins a comment that does not end: write --> after it")
    return kept


def _without_comment(found: re.Match[str]) -> str:
    """Return what is left of the row: nothing if the comment has rows of its own."""
    before, after = found["before"], found["after"]
    return "" if before is not None and after is not None else f"{before or ''}{after or ''}"


class Markup:
    """Takes a text in pieces and returns what the filters of Markdown and emoji should see of it."""

    def __init__(self) -> None:
        self._buffer = ""
        self._row_begins = True
        self._is_first = True
        self._number = 0  # of the row of a numbered list before
        self._row_ended = ""  # the end of the row before, until it is known what the next one is
        self._is_item = False  # the row is one of a list, a heading or the like
        self._last = ""  # the last character of the row that is heard or ends a sentence
        self._until = ""  # what ends the comment or the code in which the text is

    def feed(self, piece: str) -> str:
        self._buffer += piece
        return "".join(iter(lambda: self._next(final=False), None))

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        return "".join(iter(lambda: self._next(final=True), None)) + self._row_ended

    def _next(self, *, final: bool) -> str | None:
        """Return what is kept of the next part, perhaps nothing; None when more must be seen first."""
        if not self._buffer:
            return None
        if self._until:
            return self._skip(final=final)
        if self._row_begins:
            return self._begin_row(final=final)
        return self._go_on(final=final)

    def _begin_row(self, *, final: bool) -> str | None:
        maybe = (MAYBE_MARKER, MAYBE_FENCE, MAYBE_TABLE_ROW)
        if not final and any(pattern.fullmatch(self._buffer) for pattern in maybe):
            return None
        if fence := FENCE.match(self._buffer):
            # Prose in a fence is spoken. Its end looks like another beginning, and goes the same way.
            self._until = "" if fence[2].lower() in PROSE else fence[1]
            return self._take(fence.end(), self._end_row(stops=True))
        if row := TABLE_ROW.match(self._buffer):
            cells = [cell.strip() for cell in row[1].strip().strip("|").split("|")]
            spoken = "" if RULED.fullmatch(row[1]) else ", ".join(filter(None, cells))
            before = self._end_row(stops=True)
            self._last, self._is_item, self._row_ended = spoken[-1:], True, "\n" if spoken else ""
            return self._take(row.end(), before + spoken)
        self._row_begins = False
        marker = MARKER.match(self._buffer)
        if marker and marker["number"] and not self._goes_on_counting(int(marker["number"])):
            marker = None
        self._is_first = self._is_first and self._buffer.startswith("\n")
        before = self._end_row(stops=bool(marker) or self._buffer.startswith("\n"))
        self._is_item, self._last = bool(marker), ""
        if marker and marker["number"]:
            return self._take(marker.end(), f"{before}{marker['number']}, ")
        return self._take(marker.end() if marker else 0, before + (marker[0] if marker else ""))

    def _goes_on_counting(self, number: int) -> bool:
        """Return whether a number is that of the next row of a list; "3. Mai" at the beginning of a row is a date."""
        counts = number == self._number + 1 and not self._is_first
        self._number = number if counts else self._number
        return counts

    def _go_on(self, *, final: bool) -> str | None:
        if self._buffer[0] == "\n":
            self._row_begins, self._row_ended = True, "\n"
            return self._take(1, "")
        if self._buffer.startswith("<!--"):
            self._until = "-->"
            return self._take(4, "")
        if not final and (MAYBE_TAG.fullmatch(self._buffer) or MAYBE_ENTITY.fullmatch(self._buffer)):
            return None
        if tag := TAG.match(self._buffer):
            is_address = "://" in tag[1] or "@" in tag[1]
            return self._keep(tag.end(), tag[1] if is_address else " " if tag[1].startswith("br") else "")
        if entity := ENTITY.match(self._buffer):
            return self._keep(entity.end(), html.unescape(entity[0]))
        plain = PLAIN.match(self._buffer)
        return self._keep(plain.end(), plain[0]) if plain else self._keep(1, self._buffer[0])

    def _skip(self, *, final: bool) -> str | None:
        end = self._buffer.find(self._until)
        if end < 0:
            self._buffer = "" if final else self._buffer[1 - len(self._until) :]
            return None
        after = end + len(self._until)
        self._until = ""
        return self._take(after, "")

    def _end_row(self, *, stops: bool) -> str:
        """Return the end of the row before, now that it is known what follows."""
        ended, self._row_ended = self._row_ended, ""
        needs_a_stop = ended and self._last and self._last not in STOPPED and (stops or self._is_item)
        return f".{ended}" if needs_a_stop else ended

    def _keep(self, length: int, kept: str) -> str:
        self._last = "".join(HEARD.findall(kept))[-1:] or self._last
        return self._take(length, kept)

    def _take(self, length: int, kept: str) -> str:
        self._buffer = self._buffer[length:]
        return kept


async def drop_markup(text: AsyncIterable[str]) -> AsyncIterator[str]:
    """Do what `Markup` does to a text that arrives in pieces."""
    markup = Markup()
    async for piece in text:
        yield markup.feed(piece)
    yield markup.flush()
