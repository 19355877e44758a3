"""What the agent's container says to make doctor, with a provider, a receiver and a data volume that are made up."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.lines.folder import LinesFolder
from agent.providers.check import check_line
from agent.settings import Settings
from agent.worker import examine, first_answer, health
from bootstrap.doctor.facts import AgentReport, Facts
from tests.support.fakes import voice
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.worker.test_probe import authority

__all__ = ["authority"]

KEY = "sk-canary-0123456789"
MODELS = ("whisper", "llama3.2", "kokoro")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(health, "REGISTERED", tmp_path / "state/registered")
    monkeypatch.setattr(examine, "STATUS", "http://127.0.0.1:9/worker")  # another agent may run on this machine
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def using(url: str) -> str:
    return (
        '[models]\nstt = "mine/whisper"\nllm = "mine/llama3.2"\ntts = "mine/kokoro"\n'
        f'[servers.mine]\nurl = "{url}"\nvoice = "af_sky"\nkey = "KEY"\n'
    )


async def look(data: Path, text: str, **secrets: str) -> AgentReport:
    """What is said of one line with this line.toml; it holds nothing that is secret."""
    folder = data.parent / "lines"
    if not (folder / "coffee").exists():
        make(folder, "coffee", text)
    given = {name: SecretStr(value) for name, value in ({"KEY": KEY} | secrets).items()}
    settings = host(provider_keys={}, line_secrets=given, lines_folder=folder)
    told = json.dumps(await examine.examine(settings, lines_of(folder, settings), data))
    assert "canary" not in told
    report = Facts(f"AGENT={told}").agent
    assert report, told
    return report


def lines_of(folder: Path, settings: Settings) -> LinesFolder:
    return LinesFolder(folder, settings.line_secrets, folder.parent / "kept", lambda line: check_line(line, settings))


async def test_models_that_answer_are_told_with_their_seconds(data: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key=KEY)) as server:
        report = await look(data, using(server.url))
    assert report.doubts == []
    assert {(model.kind, model.name, model.problem) for model in report.models} == {
        ("stt", "mine/whisper", ""),
        ("llm", "mine/llama3.2", ""),
        ("tts", "mine/kokoro", ""),
    }
    assert all(model.seconds is not None for model in report.models)


async def test_speech_to_text_is_given_a_sentence_to_hear(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answer, "RECORDED", data.parent / "recorded")
    (data.parent / "recorded/en").mkdir(parents=True)
    (data.parent / "recorded/en/hello.ogg").write_bytes(voice.encoded(voice.tone(440, 2), "opus", 48_000))
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key=KEY)) as server:
        await look(data, using(server.url))
    [heard] = server.asked("stt")
    assert heard.bytes > 1.9 * 2 * first_answer.RATE


async def test_a_refused_key_is_a_doubt_and_no_model_answers(data: Path) -> None:
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key="another")) as server:
        report = await look(data, using(server.url))
    assert "refused the key" in report.doubts[0]
    assert [model.seconds for model in report.models] == [None, None, None]
    assert all(model.problem.startswith("answered 401: ") for model in report.models), report.models


async def test_a_model_that_cannot_be_reached_is_told_with_the_reason(data: Path) -> None:
    report = await look(data, using("http://127.0.0.1:9"))
    assert {model.problem for model in report.models} == {"refused the connection: nothing listens on that port"}


async def test_a_model_that_fails_in_a_way_of_its_own_does_not_end_the_report(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(model: Any) -> bool:
        raise KeyError("canary")

    monkeypatch.setitem(first_answer.ASK, "llm", break_down)
    async with FakeOpenAI(INSTANT.changed(models=MODELS, key=KEY)) as server:
        report = await look(data, using(server.url))
    told = {model.kind: model.problem for model in report.models}
    assert told == {"stt": "", "llm": "gave an answer that could not be used (KeyError)", "tts": ""}


async def test_it_says_whether_the_agent_is_registered(data: Path) -> None:
    nobody = using("http://127.0.0.1:9")
    report = await look(data, nobody)
    assert (report.registered, report.name) == (False, None)
    assert report.why_not.startswith("not registered")
    health.mark(registered=True)
    assert (await look(data, nobody)).registered


async def test_it_counts_what_waits_and_what_was_given_up(data: Path) -> None:
    for path in ("coffee/a.json", "coffee/notices/b.json", "coffee/failed/c.json"):
        file = data / "outbox" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    old = time.time() - 7200
    os.utime(data / "outbox/coffee/a.json", (old, old))
    report = await look(data, using("http://127.0.0.1:9"))
    assert (report.waiting, report.failed, round(report.oldest)) == (2, 1, 2)
    assert report.writable
    assert report.free_mb > 0


async def test_a_data_volume_that_cannot_be_written_is_told_and_left_as_it_is(data: Path) -> None:
    report = await look(data, using("http://127.0.0.1:9"))
    assert list(data.iterdir()) == []
    data.rmdir()
    gone = await look(data, using("http://127.0.0.1:9"))
    assert (report.writable, gone.writable) == (True, False)


async def test_problems_with_the_lines_are_counted_and_not_quoted(data: Path) -> None:
    report = await look(data, using("http://127.0.0.1:9") + '[handling]\ngreeting_pause = "canary"\n')
    assert report.problems >= 1


async def test_web_addresses_are_connected_to_and_sent_nothing(data: Path) -> None:
    sent: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    there = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/canary"
    nobody = "http://127.0.0.1:9/canary"
    secrets = {"HOOK": there, "SIGNS": "s" * 32, "LOOKUP": nobody}
    text = '[webhook]\nurl = "HOOK"\nsecret = "SIGNS"\n[lookup]\nurl = "LOOKUP"\n' + using("http://127.0.0.1:9")
    async with server:
        report = await look(data, f'{text}[mcp.shop]\nurl = "{nobody}"\n', **secrets)
    assert {one.kind: one.problem for one in report.receivers} == {
        "webhook": "",
        "lookup": "cannot be reached",
        "mcp": "cannot be reached",
    }
    assert b"".join(sent) == b""


@pytest.mark.parametrize(("direct", "problem"), [("", ""), ("receiver.invalid", "cannot be reached")])
async def test_what_is_asked_through_a_proxy_is_reached_if_the_proxy_is(
    data: Path, monkeypatch: pytest.MonkeyPatch, direct: str, problem: str
) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    proxy = await asyncio.start_server(accept, "127.0.0.1", 0)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    monkeypatch.setenv("no_proxy", f"127.0.0.1,{direct}")
    text = using("http://127.0.0.1:9") + '[mcp.shop]\nurl = "https://receiver.invalid/mcp"\n'
    async with proxy:
        report = await look(data, text)
    assert [(one.kind, one.problem) for one in report.receivers] == [("mcp", problem)]


async def test_a_calendar_that_cannot_be_read_is_told(data: Path) -> None:
    calendar = '[calendar]\nurl = "URL"\nusername = "anna"\npassword = "PASSWORD"\n'
    report = await look(
        data, calendar + using("http://127.0.0.1:9"), URL="http://127.0.0.1:9/canary", PASSWORD="canary"
    )
    assert [(one.kind, one.problem) for one in report.receivers] == [("calendar", "cannot be read")]


def run(tmp_path: Path, **settings: str) -> AgentReport:
    """What the command prints, as the agent's container runs it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    environment: dict[str, Any] = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"LINES_FOLDER": str(tmp_path / "lines"), "SPEECH_URL": "http://127.0.0.1:9/v1"}
    done = subprocess.run(
        [sys.executable, "-m", "agent.worker.examine"],
        env=environment | {"TMPDIR": str(scratch)} | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert list(scratch.iterdir()) == []
    return AgentReport.model_validate_json(done.stdout)


def test_the_command_prints_one_row_of_json_even_if_settings_are_wrong(tmp_path: Path) -> None:
    make(tmp_path / "lines", "coffee", "")
    report = run(tmp_path)
    assert {model.kind for model in report.models} == {"stt", "llm", "tts"}


def test_a_wrong_setting_counts_as_a_problem(tmp_path: Path) -> None:
    make(tmp_path / "lines", "coffee", "")
    key = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}
    assert run(tmp_path, **key).problems == 0
    assert run(tmp_path, **key, MAX_CONCURRENT_CALLS="many").problems == 1


def test_authorities_of_the_lines_own_leave_no_file_in_the_container(tmp_path: Path, authority: Path) -> None:
    make(tmp_path / "lines", "coffee", "")
    (tmp_path / "lines/ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    run(tmp_path)
