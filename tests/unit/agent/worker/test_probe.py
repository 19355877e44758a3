"""What `make up` says of a provider that would not answer a call, and that it says nothing of one that would."""

import asyncio
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from agent import __main__ as agent
from agent.lines.folder import LinesFolder
from agent.providers.check import check_line
from agent.worker import certificates, probe
from agent.worker.probe import doubts
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.providers.test_client import redirecting, serving

KEY = "sk-canary-0123456789"
MODELS = ("whisper", "llama3.2:latest", "kokoro")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lines"


async def ask(folder: Path, text: str, **settings: Any) -> list[str]:
    """Ask the providers of one line with this line.toml."""
    make(folder, "coffee", text)
    usual = {"provider_keys": {}, "line_secrets": {"KEY": SecretStr(KEY)}, "lines_folder": folder}
    there = host(**usual | settings)
    lines = LinesFolder(folder, there.line_secrets, folder.parent / "kept", lambda line: check_line(line, there))
    assert lines.problems() == []
    found = await doubts(there, lines)
    assert not [doubt for doubt in found if "canary" in doubt or "6789" in doubt]
    return found


def using(url: str, llm: str = "llama3.2", key: str = 'key = "KEY"') -> str:
    """A line that asks one server for everything."""
    return (
        f'[models]\nstt = "mine/whisper"\nllm = "mine/{llm}"\ntts = "mine/kokoro"\n'
        f'[servers.mine]\nurl = "{url}"\nvoice = "af_sky"\n{key}\n'
    )


ALL = "(models.stt of coffee, models.llm of coffee, models.tts of coffee)"


async def test_a_server_with_its_models_and_its_key_is_no_warning_and_is_asked_once(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key=KEY)) as server:
        assert await ask(folder, using(server.url)) == []
        assert server.requests == []  # no model had to do anything


async def test_the_embedded_models_are_not_asked_for_they_are_not_up_yet(folder: Path) -> None:
    assert await ask(folder, "", speech_url="http://127.0.0.1:1/v1") == []


async def test_openai_is_asked_where_the_host_says_with_the_hosts_key(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(key="sk-other")) as server:
        keys = {"provider_keys": {"OPENAI_API_KEY": SecretStr(KEY)}, "openai_base_url": server.url}
        [doubt] = await ask(folder, "", **keys)
    told = "refused the key: it answered 401 (Incorrect API key provided: …); check OPENAI_API_KEY"
    assert doubt == f"{server_of(doubt)} {ALL} {told}"


def server_of(doubt: str) -> str:
    return doubt.partition(" ")[0]


async def test_a_key_that_is_refused_is_named_by_where_it_is_set(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key="other")) as server:
        [doubt] = await ask(folder, using(server.url))
        [without] = await ask(folder.parent / "second", using(server.url, key=""))
    assert doubt.endswith("refused the key: it answered 401 (Incorrect API key provided: …); check servers.mine.key")
    assert without.endswith("; it asks for a key, so name one")


async def test_a_model_that_the_server_does_not_have_is_named_with_those_that_it_has(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=(*MODELS, "a", "b", "c"))) as server:
        [doubt] = await ask(folder, using(server.url, llm="llama4"))
    assert f"{ALL} has no model llama4, which models.llm of coffee names; it has a, b, c, kokoro, " in doubt
    assert doubt.endswith(", …")


async def test_an_address_without_v1_is_answered_with_the_one_that_is_right(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS)) as server:
        right = server.url
        [doubt] = await ask(folder, using(right.removesuffix("/v1")))
    assert doubt.endswith(f"has no list of models at this address, but one below /v1: write {right} instead")


async def page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>Welcome</title>", content_type="text/html")


async def test_a_web_page_with_status_200_is_told(folder: Path) -> None:
    async with serving(page) as url:
        [doubt] = await ask(folder, using(f"{url}/v1"))
    assert doubt.endswith("answered with a web page where a list of models was expected: check the address")


async def test_another_failure_is_told_with_status_and_text(folder: Path) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no GPU left"}}, status=503)

    async with serving(fail) as url:
        [doubt] = await ask(folder, using(f"{url}/v1"))
    assert doubt.endswith("answered 503 (no GPU left)")


