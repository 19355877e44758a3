"""What the checks may look at: the host's facts, the settings, what is on the server, and the network."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap.desired import Desired, desired
from bootstrap.doctor.facts import Facts
from bootstrap.doctor.outside import Outside
from bootstrap.lines import Lines
from bootstrap.server import RetryPolicy, connect
from bootstrap.settings import ServerSettings, SettingsError, load

T = TypeVar("T")

VARIABLE_OR_FILE = re.compile(r"[A-Z][A-Z0-9_]+\b|[^\s:,]*/[^\s:,]*")
ONCE = RetryPolicy(attempts=1, request_seconds=4)


@dataclass(frozen=True)
class OnServer:
    trunks: Sequence[Trunk]
    rules: Sequence[Rule]
    outbound: Sequence[Outbound]


@dataclass(frozen=True)
class Places:
    """Where the services are reached from the doctor's container."""

    gateway: str = "sip"
    https: tuple[str, int] = ("caddy", 443)


@dataclass
class World:
    """Everything that is known. What has to be asked is asked once, when the first check wants to know it."""

    facts: Facts
    settings: ServerSettings | None = None  # None if they are wrong
    lines: Lines = field(default_factory=dict)
    wrong: Sequence[str] = ()  # the variables and files that are wrong
    places: Places = Places()
    outside: Outside = field(default_factory=Outside)
    now: float = field(default_factory=time.time)
    _asked: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    @property
    def given(self) -> ServerSettings:
        """The settings, for a check that needs settings.values."""
        assert self.settings, "a check that uses the settings needs settings.values"  # noqa: S101
        return self.settings

    @property
    def want(self) -> Desired:
        return desired(self.given, self.lines)

    @property
    def is_public(self) -> bool:
        """Whether the line is open to others than this machine."""
        return bool(self.facts.get("ADVERTISED_IP"))

    async def on_server(self) -> OnServer:
        """Return the trunks and rules; a ServerError if the server does not tell."""
        return await self.once("server", self._ask_the_server)

    async def once(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask something the first time, and return the same answer from then on."""

        if what not in self._asked:
            self._asked[what] = asyncio.ensure_future(ask())
        answer: T = await asyncio.shield(self._asked[what])
        return answer

    async def _ask_the_server(self) -> OnServer:
        async with connect(self.given, ONCE) as server:
            return OnServer(
                await server.retry(server.trunks),
                await server.retry(server.rules),
                await server.retry(server.outbound_trunks),
            )


def look_around(facts: Facts) -> World:
    """Make the world of this container: its settings, and the facts that it was given."""
    outside = Outside(facts.get("ADDRESS_SERVICES").split())
    if facts.get("ENV_IS_USABLE") != "yes":  # this container has been given nothing of it
        return World(facts, wrong=(".env",), outside=outside)
    try:
        settings, lines = load(ServerSettings)
    except SettingsError as error:
        return World(facts, wrong=names_in(error), outside=outside)
    return World(facts, settings, lines, outside=outside)


def names_in(error: SettingsError) -> list[str]:
    """Name the variables and files of a report, which quotes phone numbers beside them."""
    _, *rows = str(error).splitlines()
    named = [found[0] for row in rows if (found := VARIABLE_OR_FILE.match(row.strip()))]
    return list(dict.fromkeys(named)) or ["a file of settings"]
