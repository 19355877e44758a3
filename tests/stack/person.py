"""The second person: a phone in a container of its own, which the line calls over its outbound trunk.

with extension.person.takes(["--number", SALES, "--say", "Hello?"], ["--number", HELP, "--busy"]) as taken:
    extension.call("--say", "Sales, please.")
sales, help = taken.outcomes
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.stack.caller import IMAGE, SHARES, printed
from tests.stack.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.stack.line import Line


@dataclass
class Taken:
    """What became of the calls that a person was told to take; `outcomes` are there after the block."""

    outcomes: list[Outcome] = field(default_factory=list)


class Person:
    """One container, which takes call after call, several at once. `sounds` is its /sounds."""

    def __init__(self, line: Line, name: str, address: str, sounds: Path | None = None, password: str = "") -> None:
        self.address = address
        self._name = f"{line.project}-{name}"
        self._command = ["docker", "run", "--rm", "--interactive", "--name", self._name]
        self._command += ["--network", f"{line.project}_default", "--ip", address, "--cpu-shares", str(SHARES)]
        self._command += ["--env", f"SIP_PASSWORD={password}"] if password else []
        if sounds:
            self._command += ["--volume", f"{sounds}:/sounds:ro"]
        self._command += [IMAGE, "answers"]

    @contextmanager
    def takes(self, *calls: Sequence[str]) -> Iterator[Taken]:
        """Take these calls, each as the arguments of `phone answer` say, at the same time.

        Inside the block the phone waits for them; the end of the block waits until all of them are over. A call that
        does not come is given up after its --wait, in seconds.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps(calls) + "\n")
        self._process.stdin.flush()
        assert self._told(calls) == "waiting"
        taken = Taken()
        try:
            yield taken
        except BaseException:  # it may wait for calls that do not come, and has to take others
            self.__exit__(None, None, None)
            self.__enter__()
            raise
        reports: list[dict[str, Any]] = self._told(calls)
        taken.outcomes += [Outcome(report["exit_code"], report, printed(report)) for report in reports]

    def _told(self, calls: Sequence[Sequence[str]]) -> Any:
        assert self._process.stdout
        row = self._process.stdout.readline()
        assert row, f"the phone ended with {self._process.wait()} during {calls}; why is on standard error"
        return json.loads(row)

    def __enter__(self) -> Self:
        subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, check=False)
        self._process = subprocess.Popen(
            self._command, env=os.environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:  # closes its pipes, and waits for it
            subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, check=False)
