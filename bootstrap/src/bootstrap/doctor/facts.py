"""What the host's shell has found out about the host and its containers: rows NAME=value, written by _facts.sh."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from pydantic import BaseModel, ValidationError


class Model(BaseModel):
    """One model of a line, as the agent has asked it."""

    name: str  # provider/model
    kind: str  # stt, llm or tts
    seconds: float | None  # until the first word or sound; None if none came
    problem: str = ""  # what it did instead, such as "refused the connection"


class Receiver(BaseModel):
    """A web address that a line depends on."""

    kind: str  # webhook, lookup, calendar, tool or mcp
    line: str
    problem: str = ""


class AgentReport(BaseModel):
    """What `python -m agent.worker.examine` prints in the agent's container."""

    registered: bool
    why_not: str = ""
    name: str | None = None  # under which it is registered
    calls: int  # that it takes at once
    problems: int  # with .env and the lines, as `make check` tells them
    writable: bool  # the data volume
    free_mb: int
    newer_stores: int
    waiting: int  # events and notices that are still to be delivered
    oldest: float  # hours that the oldest of them has waited
    failed: int  # those that were given up
    doubts: list[str]
    models: list[Model]
    receivers: list[Receiver]


@dataclass(frozen=True)
class Service:
    """One container of compose.yaml."""

    name: str
    state: str  # as Docker says it: running, exited …
    health: str  # healthy, unhealthy, starting, or empty
    restarts: int
    started: float  # seconds since the epoch; 0 if it is not known
    addresses: tuple[str, ...]  # on the private network, and on others that somebody has added it to
    advertises: str  # the public address that it was given

    @property
    def is_up(self) -> bool:
        return self.state == "running" and self.health in ("healthy", "")


@dataclass(frozen=True)
class Taken:
    """A port that somebody else holds."""

    variable: str
    port: str  # number/kind
    by_container: bool
    holder: str


class Facts:
    def __init__(self, text: str) -> None:
        rows = [row.partition("=") for row in text.splitlines() if "=" in row]
        self._values: dict[str, list[str]] = {}
        for name, _, value in rows:
            self._values.setdefault(name, []).append(value.strip())

    def all(self, name: str) -> list[str]:
        return [value for value in self._values.get(name, []) if value]

    def get(self, name: str) -> str:
        """Return the value of a name; empty if the shell has not found it out."""
        return (self.all(name) or [""])[-1]

    def number(self, name: str) -> float | None:
        try:
            return float(self.get(name))
        except ValueError:
            return None

    @property
    def services(self) -> dict[str, Service]:
        """The services that have a container, by name."""
        found = {}
        for row in self.all("SERVICE"):
            name, _, rest = row.partition(" ")
            its = dict(part.partition("=")[::2] for part in rest.split(" "))
            restarts = its.get("restarts", "")
            found[name] = Service(
                name,
                its.get("state", ""),
                its.get("health", ""),
                int(restarts) if restarts.isdecimal() else 0,
                seconds_of(its.get("started", "")),
                tuple(filter(None, its.get("address", "").split(","))),
                its.get("advertises", ""),
            )
        return found

    @property
    def published(self) -> set[tuple[str, str, str]]:
        """What is published: service, port/kind, and the address on which it listens."""
        rows = [row.split(" ") for row in self.all("PUBLISHED")]
        return {(row[0], row[1], row[2]) for row in rows if len(row) == 3}

    @property
    def profiles(self) -> set[str]:
        """The profiles of Compose that are on: local (the embedded models), metrics."""
        return set(filter(None, self.get("COMPOSE_PROFILES").split(",")))

    @property
    def taken(self) -> list[Taken]:
        rows = [row.split(" ", 3) for row in self.all("TAKEN")]
        return [Taken(row[0], row[1], row[2] == "container", row[3]) for row in rows if len(row) == 4]

    @property
    def clocks(self) -> dict[str, float]:
        """How many seconds each service's clock is ahead of the host's; 0 within what the question took."""
        ahead = {}
        for row in self.all("TIME"):
            name, *times = row.split(" ")
            if len(times) == 3 and all(time.isdecimal() for time in times):
                before, there, after = map(int, times)
                ahead[name] = float(max(there - after, 0) or min(there - before, 0))
        return ahead

    def addresses(self, name: str) -> list[IPv4Address]:
        """Return the IPv4 addresses under a name; what is not written as one is left out."""
        found = []
        for text in self.all(name):
            with suppress(ValueError):
                found.append(IPv4Address(text))
        return found

    @property
    def sip_port(self) -> int:
        """The port for signalling; 0 if .env has none."""
        text = self.get("SIP_PORT")
        return int(text) if text.isdecimal() else 0

    @property
    def agent(self) -> AgentReport | None:
        """What the agent says of itself; None if it could not be asked."""
        try:
            return AgentReport.model_validate_json(self.get("AGENT"))
        except ValidationError:
            return None

    @property
    def audio_ports(self) -> range:
        first, _, last = self.get("RTP_PORTS").partition("-")
        return range(int(first), int(last) + 1) if first.isdecimal() and last.isdecimal() else range(0)


def seconds_of(moment: str) -> float:
    """Return a moment of Docker's (2026-11-27T14:00:00.123456789Z) in seconds since the epoch; 0 if it is none."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0
