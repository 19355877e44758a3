"""A host on which everything is right, for the doctor: each test breaks one thing of it.

The server, the gateway, Caddy and whoever tells the public address are real sockets on loopback. The host's facts are
as _facts.sh prints them. DNS is a table.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bootstrap import twilio
from bootstrap.desired import desired
from bootstrap.doctor.checks import CHECKS
from bootstrap.doctor.echo import MAGIC
from bootstrap.doctor.facts import Facts
from bootstrap.doctor.outside import Outside
from bootstrap.doctor.run import Result, run
from bootstrap.doctor.world import Places, World, look_around
from bootstrap.reconcile import reconcile
from bootstrap.server import connect
from bootstrap.settings import ServerSettings, load
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.support.fakes.sip_gateway import FakeGateway
from tests.support.fakes.twilio_api import FakeTwilio

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import pytest


PUBLIC = "54.170.10.20"  # no address that is reserved for documentation is public
SITE = "line.example.com"
CARRIER = "sip.carrier.example"
NUMBER = "+12025550123"
ADDRESSES = {"redis": "172.29.53.2", "livekit": "172.29.53.130", "sip": "172.29.53.131", "caddy": "172.29.53.132"}
SERVICES = (*ADDRESSES, "agent", "desk", "speech", "watch", "prometheus")


class Network(Outside):
    """The real thing, except that names are in a table, and public addresses lead to loopback."""

    def __init__(self, tells: str, trust: ssl.SSLContext) -> None:
        super().__init__([tells], trust)
        self.names: dict[str, tuple[list[str], list[str]]] = {SITE: ([PUBLIC], []), CARRIER: (["54.171.127.193"], [])}
        self.leads_here = {PUBLIC, CARRIER, "sip"}
        self.udp_comes_through = True

    async def addresses(self, host: str) -> tuple[list[str], list[str]]:
        return self.names.get(host, ([], []))

    async def options(self, host: str, port: int, *, transport: str) -> str:
        return await super().options(self._there(host), port, transport=transport)

    async def echo(self, host: str, port: int) -> bool:
        return self.udp_comes_through and await super().echo(self._there(host), port)

    def _there(self, host: str) -> str:
        return "127.0.0.1" if host in self.leads_here else "127.0.0.2"


@dataclass
class Stage:
    server: FakeLiveKit
    gateway: FakeGateway
    carrier: FakeGateway
    twilio: FakeTwilio
    network: Network
    facts: dict[str, list[str]]
    agent: dict[str, Any]
    environment: pytest.MonkeyPatch
    lines: Path
    https: tuple[str, int]
    shown: dict[str, str]  # who tells the public address, what Caddy answers
    redis_trunks: list[str] | None = None  # None: those of the server

    def set(self, **facts: str) -> None:
        self.facts |= {name: [value] for name, value in facts.items()}

    def service(self, name: str, **changes: str) -> None:
        """Change the row of a service."""
        [at] = [at for at, row in enumerate(self.facts["SERVICE"]) if row.startswith(f"{name} ")]
        for key, value in changes.items():
            self.facts["SERVICE"][at] = re.sub(rf"\b{key}=\S*", f"{key}={value}", self.facts["SERVICE"][at])

    def remove(self, name: str) -> None:
        """A service has no container."""
        self.facts["SERVICE"] = [row for row in self.facts["SERVICE"] if not row.startswith(f"{name} ")]

    def env(self, **variables: str) -> None:
        """Settings as Compose gives them to the container."""
        for name, value in variables.items():
            self.environment.setenv(name, value)

    def fix(self, **changes: Any) -> None:
        """Change what the agent says."""
        self.agent |= changes

    def model(self, kind: str, **changes: Any) -> None:
        [its] = [model for model in self.agent["models"] if model["kind"] == kind]
        its.update(changes)

    def receiver(self, kind: str, problem: str) -> None:
        [its] = [one for one in self.agent["receivers"] if one["kind"] == kind]
        its["problem"] = problem

    async def register(self) -> None:
        """Bring the server and Twilio to what the settings say."""
        settings, lines = load(ServerSettings)
        async with connect(settings) as server:
            await reconcile(server, desired(settings, lines))
        async with twilio.connect(settings) as account:
            await twilio.reconcile(account, twilio.want(settings, lines))

    def text(self) -> str:
        """The facts, as the container reads them."""
        trunks = self.server.trunks if self.redis_trunks is None else self.redis_trunks
        rows = [f"REDIS_TRUNK={trunk}" for trunk in trunks]
        rows += [f"{name}={value}" for name, values in self.facts.items() for value in values]
        return "\n".join([*rows, f"AGENT={json.dumps(self.agent)}"]) + "\n"

    def world(self) -> World:
        world = look_around(Facts(self.text()))
        world.outside = self.network
        world.places = Places(gateway="sip", https=self.https)
        return world

    async def examine(self) -> dict[str, Result]:
        return {result.check.id: result for result in await run(CHECKS, self.world())}


def healthy_facts(gateway: int, audio_probe: int) -> dict[str, list[str]]:
    state = "state=running health=healthy restarts=0 started=2026-11-01T00:00:00.123456789Z"
    services = [
        f"{name} {state} address={ADDRESSES.get(name, '172.29.53.140')} "
        f"advertises={PUBLIC if name in ('sip', 'livekit') else ''}"
        for name in SERVICES
    ]
    ports = [f"{gateway}/udp", f"{gateway}/tcp", *(f"{port}/udp" for port in range(10000, 10020))]
    facts = {
        "ENGINE_VERSION": "28.5.1",
        "MIN_ENGINE": "25.0",
        "MIN_COMPOSE": "2.24.4",
        "MEMORY_NEEDED_MB": "3000",
        "COMPOSE_VERSION": "2.40.0",
        "ENGINE_KIND": "linux",
        "CPUS": "4",
        "LOAD": "0.50",
        "MEMORY_MB": "8000",
        "MEMORY_AVAILABLE_MB": "4000",
        "DISK_FREE_MB": "50000",
        "CLOCK_SYNCHRONIZED": "yes",
        "STARTS_AT_BOOT": "yes",
        "IPV4_ROUTE": "yes",
        "IPV6_ROUTE": "no",
        "HOST_ADDRESS": PUBLIC,
        "OUTGOING_ADDRESS": PUBLIC,
        "RESTORE_INTERRUPTED": "no",
        "ENV_FILE": "yes",
        "ENV_IS_USABLE": "yes",
        "ENV_MODE": "-rw-------",
        "ENV_ROWS_WRONG": "0",
        "COMPOSE_WAS_ASKED": "yes",
        "ADVERTISED_IP": PUBLIC,
        "SITE": SITE,
        "NETWORK": "bridge",
        "SIP_PORT": str(gateway),
        "RTP_PORTS": "10000-10019",
        "TURN_UDP_PORT": "443",
        "COMPOSE_PROFILES": "local,metrics",
        "SERVER_LOG_LEVEL": "error",
        "LOG_LEVEL": "info",
        "REDIS_PING": "PONG",
        "REDIS_SAVES": "on ok",
        "REDIS_POLICY": "noeviction",
        "CERTIFICATES": "yes",
        "AUDIO_PROBE": str(audio_probe),
    }
    return {
        **{name: [value] for name, value in facts.items()},
        "SERVICE": services,
        "PUBLISHED": ["livekit 443/udp 0.0.0.0", *(f"sip {port} 0.0.0.0" for port in ports)],
        "REDIS_CLIENT": ["127.0.0.1", ADDRESSES["livekit"], ADDRESSES["sip"]],
        "TIME": [f"{name} 1700000000 1700000000 1700000001" for name in ("redis", "livekit", "sip", "agent")],
    }


def healthy_agent() -> dict[str, Any]:
    models = [
        ("openai/gpt-4o-mini-transcribe", "stt"),
        ("openai/gpt-4o-mini", "llm"),
        ("openai/gpt-4o-mini-tts", "tts"),
    ]
    return {
        "registered": True,
        "why_not": "",
        "name": "inbound-voice-agent",
        "calls": 10,
        "problems": 0,
        "writable": True,
        "free_mb": 40_000,
        "newer_stores": 0,
        "waiting": 0,
        "oldest": 0.0,
        "failed": 0,
        "doubts": [],
        "models": [{"name": name, "kind": kind, "seconds": 0.4} for name, kind in models],
        "receivers": [{"kind": kind, "line": "coffee"} for kind in ("webhook", "lookup", "calendar", "tool", "mcp")],
    }


@asynccontextmanager
async def staged(
    environment: pytest.MonkeyPatch, folder: Path, certificate: ssl.SSLContext, trust: ssl.SSLContext
) -> AsyncIterator[Stage]:
    """Everything is right inside the block, until the test breaks it."""
    server, gateway, carrier, account = FakeLiveKit(), FakeGateway(), FakeGateway(), FakeTwilio()
    account.own(NUMBER)
    shown = {"address": PUBLIC, "https": "HTTP/1.1 200 OK"}
    async with AsyncExitStack() as up:
        await up.enter_async_context(server.serving())
        await up.enter_async_context(account.serving())
        sip = await up.enter_async_context(gateway.serving())
        carries = await up.enter_async_context(carrier.serving())
        tells = await up.enter_async_context(_telling(shown))
        probe = await up.enter_async_context(_echoing())
        caddy = await up.enter_async_context(_caddy(shown, certificate))
        stage = Stage(
            server=server,
            gateway=gateway,
            carrier=carrier,
            twilio=account,
            network=Network(tells, trust),
            facts=healthy_facts(sip, probe),
            agent=healthy_agent(),
            environment=environment,
            lines=folder / "lines",
            https=("127.0.0.1", caddy),
            shown=shown,
        )
        stage.env(
            LIVEKIT_URL=server.url,
            LIVEKIT_API_KEY=server.key,
            LIVEKIT_API_SECRET=server.secret,
            PHONE_NUMBERS=NUMBER,
            SITE=SITE,
            **account.variables(),
            OUTBOUND_ADDRESS=f"{CARRIER}:{carries}",
        )
        await stage.register()
        yield stage


@asynccontextmanager
async def _telling(shown: Mapping[str, str]) -> AsyncIterator[str]:
    """Who tells from which address they are asked."""

    async def tell(_: web.Request) -> web.Response:
        return web.Response(text=f"{shown['address']}\n")

    app = web.Application()
    app.router.add_get("/", tell)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _echoing() -> AsyncIterator[int]:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            assert data.startswith(MAGIC)
            self.transport.sendto(data, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@asynccontextmanager
async def _caddy(shown: Mapping[str, str], certificate: ssl.SSLContext) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            writer.write(f"{shown['https']}\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate)
    async with server:
        yield server.sockets[0].getsockname()[1]
