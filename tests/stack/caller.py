"""A phone that stays: one container, which places call after call, several at once, and has to start only once."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Self

from tests.stack.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.stack.line import Line

SHARES = 20_000  # of the CPU, where every other container has 1024: a phone that is late measures itself
IMAGE = "landline/phone:0.1.0"


class Caller:
    """`with Caller(line, "name", address, sounds) as caller: caller.place([["--say", "Hello."], ["--silent"]])`.

    `sounds` is the phone's /sounds.
    """

    def __init__(self, line: Line, name: str, address: str, sounds: Path | None = None) -> None:
        self._name = f"{line.project}-{name}"
        self._command = ["docker", "run", "--rm", "--interactive", "--name", self._name]
        self._command += ["--network", f"{line.project}_default", "--ip", address, "--cpu-shares", str(SHARES)]
        self._command += ["--env", f"PHONE_GATEWAY=sip:{line.sip_port}"]
        if sounds:
            self._command += ["--volume", f"{sounds}:/sounds:ro"]
        self._command += [IMAGE, "calls"]

    def place(self, calls: Sequence[Sequence[str]], at_once: int | None = None) -> list[Outcome]:
        """Hold these calls, each as the arguments of `phone call` say, and return when all are over.

        `at_once` of them are held together, all of them without it; when one is over, the next one begins.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"calls": calls, "at_once": at_once or len(calls)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the phone ended with {self._process.wait()} during {calls}; why is on standard error"
        reports: list[dict[str, Any]] = json.loads(line)
        return [Outcome(report["exit_code"], report, printed(report)) for report in reports]

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
    """As `phone call` tells it to people, and the figures."""
    said = [
        f"{part['start']:7.2f} {part['end']:7.2f}  {part['who']:6}  {part['text']}" for part in report["conversation"]
    ]
    figures = {name: value for name, value in report.items() if name not in ("conversation", "turns", "packets")}
    return "\n".join([*said, str(figures)])