async def test_a_server_without_a_list_is_asked_for_the_smallest_thing(folder: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        if request.path.endswith("/models"):
            raise web.HTTPNotFound
        if request.path.endswith("/audio/speech"):
            return web.json_response({"detail": {"error": "invalid_model", "message": "Unsupported"}}, status=400)
        return web.json_response({})

    async with serving(answer) as url:
        [doubt] = await ask(folder, using(f"{url}/v1"))
    assert doubt.endswith("answered 400 (Unsupported) at /audio/speech, for models.tts of coffee")
    asked_for = ["audio/transcriptions", "chat/completions", "audio/speech"]
    assert asked == ["GET /v1/models", *(f"POST /v1/{path}" for path in asked_for)]


async def test_nothing_there_is_told_by_its_cause(folder: Path) -> None:
    async with serving(page) as url:
        closed = url
    [refused] = await ask(folder, using(f"{closed}/v1"))
    assert refused.endswith(" refused the connection: nothing listens on that port")
    [unknown] = await ask(folder.parent / "second", using("http://nobody.invalid/v1"))
    assert unknown.endswith(" has a name that does not resolve to an address")
    async with FakeOpenAI() as server:
        [plain] = await ask(folder.parent / "third", using(server.url.replace("http:", "https:")))
    assert "could not agree on TLS" in plain
    assert plain.endswith("is the address http:// instead of https://?")


async def test_a_server_that_hangs_delays_nothing_for_long(folder: Path) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    async with serving(hang) as url:
        [doubt] = await ask(folder, using(f"{url}/v1"))
    assert doubt.endswith(f"did not answer within {probe.LIMIT:g} s")


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_calls_follow_is_no_warning(folder: Path, status: int) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS)) as server, redirecting(above(server.url), status) as url:
        assert await ask(folder, using(url, key="")) == []


def above(url: str) -> str:
    return url.removesuffix("/v1")


async def test_a_redirect_that_loses_what_is_sent_is_told_with_the_right_address(folder: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS)) as server, redirecting(above(server.url), 301) as url:
        right = server.url
        [doubt] = await ask(folder, using(url, key=""))
    assert doubt.endswith(f"redirects in a way that loses what is sent: write {right} instead")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, an authority of one's own, and server.pem, a certificate for localhost that it signed."""
    home = tmp_path_factory.mktemp("authority")
    (home / "ext").write_text("subjectAltName=DNS:localhost\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for command in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Our own authority"],
        ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "ext"],
    ):
        done = subprocess.run(["openssl", *command], cwd=home, check=True, capture_output=True)
    (home / "server.pem").write_bytes(done.stdout)
    return home


@asynccontextmanager
async def with_tls(authority: Path) -> AsyncIterator[str]:
    """The scripted endpoint behind a certificate of one's own authority."""
    api = FakeOpenAI(INSTANT.changed(models=MODELS))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    runner = web.AppRunner(api.app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=context).start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_a_certificate_of_ones_own_authority_is_told_and_trusted_with_its_file(
    folder: Path, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(certificates.VARIABLE, raising=False)
    async with with_tls(authority) as url:
        [doubt] = await ask(folder, using(url))
        assert "has a certificate that is not trusted here" in doubt
        assert doubt.endswith("if an authority of your own signed it, put its certificate into lines/ca.pem")
        (folder / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
        monkeypatch.setenv(certificates.VARIABLE, "")
        monkeypatch.setattr(tempfile, "tempdir", str(folder.parent))
        certificates.trust_own_authorities(folder)
        assert await doubts_again(folder) == []


async def doubts_again(folder: Path) -> list[str]:
    there = host(provider_keys={}, line_secrets={"KEY": SecretStr(KEY)}, lines_folder=folder)
    return await doubts(there, LinesFolder(folder, there.line_secrets, folder.parent / "kept"))


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the agent's command with a line that asks where nothing listens; return its code and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        make(folder, "coffee", using("http://nobody.invalid/v1"))
        there = host(provider_keys={}, line_secrets={"KEY": SecretStr(KEY)}, lines_folder=folder)
        monkeypatch.setattr(agent, "read_what_can_be_read", lambda: (there, []))
        lines = LinesFolder(folder, there.line_secrets, folder.parent / "kept")
        monkeypatch.setattr(agent, "lines_of", lambda _: lines)
        monkeypatch.setattr(agent, "load_dotenv", lambda: None)
        monkeypatch.setattr("sys.argv", ["agent", *arguments])
        code = agent.main()
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_check_asks_nobody_unless_it_is_to(run: Run) -> None:
    assert run("--check") == (0, "COMPOSE_PROFILES=\n", "")


def test_what_does_not_answer_is_a_warning_and_no_failure(run: Run) -> None:
    code, out, err = run("--check", "--probe")
    assert (code, out) == (0, "COMPOSE_PROFILES=\n")
    assert err == f"warning: http://nobody.invalid/v1 {ALL} has a name that does not resolve to an address\n"
