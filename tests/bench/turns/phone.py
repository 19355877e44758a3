"""The phone's container with the driver in it, told over a pipe what calls to hold."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.bench.turns.driver.talk import Talk
    from tests.stack.line import Line

DRIVER = "tests.bench.turns.driver"
SHARES = 20_000  # of the CPU, where every other container has 1024


LATE = 0.01  # share of packets over 20 ms behind the beat, that is: the 99th percentile of the delay is over 20 ms


def phone_was_late(record: Mapping[str, Any]) -> bool:
    """Whether what was measured in a call is this machine rather than the line."""
    return bool(record.get("packets_late", 0) > LATE * record.get("packets_sent", 0))


class DriverFailedError(Exception):
    """It ended before its calls had; what it said is on standard error."""


class Phone:
    """`with Phone(line, sounds) as phone: phone.hold(talks)`. The line's one phone: its address is taken meanwhile."""

    def __init__(self, line: Line, sounds: Path) -> None:
        self._name = f"{line.project}-caller"
        self._command, self._env = _command(line, DRIVER, sounds, "--name", self._name), _environment(line)

    def hold(self, talks: Sequence[Talk]) -> list[dict[str, Any]]:
        """Hold these calls at the same time; gives record.record() of each, in the same order, when all are over."""
        pipe = self._process
        assert pipe.stdin
        assert pipe.stdout
        pipe.stdin.write(json.dumps([talk.as_json() for talk in talks]) + "\n")
        pipe.stdin.flush()
        records = []
        for _ in talks:
            if not (line := pipe.stdout.readline()):
                raise DriverFailedError(f"the phone's driver ended with {pipe.wait()} during {talks[0].id}")
            records.append(json.loads(line))
        return records

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._put_first()
        return self

    def _put_first(self) -> None:
        """Before everything else on this machine: a late phone measures itself."""
        update = ["docker", "update", "--cpu-shares", str(SHARES), self._name]
        while subprocess.run(update, capture_output=True, check=False).returncode:
            if self._process.poll() is not None:
                raise DriverFailedError(f"the phone's driver ended with {self._process.returncode} at its start")
            time.sleep(0.2)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()  # the driver's loop ends, and with it the container
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


def command(line: Line, module: str, sounds: Path, said: str) -> str:
    """Run another of the driver's modules in the phone's container; gives what it prints."""
    done = subprocess.run(
        _command(line, module, sounds),
        cwd=ROOT,
        env=_environment(line),
        text=True,
        input=said,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout


def _command(line: Line, module: str, sounds: Path, *options: str) -> list[str]:
    folder = DRIVER.replace(".", "/")
    run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "-T", "--build", "--no-deps"]
    run += ["--volume", f"{ROOT / folder}:/bench/{folder}:ro", "--volume", f"{sounds}:/sounds:ro"]
    return [*run, *options, "--env", "PYTHONPATH=/app/src:/bench", "--entrypoint", "python", "phone", "-m", module]


def _environment(line: Line) -> dict[str, str]:
    return {**os.environ, "COMPOSE_ENV_FILES": str(line.env_file), "COMPOSE_PROJECT_NAME": line.project}
