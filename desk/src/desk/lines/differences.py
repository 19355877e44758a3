"""What differs between two texts, row by row."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from desk.lines.files import decoded

AROUND = 3  # rows that are the same, before and after those that differ
MOST_ROWS = 3000  # that are compared; more would keep the desk busy for too long
OLD, NEW, SAME, GAP = "old", "new", "same", "gap"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `kind` is OLD if only the old text has it, NEW if only the new one; GAP stands for rows left out."""

    kind: str
    text: str
    old: int | None = None  # its place in the old text
    new: int | None = None

    @property
    def sign(self) -> str:
        return {OLD: "-", NEW: "+"}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Difference:
    """How one file differs; `told` instead of rows if it cannot be shown."""

    name: str
    rows: list[Row]
    told: str = ""


def of_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Difference]:
    """Compare all files of two versions; files that are the same are left out."""
    every = sorted({*before, *after})
    return [_of_file(name, before.get(name), after.get(name)) for name in every if before.get(name) != after.get(name)]


def _of_file(name: str, before: bytes | None, after: bytes | None) -> Difference:
    try:
        texts = [decoded(data)[0] if data is not None else "" for data in (before, after)]
    except UnicodeDecodeError:
        return Difference(name, [], "It is no text in UTF-8, so its rows cannot be compared.")
    found = of_texts(name, *texts)
    if found.told:
        return found
    if before is None or after is None:
        return Difference(name, found.rows, "This file is new." if before is None else "This file is removed.")
    return found if found.rows else Difference(name, [], "Only the ends of its rows or its encoding differ.")


def of_texts(name: str, before: str, after: str) -> Difference:
    """Compare two texts."""
    old, new = before.split("\n"), after.split("\n")
    begin = _alike(old, new)
    end = _alike(old[begin:][::-1], new[begin:][::-1])
    middle_old, middle_new = old[begin : len(old) - end], new[begin : len(new) - end]
    if max(len(middle_old), len(middle_new)) > MOST_ROWS:
        told = f"{len(middle_old)} rows are replaced by {len(middle_new)}: too many to be shown one by one."
        return Difference(name, [], told)
    first = max(begin - AROUND, 0)  # so that little more than what differs is compared
    last_old, last_new = len(old) - max(end - AROUND, 0), len(new) - max(end - AROUND, 0)
    rows = list(_rows(old[first:last_old], new[first:last_new], first))
    if rows and first:
        rows.insert(0, Row(GAP, f"{first} rows are the same"))
    if rows and (after_it := len(old) - last_old):
        rows.append(Row(GAP, f"{after_it} rows are the same"))
    return Difference(name, rows)


def _alike(one: list[str], other: list[str]) -> int:
    """Count the rows at the beginning that are the same."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _rows(old: list[str], new: list[str], before: int) -> Iterator[Row]:
    if old == new:
        return
    last = 0
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(AROUND):
        if left_out := group[0][1] - last:
            yield Row(GAP, f"{left_out} rows are the same")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (Row(SAME, old[a + i], before + a + i + 1, before + c + i + 1) for i in range(b - a))
            else:
                yield from (Row(OLD, old[i], old=before + i + 1) for i in range(a, b))
                yield from (Row(NEW, new[i], new=before + i + 1) for i in range(c, d))
        last = group[-1][2]
