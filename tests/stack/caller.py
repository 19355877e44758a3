"""A phone that stays: one container, which places call after call, several at once, and has to start only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stack.standing_phone import StandingPhone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome


class Caller(StandingPhone):
    """`with Caller(line, "name", address, sounds) as caller: caller.place([["--say", "Hello."], ["--silent"]])`."""

    def __init__(self, line: Line, name: str, address: str, sounds: Path | None = None) -> None:
        super().__init__(line, name, address, sounds, "calls", {"PHONE_GATEWAY": f"sip:{line.sip_port}"})

    def place(self, calls: Sequence[Sequence[str]], at_once: int | None = None) -> list[Outcome]:
        """Hold these calls, each as the arguments of `phone call` say, and return when all are over.

        `at_once` of them are held together, all of them without it; when one is over, the next one begins.
        """
        self._tell({"calls": calls, "at_once": at_once or len(calls)})
        return self._outcomes(calls)
