"""The second person: a phone in a container of its own, which the line calls over its outbound trunk.

with extension.person.takes(["--number", SALES, "--say", "Hello?"], ["--number", HELP, "--busy"]) as taken:
    extension.call("--say", "Sales, please.")
sales, help = taken.outcomes
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.stack.standing_phone import StandingPhone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome


@dataclass
class Taken:
    """What became of the calls that a person was told to take; `outcomes` are there after the block."""

    outcomes: list[Outcome] = field(default_factory=list)


class Person(StandingPhone):
    """One container, which takes call after call, several at once."""

    def __init__(self, line: Line, name: str, address: str, sounds: Path | None = None, password: str = "") -> None:
        super().__init__(line, name, address, sounds, "answers", {"SIP_PASSWORD": password} if password else {})
        self.address = address

    @contextmanager
    def takes(self, *calls: Sequence[str]) -> Iterator[Taken]:
        """Take these calls, each as the arguments of `phone answer` say, at the same time.

        Inside the block the phone waits for them; the end of the block waits until all of them are over. A call that
        does not come is given up after its --wait, in seconds.
        """
        self._tell(calls)
        assert self._told(calls) == "waiting"
        taken = Taken()
        try:
            yield taken
        except BaseException:  # it may wait for calls that do not come, and has to take others
            self.__exit__(None, None, None)
            self.__enter__()
            raise
        taken.outcomes += self._outcomes(calls)
