"""What stands on the line's network beside its own services."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.footprint import proportional_set_size
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.stack.line import Line

SIDES = ROOT / "tests/bench/sides"
ENDPOINTS = "endpoints"
PORT = 8000


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], text=True, capture_output=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout + done.stderr if arguments[0] == "logs" else done.stdout


@dataclass(frozen=True)
class Container:
    id: str
    image: str

    @property
    def memory(self) -> int:
        """Bytes of proportional set size, over all its processes."""
        return sum(map(proportional_set_size, docker("top", self.id, "-eo", "pid").split()[1:]))

    @property
    def image_size(self) -> int:
        """Bytes on the disk, of all its layers."""
        return int(docker("image", "inspect", "--format", "{{.Size}}", self.image))

    @property
    def logs(self) -> str:
        return docker("logs", self.id)

    def until(self, holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            running = docker("inspect", "--format", "{{.State.Running}}", self.id).strip() == "true"
            if not running or time.monotonic() > deadline:
                raise AssertionError(f"{self.image} is not {what}:\n{self.logs[-4000:]}")
            time.sleep(0.25)


def of_service(line: Line, service: str) -> Container:
    container = line.compose("ps", "--quiet", service).strip()
    return Container(container, docker("inspect", "--format", "{{.Config.Image}}", container).strip())


def built(name: str) -> str:
    """The image of one of the bench's sides."""
    image = f"landline-bench/{name}"
    docker("build", "--quiet", "--tag", image, str(SIDES / name))
    return image


@contextmanager
def beside(
    line: Line, name: str, image: str, environment: Mapping[str, str], *command: str, options: Sequence[str] = ()
) -> Iterator[Container]:
    """A container on the line's network, under that name, gone after the block."""
    settings = [part for pair in environment.items() for part in ("--env", "=".join(pair))]
    network = ["--network", f"{line.project}_default", "--network-alias", name]
    called = f"{line.project}-{name}"
    docker("rm", "--force", called, check=False)
    container = docker("run", "--detach", "--name", called, *network, *settings, *options, image, *command).strip()
    try:
        yield Container(container, image)
    finally:
        docker("rm", "--force", container, check=False)


@contextmanager
def endpoints(line: Line, known: Path, *arguments: str) -> Iterator[tuple[Container, str]]:
    """The container, and its address as this machine sees it; what agents need to reach it is in `access`."""
    options = ["--volume", f"{ROOT / 'tests'}:/bench/tests:ro", "--volume", f"{known}:/known.npz:ro"]
    options += ["--user", str(os.getuid()), "--publish", f"127.0.0.1::{PORT}", "--entrypoint", "python"]
    command = ["-m", "tests.bench.sides.endpoints", "--known", "/known.npz", "--port", str(PORT), *arguments]
    image = of_service(line, "agent").image
    with beside(line, ENDPOINTS, image, {"PYTHONPATH": "/bench"}, *command, options=options) as container:
        yield container, f"http://{docker('port', container.id, str(PORT)).splitlines()[0]}"


def access(line: Line, who: str) -> dict[str, str]:
    """The environment an agent needs to reach the media server and the endpoints; its API key is its own name."""
    return {
        "LIVEKIT_URL": "ws://livekit:7880",
        "LIVEKIT_API_KEY": line.value("LIVEKIT_API_KEY"),
        "LIVEKIT_API_SECRET": line.value("LIVEKIT_API_SECRET"),
        "OPENAI_BASE_URL": f"http://{ENDPOINTS}:{PORT}/v1",
        "OPENAI_API_KEY": who,
    }
