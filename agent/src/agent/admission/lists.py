"""blocked.txt and allowed.txt: the callers who are not let in, and the only callers who are."""

from dataclasses import dataclass

from agent.admission.caller import Caller
from agent.admission.written_number import read_number, read_prefix

LARGEST = 1_048_576  # bytes
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The callers on one list: by their number, by how it begins, or because they hide it."""

    whole: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    anonymous: bool = False

    def __bool__(self) -> bool:
        return bool(self.whole or self.prefixes or self.anonymous)

    def __contains__(self, caller: Caller) -> bool:
        if caller.anonymous:
            return self.anonymous
        return caller.number in self.whole or caller.number.startswith(self.prefixes)


@dataclass(frozen=True, slots=True)
class Lists:
    blocked: Numbers
    allowed: Numbers

    def __bool__(self) -> bool:
        return bool(self.blocked or self.allowed)

    def objection(self, caller: Caller) -> str | None:
        """Return why this caller is not let in, or None."""
        if caller in self.blocked:
            return "the caller is in blocked.txt"
        if self.allowed and caller not in self.allowed:
            return "the caller is not in allowed.txt"
        return None


def parse(text: str, country: str | None = None) -> Numbers:
    """Return the callers in the file; a number without a country code is one of `country`, an ISO 3166 code.

    Raises:
        ValueError: it names the row, what was found, what was expected and what to do.
    """
    whole: dict[str, int] = {}
    prefixes: dict[str, int] = {}
    anonymous = False
    for row, entry in _entries(text):
        if entry.lower() == ANONYMOUS:
            anonymous = True
            continue
        try:
            if "*" in entry:
                kind, number = prefixes, read_prefix(entry, country)
            else:
                kind, number = whole, read_number(entry, country)
        except ValueError as problem:
            raise ValueError(f"row {row} has {problem}") from None
        if number in kind:
            raise ValueError(f"row {row} has the same number as row {kind[number]}: keep one of them")
        kind[number] = row
    return Numbers(frozenset(whole), tuple(prefixes), anonymous)


def _entries(text: str) -> list[tuple[int, str]]:
    rows = [(number, row.partition("#")[0].strip()) for number, row in enumerate(text.splitlines(), 1)]
    return [(number, entry) for number, entry in rows if entry]
