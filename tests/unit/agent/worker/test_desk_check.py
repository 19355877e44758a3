"""The desk is told what make check would say of files that are not written yet, and nothing is changed by asking."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit.api import AccessToken
from pydantic import SecretStr

from agent.admission.owner_files import owner_files
from agent.lines.folder import LinesFolder
from agent.providers.check import lines_of
from agent.worker import desk_check, http, request_body
from agent.worker.check import problems
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from agent.settings import Settings

SECRET = "a-secret-of-tests-that-is-long-enough"
CANARY = "canary-1f2e3d"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of lines, with one line in it; what is read is kept beside it."""
    init = LinesFolder.__init__
    monkeypatch.setattr(
        LinesFolder,
        "__init__",
        lambda lines, folder, secrets, kept=tmp_path / "kept", check=lambda _: (): init(
            lines, folder, secrets, kept, check
        ),
    )
    monkeypatch.setattr(owner_files, "__defaults__", (tmp_path / "kept",))
    make(tmp_path / "lines", "coffee")
    (tmp_path / "lines/coffee/facts").mkdir()
    (tmp_path / "lines/coffee/facts/menu.md").write_text("- Espresso: 2.40")
    return tmp_path / "lines"


@pytest.fixture
def settings(folder: Path) -> Settings:
    secrets = {"HOOK": SecretStr("https://example.com/hook"), "OTHER": SecretStr("https://example.com/other")}
    return host(lines_folder=folder, livekit_api_secret=SECRET, line_secrets=secrets)


def ask(settings: Settings, files: Mapping[str, str | None], line: str = "coffee") -> dict[str, list[str]]:
    return desk_check.judge(settings, lines_of(settings), line, files)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_that_can_be_used_have_no_problem_and_nothing_is_written_or_kept(
    settings: Settings, folder: Path
) -> None:
    before = everything(folder.parent)
    files = {"persona.md": "You are Ada.", "facts/tea.md": "- Tea: 2.00", "contacts.csv": "number,name,notes\n"}
    assert ask(settings, files) == {"problems": [], "others": [], "needs_make_up": []}
    assert everything(folder.parent) == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("line.toml", "language = en", "lines/coffee/line.toml row 1 is not TOML"),
        ("line.toml", "\n[limits]\ncalls = -1", "lines/coffee/line.toml row 3 has limits.calls = -1"),
        ("line.toml", "numberz = []", "did you mean numbers?"),
        ("line.toml", '[models]\nllm = "nobody/knows"', "lines/coffee/line.toml row 2 has models.llm"),
        ("line.toml", '[lookup]\nurl = "MISSING"', "names MISSING, which has no value in lines/secrets.env"),
        ("line.toml", '[hours]\nmonday = ["25:00-26:00"]', "lines/coffee/line.toml row 2 has hours.monday"),
        ("line.toml", "#" * 65_537, "has 65537 bytes, but at most 65536 are read"),
        ("persona.md", "", "lines/coffee/persona.md is empty"),
        ("persona.md", "x" * 16_385, "lines/coffee/persona.md has 16385 bytes"),
        ("greeting.md", "a\0b", "lines/coffee/greeting.md row 1 is not UTF-8"),
        ("goodbye.md", None, "lines/coffee/goodbye.md cannot be read"),
        ("contacts.csv", "who,what\n", "lines/coffee/contacts.csv row 1 is not the header"),
        ("blocked.txt", "+12025550177\n+1 202 555 0177", "lines/coffee/blocked.txt row 2 has the same number"),
        ("tools.yaml", "- name: [", "lines/coffee/tools.yaml"),
        ("facts/more.md", "x" * 1_048_577, "lines/coffee/facts/more.md has 1048577 bytes"),
    ],
)
def test_what_is_wrong_is_said_as_make_check_says_it(
    settings: Settings, folder: Path, name: str, text: str | None, said: str
) -> None:
    before = everything(folder.parent)
    answer = ask(settings, {name: text})
    assert len(answer["problems"]) == 1
    assert said in answer["problems"][0]
    assert everything(folder.parent) == before
    if text is not None:
        (folder / "coffee" / name).write_bytes(text.encode())
    else:
        (folder / "coffee" / name).unlink()
    assert problems(settings, lines_of(settings)) == answer["problems"]


def test_a_file_that_is_faulty_already_keeps_nobody_from_editing_another(settings: Settings, folder: Path) -> None:
    (folder / "coffee/allowed.txt").write_text("nobody")
    make(folder, "dentist", "numbers = 1")
    answer = ask(settings, {"persona.md": "You are Ada."})
    assert answer["problems"] == []
    assert [problem.split(" ")[0] for problem in answer["others"]] == [
        "lines/dentist/line.toml",
        "lines/coffee/allowed.txt",
    ]
    assert len(ask(settings, {"allowed.txt": "nobody"})["problems"]) == 1
    assert ask(settings, {"allowed.txt": "+12025550100"})["problems"] == []


def test_a_key_that_another_file_depends_on_cannot_be_taken_away(folder: Path) -> None:
    secrets = {"COFFEE_KEY": SecretStr("sk-1")}
    (folder / "coffee/line.toml").write_text('[models]\nkeys = { OPENAI_API_KEY = "COFFEE_KEY" }')
    server = "http://localhost:9/v1"
    settings = host(lines_folder=folder, line_secrets=secrets, provider_keys={}, openai_base_url=server)
    [problem] = ask(settings, {"line.toml": ""})["problems"]
    assert "OPENAI_BASE_URL needs OPENAI_API_KEY" in problem


