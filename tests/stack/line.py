"""A running line as a test sees it: .env, its folder, its compose project, and phones to call it with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from livekit import api

from tests.stack.caller import Caller
from tests.stack.outcome import Outcome
from tests.support.house import ROOT
from tests.support.lines import make_folder, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HEALTHY_WITHIN = 60.0  # seconds, in which each service is checked a few times
PATIENCE = "6"  # seconds: on a busy machine the embedded model pauses in the middle of a sentence


class Line:
    def __init__(self, project: str, folder: Path, subnet: str, first_port: int) -> None:
        self.project = project
        self.subnet = subnet
        self.env_file = folder / ".env"
        self.lines = folder / "lines"
        self.sip_port = first_port
        self._callers: dict[str, Caller] = {}  # by their address, while they stand
        self._standing = ExitStack()  # ends them all
        self._guests: list[str] = []
        self._last_words = ""  # of guests that something went wrong with
        self.words = make_folder(self.lines / "coffee")  # and line.toml, contacts.csv …
        shutil.copy(ROOT / ".env.example", self.env_file)
        ports = {"SIP_PORT": 0, "HTTP_PORT": 1, "HTTPS_PORT": 2, "RTC_TCP_PORT": 3, "RTC_UDP_PORT": 4, "API_PORT": 5}
        for name, offset in {**ports, "TURN_PORT": 6}.items():
            self.set(name, str(first_port + offset))
        self.set("RTP_PORT_RANGE", f"{first_port + 1000}-{first_port + 1039}")
        self.set("SUBNET", subnet)
        self.set("LINES_FOLDER", str(self.lines))

    def set(self, name: str, value: str) -> None:
        """Change one of the host's settings, as a person with an editor would."""
        lines = self.env_file.read_text().splitlines()
        [at] = [i for i, line in enumerate(lines) if line.startswith(f"{name}=")]
        lines[at] = f"{name}={value}"
        self.env_file.write_text("\n".join(lines) + "\n")

    def change(self, **settings: Any) -> None:
        """Change settings of the line, see `write_settings`; most of them hold from the next call on."""
        write_settings(self.words, **settings)

    def value(self, name: str) -> str:
        [line] = [line for line in self.env_file.read_text().splitlines() if line.startswith(f"{name}=")]
        return line.split("=", 1)[1]

    def run(
        self, *command: str, check: bool = True, timeout: float = 600, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`settings` win over those of the file."""
        # The tests themselves may be run by make. With its variables, a second make prints which folder it enters, and
        # what a test reads begins with that row.
        env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
        env |= {"COMPOSE_ENV_FILES": str(self.env_file), "COMPOSE_PROJECT_NAME": self.project}
        env |= settings or {}
        return subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=check, timeout=timeout)

    def compose(self, *arguments: str, check: bool = True) -> str:
        return self.run("docker", "compose", "--progress", "quiet", *arguments, check=check).stdout

    def up(self) -> str:
        return self.run("make", "up", timeout=3600).stdout

    def check(self, lines: Path) -> subprocess.CompletedProcess[str]:
        """Have the agent check the lines in another folder, as `make up` does with the line's own."""
        lines.chmod(0o755)  # the container's user is not this one
        run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "--no-deps", "-T", "agent", "--check"]
        return self.run(*run, check=False, settings={"LINES_FOLDER": str(lines)})

    @contextmanager
    def running(self) -> Iterator[None]:
        """Up inside the block, gone after it; what goes wrong on the way is told with what the services said."""
        try:
            self.up()
            yield
        except subprocess.CalledProcessError as failed:
            raise AssertionError(f"{failed}\n{failed.stdout}\n{failed.stderr}\n{self.state()}") from failed
        finally:
            self.clean()

    @contextmanager
    def guest(self, container: str) -> Iterator[None]:
        """A container that stands beside the line's services inside the block; `state` tells of it too."""
        self._guests.append(container)
        try:
            yield
        except BaseException:
            self._last_words += self._logs_of(container)
            raise
        finally:
            self._guests.remove(container)

    def _logs_of(self, container: str) -> str:
        logs = self.run("docker", "logs", "--tail", "100", container, check=False)
        return f"\n{container}:\n{logs.stdout}{logs.stderr}"

    def down(self) -> str:
        self._put_the_phones_away()
        return self.run("make", "down").stdout

    def clean(self) -> None:
        self._put_the_phones_away()
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "3", check=False)

    def wait_until_healthy(self) -> None:
        """After a restart: every service is healthy, and the agent registered with the server that is there now."""
        self._wait_for_the_unhealthy()
        self.compose("up", "--detach", "--wait", "--no-build")
        deadline = time.monotonic() + 30
        while self.run(
            *["docker", "compose", "exec", "-T", "agent", "python", "-m", "agent.worker.health"], check=False
        ).returncode:
            assert time.monotonic() < deadline, "the agent is not registered with the media server after 30 s"
            time.sleep(0.5)

    def _wait_for_the_unhealthy(self) -> None:
        """Give services the time for their next check: `compose up --wait` gives up on an unhealthy one at once."""
        deadline = time.monotonic() + HEALTHY_WITHIN
        while unhealthy := self.compose("ps", "--format", '{{if eq .Health "unhealthy"}}{{.Service}}{{end}}').split():
            assert time.monotonic() < deadline, f"{unhealthy} still unhealthy after {HEALTHY_WITHIN:g} s"
            time.sleep(0.5)

    def active_jobs(self) -> int:
        """Calls in progress, as the agent's own status page tells; it leaves zero out."""
        page = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8081/worker').read().decode())"
        status = json.loads(self.compose("exec", "-T", "agent", "python", "-c", page))
        assert "agent_name" in status
        return int(status.get("active_jobs", 0))

    def server(self) -> api.LiveKitAPI:
        """The API of the line's media server, as this machine reaches it; close it, or use it with `async with`."""
        url = f"http://127.0.0.1:{self.value('API_PORT')}"
        return api.LiveKitAPI(url, self.value("LIVEKIT_API_KEY"), self.value("LIVEKIT_API_SECRET"))

    def rooms(self) -> list[str]:
        """The names of the rooms there are, asked of Redis itself."""
        return self.redis("hkeys rooms")

    def redis(self, command: str) -> list[str]:
        client = f'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" redis-cli {command}'
        return self.compose("exec", "-T", "redis", "sh", "-c", client).split()

    def state(self) -> str:
        """What `compose ps` and the logs say, of services and guests, for a person who reads a failed test."""
        told = self.compose("ps", "--all", check=False)
        told += self.compose("logs", "--tail", "60", "--no-color", check=False)
        told += self._last_words + "".join(map(self._logs_of, self._guests))
        self._last_words = ""
        return told

    def phone(self, *arguments: str) -> Outcome:
        """Call the line as `make call` does: the bundle's phone starts, and is gone after the call."""
        self._put_the_phones_away()  # its address is needed
        run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "-T", "--volume", "/calls", "phone"]
        done = self.run(*run, "call", "--json", "-", "--patience", PATIENCE, *arguments, check=False)
        report = json.loads(done.stdout[done.stdout.index("{") :]) if "{" in done.stdout else {}
        return Outcome(done.returncode, report, done.stdout + done.stderr)

    def call(self, *arguments: str, address: str = "") -> Outcome:
        """Call the line by a phone that stays for the next call. `address`: another than the one that is allowed."""
        return self.calls(arguments, address=address)[0]

    def calls(self, *calls: Sequence[str], address: str = "") -> list[Outcome]:
        """Several at once."""
        address = address or f"{self.subnet}.10"
        if address not in self._callers:
            caller = Caller(self, f"phone-{address}", address)
            self._callers[address] = self._standing.enter_context(caller)
        number, *_ = self.value("PHONE_NUMBERS").split(",")
        usual = ["--to", number, "--patience", PATIENCE, "--reply-timeout", "60"]
        return self._callers[address].place([[*usual, *call] for call in calls])

    def _put_the_phones_away(self) -> None:
        """The network cannot be removed while one stands in it."""
        self._callers.clear()
        self._standing.close()

    def stored(self) -> dict[str, list[str]]:
        """The ids of trunks and rules, asked of Redis itself."""
        return {kind: sorted(self.redis(f"hkeys {kind}")) for kind in ("sip_inbound_trunk", "sip_dispatch_rule")}

    def events(self, kind: str, since: str) -> list[str]:
        """The services whose containers had an event of this kind (start, die) since then, in order."""
        labels = [f"project={self.project}", "oneoff=False"]  # and not what was run beside them
        filters = ["type=container", f"event={kind}", *[f"label=com.docker.compose.{label}" for label in labels]]
        told = self.run(
            *["docker", "events", "--since", since, "--until", f"{time.time():.3f}"],
            *[part for it in filters for part in ("--filter", it)],
            *["--format", '{{index .Actor.Attributes "com.docker.compose.service"}}'],
        )
        return told.stdout.split()

    def logs(self, *services: str) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", *services)
