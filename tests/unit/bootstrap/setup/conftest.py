"""A host that is set up: its folder, services that know its address and its keys, and an account at Twilio."""

import asyncio
import io
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from bootstrap.internet import Internet
from bootstrap.setup import provider
from bootstrap.setup.command import set_up
from bootstrap.twilio import account as twilio_account
from tests.support.fakes.twilio_api import FakeTwilio
from tests.support.house import ROOT

ADDRESS, NAME = "198.51.100.7", "line.example.com"
KEY, REVOKED = "sk-the-key-that-works", "sk-the-key-that-was-revoked"
SID, KEY_SID, SECRET = f"AC{'0' * 32}", f"SK{'1' * 32}", "the-secret-of-the-api-key"
UP, DOWN, ENTER, SPACE, CLEAR, LEAVE = "\x1b[A", "\x1b[B", "\r", " ", "\x15", "\x03"
TWILIO = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_API_KEY": KEY_SID, "TWILIO_API_SECRET": SECRET}


@dataclass
class Outcome:
    code: int
    printed: str
    complained: str


class Host:
    """The folder of a clone, and the set-up in it."""

    def __init__(
        self, folder: Path, services: TestServer, account: FakeTwilio, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.twilio = account
        self.example = folder / "env.example"
        self.example.write_text(f"{(ROOT / '.env.example').read_text()}TWILIO_API_URL={account.url}\n")
        self.memory = 8000
        self.knows_its_address = True
        self._services = services
        self._capsys = capsys

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    def write(self, text: str) -> None:
        self.env_file.write_text(text)

    def env(self) -> dict[str, str]:
        rows = self.env_file.read_text().splitlines()
        return dict(row.split("=", 1) for row in rows if row and not row.startswith("#"))

    def url(self, path: str) -> str:
        """Where the services are: one that knows this host's address, and one with OpenAI's API."""
        return str(self._services.make_url(path))

    def mode(self) -> int:
        return stat.S_IMODE(self.env_file.stat().st_mode)

    async def unattended(self, exported: dict[str, str] | None = None, /, **on_purpose: str) -> Outcome:
        return await self._set_up("yes", on_purpose, exported or {})

    async def in_terminal(self, *keys: str) -> Outcome:
        """Ask a person who types `keys`; what the terminal shows is in `printed`."""
        with terminal("".join(keys)) as shown:
            async with asyncio.timeout(60):  # more is asked than is typed
                outcome = await self._set_up("no", {}, {})
        return Outcome(outcome.code, shown.getvalue(), outcome.complained)

    async def _set_up(self, unattended: str, on_purpose: dict[str, str], exported: dict[str, str]) -> Outcome:
        given = [f"make {name}={value}" for name, value in on_purpose.items()]
        given += [f"shell {name}={value}" for name, value in exported.items()]
        (self.folder / ".env.given").write_text("\n".join(given) + "\n", errors="surrogateescape")
        environment = {
            "ENV_FILE": str(self.env_file),
            "EXAMPLE": str(self.example),
            "GIVEN": str(self.folder / ".env.given"),
            "UNATTENDED": unattended,
            "MEMORY": str(self.memory),
            "NEEDED": "3000",
            "ADDRESS_SERVICES": " ".join(map(self.url, ["/broken", "/address"][: 1 + self.knows_its_address])),
        }
        code = await set_up(environment)
        return Outcome(code, *self._capsys.readouterr())


@contextmanager
def terminal(keys: str) -> Iterator[io.StringIO]:
    shown = io.StringIO()
    with create_pipe_input() as typed:
        typed.send_text(keys)
        with create_app_session(input=typed, output=Vt100_Output(shown, lambda: Size(rows=60, columns=200))):
            yield shown


@pytest.fixture
async def services(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestServer]:
    """A service that knows this host's address, one that does not answer with one, and OpenAI's list of models."""

    async def address(_: web.Request) -> web.Response:
        return web.Response(text=f"{ADDRESS}\n")

    async def broken(_: web.Request) -> web.Response:
        return web.Response(text="<html>503</html>")

    async def models(request: web.Request) -> web.Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        return web.json_response({"data": []}, status={KEY: 200, REVOKED: 401}.get(key, 503))

    app = web.Application()
    app.add_routes([web.get("/address", address), web.get("/broken", broken), web.get("/v1/models", models)])
    server = TestServer(app)
    async with server:
        monkeypatch.setattr(provider, "OPENAI", str(server.make_url("/v1")))
        yield server


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The names that DNS knows, with their addresses."""
    names = {NAME: [ADDRESS]}

    async def addresses_of(_: Internet, name: str, *__: object) -> Sequence[str]:
        return names.get(name, [])

    monkeypatch.setattr(Internet, "addresses_of", addresses_of)
    return names


@pytest.fixture
async def account(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeTwilio]:
    """An account at Twilio that takes the key, and of whose silence the set-up has enough soon."""
    monkeypatch.setattr(twilio_account, "wait_exponential_jitter", lambda **_: lambda _: 0.01)
    fake = FakeTwilio(account=SID, key=KEY_SID, secret=SECRET)
    async with fake.serving():
        yield fake
    assert fake.faults == []


@pytest.fixture
def host(
    tmp_path: Path,
    services: TestServer,
    account: FakeTwilio,
    dns: dict[str, list[str]],  # nobody is asked outside of this machine
    capsys: pytest.CaptureFixture[str],
) -> Host:
    return Host(tmp_path, services, account, capsys)


def complaints(outcome: Outcome) -> list[str]:
    """The problems of the report, without its heading."""
    return [row.strip() for row in outcome.complained.splitlines()[1:]]
