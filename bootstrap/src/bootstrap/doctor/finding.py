"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bootstrap.doctor.world import World

Level = Literal["ok", "warn", "fail", "skipped"]
OK: Level = "ok"
WARN: Level = "warn"
FAIL: Level = "fail"
SKIPPED: Level = "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check has found: a sentence, and what to do. Neither has a secret, a phone number or a person's name."""

    level: Level
    sentence: str
    cure: str = ""  # empty: the check's own


Look = Callable[["World"], Awaitable[Finding]]


@dataclass(frozen=True)
class Check:
    """One thing that would stop a call, or spoil it."""

    id: str
    needs: tuple[str, ...]  # the ids of the checks that have to succeed first
    title: str  # what is looked at, as docs/doctor.md says it
    cure: str  # what to do if the finding has no cure of its own
    look: Look


def check(*, id: str, title: str, cure: str, needs: tuple[str, ...] = ()) -> Callable[[Look], Check]:  # noqa: A002
    """Make a check of a function, which looks at the world and changes nothing."""
    return lambda look: Check(id, needs, title, cure, look)


def ok(sentence: str) -> Finding:
    return Finding(OK, sentence)


def warn(sentence: str, cure: str = "") -> Finding:
    return Finding(WARN, sentence, cure)


def fail(sentence: str, cure: str = "") -> Finding:
    return Finding(FAIL, sentence, cure)


def counted(number: float, what: str) -> str:
    """Write a number of things: "1 row", "3 rows"."""
    return f"{number:.0f} {what}{'' if number == 1 else 's'}"


def skipped(because: str) -> Finding:
    """Return what is said of a check that has not looked; `because` completes "Not checked because …"."""
    return Finding(SKIPPED, f"Not checked because {because}.")
