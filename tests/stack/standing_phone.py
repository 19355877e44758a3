"""A phone's container that stays: it is told of calls on standard input, and tells how they went on standard output."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Self

from tests.stack.outcome import Outcome

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tests.stack.line import Line

SHARES = 20_000  # of the CPU, where every other container has 1024: a phone that is late measures itself
IMAGE = "landline/phone:0.1.0"


class StandingPhone:
    """The phone runs `command` for as long as the block lasts. `sounds` is its /sounds."""

    def __init__(
        self, line: Line, name: str, address: str, sounds: Path | None, command: str, environment: dict[str, str]
    ) -> None:
        self._name = f"{line.project}-{name}"
        self._command = ["docker", "run", "--rm", "--interactive", "--name", self._name]
        self._command += ["--network", f"{line.project}_default", "--ip", address, "--cpu-shares", str(SHARES)]
        self._command += [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        if sounds:
            self._command += ["--volume", f"{sounds}:/sounds:ro"]
        self._command += [IMAGE, command]

    def _tell(self, calls: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(calls) + "\n")
        self._process.stdin.flush()

    def _told(self, calls: object) -> Any:
        """Return what the phone says next; `calls` are what it was told of."""
        assert self._process.stdout
        row = self._process.stdout.readline()
        assert row, f"the phone ended with {self._process.wait()} during {calls}; why is on standard error"
        return json.loads(row)

    def _outcomes(self, calls: object) -> list[Outcome]:
        return [Outcome(report["exit_code"], report, printed(report)) for report in self._told(calls)]

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


def printed(report: dict[str, Any]) -> str:
    """Return a call as a failed test shows it: a row with its seconds for each thing that was said, and the figures."""
    said = [
        f"{part['start']:7.2f} {part['end']:7.2f}  {part['who']:6}  {part['text']}" for part in report["conversation"]
    ]
    figures = {name: value for name, value in report.items() if name not in ("conversation", "turns", "packets")}
    return "\n".join([*said, str(figures)])
