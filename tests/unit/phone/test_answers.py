"""Calls that the phone takes, through the command line over loopback UDP: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from phone import __main__ as phone
from phone import arguments
from phone import order as orders
from phone.audio import save_stereo
from phone.call import Call
from phone.wire.dialog import NotAnsweredError
from phone.wire.outgoing import Target
from tests.unit.phone.gateway import tone

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_time  # the line calls from a thread of its own


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def sound(tmp_path: Path) -> str:
    save_stereo(tmp_path / "hello.wav", tone(0.4), tone(0.4))
    return str(tmp_path / "hello.wav")


class Line:
    """Calls these numbers at once, says something, and hangs up after the person has been quiet for a moment."""

    def __init__(self, port: int, *numbers: str) -> None:
        self.port, self.numbers = port, numbers
        self.statuses: list[int | None] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._call_all()))

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(10)

    async def _call_all(self) -> None:
        self.statuses = list(await asyncio.gather(*map(self._call, self.numbers)))

    async def _call(self, number: str) -> int | None:
        for _ in range(100):  # until the phone listens
            try:
                async with await Call.dial(Target(("127.0.0.1", self.port), number), 1.5) as call:
                    await call.line_speaks(1.0)
                    await call.say(tone(0.5), "good morning").finished()
                    await call.line_quiet(0.5, 2.0)
                return 200
            except NotAnsweredError as error:
                if "nothing listens" not in error.phrase:
                    return error.status
                await asyncio.sleep(0.05)
        return None


def answer(tmp_path: Path, port: int, *given: str) -> list[str]:
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "model.bin").touch()
    usual = ["--port", str(port), "--callers", "127.0.0.0/8", "--out", str(tmp_path / "calls"), "--ring", "0.1"]
    return ["answer", *usual, "--model", str(tmp_path / "model"), "--patience", "0.3", "--wait", "8", *given]


def test_a_call_that_is_taken_is_told_kept_and_reported(
    tmp_path: Path, port: int, sound: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(port, "+12025550107")
    line.start()
    given = ["--at", "0.1", "--wav", sound, "--stay", "5", "--json", str(tmp_path / "report.json"), "--expect", "GOOD"]
    code = phone.main(answer(tmp_path, port, *given), transcriber=lambda *_: "good morning")
    line.join()
    out, report = capsys.readouterr().out, json.loads((tmp_path / "report.json").read_text())
    assert (code, report["exit_code"], report["direction"], line.statuses) == (0, 0, "incoming", [200])
    assert (report["to"], report["from"]) == ("+12025550107", "+15555550123")
    assert (report["ended_by"], report["unsaid"]) == ("line", 0)
    assert report["answered_after"] == pytest.approx(0.1, abs=0.1)
    assert [part["who"] for part in report["conversation"]] == ["person", "line"]
    assert "person  good morning" in out
    assert "line    hangs up" in out
    assert "good: the line spoke for" in out
    [folder] = (tmp_path / "calls").iterdir()
    assert {file.name for file in folder.iterdir()} == {"call.json", "call.png", "call.wav"}


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        (["--busy"], 486, "not answered, as told: SIP 486 Busy Here after 0.1 s"),
        (["--decline"], 603, "as told: SIP 603 Decline"),
        (["--refuse", "404"], 404, "as told: SIP 404 Not Found"),
        (["--no-answer"], None, "as told: the line gave up after 1.5 s"),
    ],
)
def test_a_call_that_is_not_answered_as_told_is_good(
    tmp_path: Path, port: int, given: list[str], status: int | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(port, "+12025550107")
    line.start()
    assert phone.main(answer(tmp_path, port, *given)) == 0
    line.join()
    assert line.statuses == [status]
    assert words in capsys.readouterr().out


def test_without_a_call_there_is_an_exit_code_and_a_likely_cause(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phone.main(answer(tmp_path, port, "--wait", "0.2", "--silent")) == 10
    assert "not called: nobody called within 0.2 s; is there an outbound trunk" in capsys.readouterr().out


def test_several_calls_are_taken_at_once_each_as_its_number_says(
    tmp_path: Path, port: int, sound: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(port, "+12025550107", "+12025550108", "+12025550109")
    usual = ["--ring", "0.1", "--patience", "0.3", "--wait", "8", "--no-transcript", "--out", str(tmp_path)]
    rows = [
        [*usual, "--number", "+12025550108", "--busy"],
        [*usual, "--number", "+12025550107", "--at", "0.1", "--wav", sound, "--stay", "5"],
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(rows) + "\n"))
    line.start()
    assert phone.main(["answers", "--port", str(port), "--callers", "127.0.0.0/8"]) == 0
    line.join()
    waiting, reports = map(json.loads, capsys.readouterr().out.splitlines())
    assert waiting == "waiting"
    assert [report["sip"]["status"] for report in reports] == [486, 200]
    assert line.statuses == [200, 486, 404]


def told(*given: str) -> orders.Answering:
    line = ["answer", "--no-transcript", *given]
    return orders.speak_texts(
        orders.check_answering(arguments.parser().parse_args(line)),
        lambda texts: [tone(0.1 * len(text.split())) for text in texts],
    )


def test_who_is_told_nothing_says_hello_and_stays(tmp_path: Path) -> None:
    script = told("--out", str(tmp_path)).script
    assert [(saying.text, saying.at) for saying in script.sayings] == [("Hello?", 0.5)]
    assert (script.greeted, script.stay) == (False, script.max_seconds)


def test_an_answering_machine_waits_for_nobody_and_beeps_after_its_greeting(tmp_path: Path) -> None:
    script = told("--out", str(tmp_path), "--voicemail", "leave a message").script
    [saying] = script.sayings
    assert (saying.at, script.greeted) == (orders.MACHINE_SPEAKS_AFTER, False)
    [later] = told("--out", str(tmp_path), "--at", "3", "--voicemail", "leave a message").script.sayings
    assert later.at == 3
    assert saying.text == "leave a message"
    assert len(saying.pcm) == 8000 * (0.3 + orders.BEEP_AFTER + orders.BEEP_SECONDS)
    assert abs(int(saying.pcm[-4000:].max())) > 9000


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--refuse", "200"], "--refuse 200: expected a SIP status from 300 to 699"),
        (["--refer", "maybe"], "--refer 'maybe': expected accept, fail or a SIP status"),
        (["--ring", "-1"], "--ring -1: expected seconds"),
        (["--wait", "0"], "--wait 0: expected seconds"),
        (["--count", "0"], "--count 0: expected at least 1"),
        (["--username", "user"], "go together; one is missing"),
    ],
)
def test_what_is_wrong_with_the_arguments_is_said(
    tmp_path: Path, given: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIP_PASSWORD", raising=False)
    with pytest.raises(arguments.UsageError, match=words.replace(".", r"\.")):
        told("--out", str(tmp_path), *given)


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(arguments.UsageError, match="--callers 'everybody': expected an IPv4 network"):
        arguments.network("everybody")


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        taken = other.getsockname()[1]
        assert phone.main(answer(tmp_path, taken, "--silent")) == 2
    assert f"--port {taken} cannot be used: " in capsys.readouterr().err


def test_one_file_cannot_have_the_reports_of_several_calls(tmp_path: Path, port: int) -> None:
    assert phone.main(answer(tmp_path, port, "--silent", "--count", "2", "--json", "-")) == 2
