"""A running line as a test sees it: its settings file, its compose project, and a phone to call it with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PATIENCE = "4"  # seconds, as `make call` has: on a busy machine the embedded model pauses in the middle of a sentence


@dataclass(frozen=True)
class Outcome:
    """How a call ended: the phone's exit code, its report (see phone/src/phone/report.py) and what it printed."""

    code: int
    report: dict[str, Any]
    printed: str

    @property
    def said(self) -> list[dict[str, Any]]:
        """What the line said: `text` as the phone's larger Whisper wrote it, `start` and `end` since the INVITE."""
        return [part for part in self.report["conversation"] if part["who"] == "line"]

    @property
    def heard(self) -> str:
        """All of it, in lower case and without punctuation; "good-bye" and "good bye" are "goodbye"."""
        return " ".join(plain(part["text"]) for part in self.said)

    @property
    def hung_up(self) -> bool:
        """Whether the line did it."""
        return bool(self.report["ended_by"] == "line")

    def says(self, words: str, nth: int = 0) -> float:
        """When the line began the nth utterance with these words (a regular expression): seconds since the INVITE."""
        found = [float(part["start"]) for part in self.said if re.search(words, plain(part["text"]))]
        assert len(found) > nth, f"“{words}” is not {nth + 1} times in what the line said:\n{self.printed}"
        return found[nth]

    def after_the_caller(self, words: str) -> float:
        """Seconds of waiting at the caller's ear: from the caller's last sound before it to these words' utterance."""
        start = self.says(words)
        before = [turn["end"] for turn in self.report["turns"] if turn["end"] <= start]
        assert before, f"the line said “{words}” before the caller had said anything:\n{self.printed}"
        return float(start - before[-1])

    def longest_silence(self, since: float = 0.0) -> float:
        """Seconds for which nobody said anything, between that moment (since the INVITE) and the end."""
        spoken = sorted((part["start"], part["end"]) for part in self.report["conversation"])
        quiet, until = [], max(since, self.report["answered_after"])
        for start, end in [*spoken, (self.report["ended_after"], self.report["ended_after"])]:
            quiet.append(start - until)
            until = max(until, end)
        return float(max(quiet))


def plain(text: str) -> str:
    """Lower case, no punctuation, single spaces."""
    words = " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("-", " ")).split())
    return words.replace("good bye", "goodbye")


class Line:
    def __init__(self, project: str, folder: Path, subnet: str, first_port: int) -> None:
        self.project = project
        self.subnet = subnet
        self.env_file = folder / ".env"
        self.prompts = folder / "prompts"
        self.sip_port = first_port
        self._guests: list[str] = []
        self._last_words = ""  # of guests that something went wrong with
        shutil.copytree(ROOT / "agent/prompts", self.prompts)
        shutil.copy(ROOT / ".env.example", self.env_file)
        ports = {"SIP_PORT": 0, "HTTP_PORT": 1, "HTTPS_PORT": 2, "RTC_TCP_PORT": 3, "RTC_UDP_PORT": 4, "API_PORT": 5}
        for name, offset in ports.items():
            self.set(name, str(first_port + offset))
        self.set("RTP_PORT_RANGE", f"{first_port + 1000}-{first_port + 1039}")
        self.set("SUBNET", subnet)
        self.set("PROMPTS", str(self.prompts))

    def set(self, name: str, value: str) -> None:
        """Change one setting, as a person with an editor would."""
        lines = self.env_file.read_text().splitlines()
        [at] = [i for i, line in enumerate(lines) if line.startswith(f"{name}=")]
        lines[at] = f"{name}={value}"
        self.env_file.write_text("\n".join(lines) + "\n")

    def value(self, name: str) -> str:
        [line] = [line for line in self.env_file.read_text().splitlines() if line.startswith(f"{name}=")]
        return line.split("=", 1)[1]

    def run(
        self, *command: str, check: bool = True, timeout: float = 600, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`settings` win over those of the file."""
        env = {**os.environ, "COMPOSE_ENV_FILES": str(self.env_file), "COMPOSE_PROJECT_NAME": self.project}
        env |= settings or {}
        return subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=check, timeout=timeout)

    def compose(self, *arguments: str, check: bool = True) -> str:
        return self.run("docker", "compose", "--progress", "quiet", *arguments, check=check).stdout

    def up(self) -> str:
        return self.run("make", "up", timeout=3600).stdout

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
        return self.run("make", "down").stdout

    def clean(self) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "3", check=False)

    def wait_until_healthy(self) -> None:
        """After a restart: every service is healthy, and the agent registered with the server that is there now."""
        self.compose("up", "--detach", "--wait", "--no-build")
        deadline = time.monotonic() + 30
        while self.run(
            *["docker", "compose", "exec", "-T", "agent", "python", "-m", "agent.health"], check=False
        ).returncode:
            assert time.monotonic() < deadline, "the agent is not registered with the media server after 30 s"
            time.sleep(0.5)

    def active_jobs(self) -> int:
        """Calls in progress, as the agent's own status page tells; it leaves zero out."""
        page = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8081/worker').read().decode())"
        status = json.loads(self.compose("exec", "-T", "agent", "python", "-c", page))
        assert "agent_name" in status
        return int(status.get("active_jobs", 0))

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

    def phone(self, *arguments: str, address: str = "") -> Outcome:
        """Call the line. `address` dials from another address of the network than the one that is allowed."""
        if address:
            env = [f"PHONE_GATEWAY=sip:{self.sip_port}", f"PHONE_NUMBERS={self.value('PHONE_NUMBERS')}"]
            run = ["docker", "run", "--rm", "--network", f"{self.project}_default", "--ip", address]
            run += [part for variable in env for part in ("--env", variable)]
            run += ["--tmpfs", "/calls:mode=1777", "landline/phone:0.1.0"]
        else:
            run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "-T", "--volume", "/calls", "phone"]
        done = self.run(*run, "call", "--json", "-", "--patience", PATIENCE, *arguments, check=False)
        report = json.loads(done.stdout[done.stdout.index("{") :]) if "{" in done.stdout else {}
        return Outcome(done.returncode, report, done.stdout + done.stderr)

    def stored(self) -> dict[str, list[str]]:
        """The ids of trunks and rules, asked of Redis itself."""
        return {kind: sorted(self.redis(f"hkeys {kind}")) for kind in ("sip_inbound_trunk", "sip_dispatch_rule")}

    def logs(self, *services: str) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", *services)