def test_two_lines_cannot_have_the_same_number_or_none_at_all(settings: Settings, folder: Path) -> None:
    make(folder, "dentist", 'numbers = ["+12025550101"]')
    [problem] = ask(settings, {"line.toml": 'numbers = ["+12025550101"]'})["problems"]
    assert problem.startswith("lines/coffee/line.toml has numbers with +12025550101, which lines/dentist/line.toml has")
    [problem] = ask(settings, {"line.toml": ""}, "dentist")["problems"]
    assert problem.startswith("lines/dentist/line.toml has no numbers, and neither has lines/coffee/line.toml")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('language = "de"', []),
        ('numbers = ["+12025550101"]', ["numbers"]),
        ('numbers = ["+12025550101"]\nalso_dialled = ["101"]', ["numbers", "also_dialled"]),
        ('[lookup]\nurl = "OTHER"', ["lookup.url"]),
        ('[lookup]\nurl = "HOOK"', []),
        ('[servers.own]\nurl = "http://localhost:9/v1"\nkey = "KEY"', ["servers.own.key"]),
    ],
)
def test_what_needs_make_up_is_named(folder: Path, text: str, changed: list[str]) -> None:
    (folder / "coffee/line.toml").write_text('[lookup]\nurl = "HOOK"')
    secrets = {name: SecretStr(f"https://example.com/{name}") for name in ("HOOK", "OTHER", "KEY")}
    settings = host(lines_folder=folder, line_secrets=secrets)
    answer = ask(settings, {"line.toml": text if "lookup" in text else f'{text}\n[lookup]\nurl = "HOOK"'})
    assert (answer["problems"], answer["needs_make_up"]) == ([], changed)


def test_the_first_embedded_model_needs_make_up(settings: Settings) -> None:
    assert ask(settings, {"line.toml": '[models]\nstt_fallback = "speech/whisper-tiny.en"'})["needs_make_up"] == [
        "models"
    ]


class Desk:
    def __init__(self, client: TestClient[Any, Any]) -> None:
        self._client = client

    async def post(self, body: Any, identity: str = "desk", secret: str = SECRET) -> tuple[int, Any]:
        token = AccessToken("key", secret).with_identity(identity).to_jwt()
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"}
        async with self._client.post(desk_check.PATH, data=io.BytesIO(data), headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    app = web.Application()
    app.add_routes(desk_check.routes(settings, lines_of(settings)))
    async with TestClient(TestServer(app)) as client:
        yield Desk(client)


@pytest.mark.real_time
async def test_the_desk_is_answered_and_nobody_else(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"line": "coffee", "files": {"line.toml": f'language = "{CANARY}"', "persona.md": CANARY * 50_000}}
    status, answer = await desk.post(body)
    assert (status, len(answer["problems"])) == (200, 2)
    assert CANARY not in caplog.text
    for identity, secret in (("browser-0123456789abcdef", SECRET), ("desk", SECRET[::-1])):
        status, answer = await desk.post(body, identity, secret)
        assert (status, list(answer)) == (401, ["error"])


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[" * 100_000, 400),
        (b"\xff", 400),
        ({}, 400),
        ({"line": "coffee", "files": []}, 400),
        ({"line": "coffee", "files": {"persona.md": 1}}, 400),
        ({"line": "coffee", "files": {f"facts/{n}.md": "" for n in range(501)}}, 400),
        ({"line": "dentist", "files": {}}, 404),
        ({"line": "../coffee", "files": {}}, 404),
        *(
            ({"line": "coffee", "files": {name: "x"}}, 400)
            for name in (
                "",
                "README.md",
                "../secrets.env",
                "facts/../persona.md",
                "facts/../../x.md",
                "facts/.x.md",
                "facts/x",
                "facts/a\nb.md",
                "facts/\ud800.md",
                f"facts/{'x' * 300}.md",
                "/etc/passwd",
            )
        ),
        ({"line": "coffee", "files": {"persona.md": "\ud800"}}, 400),
        (b" " * (desk_check.LARGEST_REQUEST + 1), 413),
    ],
)
async def test_a_request_that_is_not_as_expected_gets_a_sentence(desk: Desk, body: Any, status: int) -> None:
    got, answer = await desk.post(body)
    assert (got, list(answer)) == (status, ["error"])
    assert answer["error"].endswith(".")


@pytest.mark.real_time
async def test_a_body_that_does_not_come_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "WITHIN", 0.05)
    app = web.Application()
    app.add_routes(desk_check.routes(settings, lines_of(settings)))
    ended = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await ended.wait()

    headers = {"Authorization": f"Bearer {AccessToken('key', SECRET).with_identity('desk').to_jwt()}"}
    async with TestClient(TestServer(app)) as client:
        async with client.post(desk_check.PATH, data=slowly(), headers=headers) as answer:
            assert answer.status == 408
        ended.set()


def test_it_is_one_of_the_agents_endpoints() -> None:
    assert desk_check.routes in http.ROUTES
