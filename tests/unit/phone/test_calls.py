"""Whole calls through the command line over loopback UDP: figures and exit codes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phone import __main__ as phone
from phone.audio import save_stereo
from phone.wire import dialog
from tests.unit.phone.gateway import Behaviour, Gateway, tone

PACKET = 0.02


@pytest.fixture
def question(tmp_path: Path) -> str:
    """A WAV file: 0.4 s of sound, then 0.2 s of silence."""
    path = tmp_path / "question.wav"
    sound = np.concatenate([tone(0.4), np.zeros(1600, np.int16)])
    save_stereo(path, sound, sound)
    return str(path)


class Result:
    def __init__(self, code: int, out: str, report: dict[str, Any]) -> None:
        self.code, self.out, self.report = code, out, report


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("SIP_USERNAME", raising=False)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").touch()

    def place(gateway: Gateway, *arguments: str, heard: str = "we open at nine") -> Result:
        line = ["call", "--gateway", gateway.address, "--to", "+12025550100", "--out", str(tmp_path / "calls")]
        line += ["--json", str(tmp_path / "report.json"), "--patience", "0.3", "--model", str(tmp_path / "model")]
        line += ["--greeting-timeout", "0.6", "--reply-timeout", "1", *arguments]
        code = phone.main(line, transcriber=lambda *_: heard)
        return Result(code, capsys.readouterr().out, json.loads((tmp_path / "report.json").read_text()))

    return place


def test_a_good_call_is_0_and_its_figures_are_what_the_gateway_did(call: Any, question: str) -> None:
    with Gateway(Behaviour(answer_after=0.4, greeting=(0.3, 0.8), reply=(0.5, 0.6))) as gateway:
        result = call(gateway, "--wav", question, "--wav", question, "--expect", "NINE")
    report = result.report
    assert (result.code, report["exit_code"]) == (0, 0)
    assert report["answered_after"] == pytest.approx(0.4, abs=0.05)
    greeting, *replies = gateway.speaking
    zero = (gateway.answered_at or 0) - report["answered_after"]
    assert report["first_word_after"] == pytest.approx(greeting[0] - zero, abs=2 * PACKET)
    assert report["first_word_after_answer"] == pytest.approx(0.3, abs=2 * PACKET)
    assert len(report["turns"]) == len(replies) == 2
    for turn, reply in zip(report["turns"], replies, strict=True):
        assert turn["reply_start"] == pytest.approx(reply[0] - zero, abs=2 * PACKET)
        assert turn["gap"] == pytest.approx(0.5, abs=2 * PACKET)
        assert turn["end"] - turn["start"] == pytest.approx(0.4, abs=PACKET)
        assert turn["reply_end"] - turn["reply_start"] == pytest.approx(0.6, abs=2 * PACKET)
    assert report["line_spoke"] == pytest.approx(2.0, abs=0.1)
    assert report["longest_hole"] < 0.1
    assert report["ended_by"] == "caller"
    assert "0:00  line    we open at nine" in result.out
    assert "caller  we open at nine" in result.out
    assert "(0.5 s later)" in result.out
    assert result.out.splitlines()[-1].startswith("good: 2 of 2 answered")


def test_the_recording_has_the_caller_left_and_the_line_right_where_they_were(call: Any, question: str) -> None:
    with Gateway() as gateway:
        report = call(gateway, "--wav", question).report
    with wave.open(report["recording"]) as recording:
        assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (8000, 2, 2)
        both = np.frombuffer(recording.readframes(-1), np.int16).reshape(-1, 2)
    first = [int(np.flatnonzero(np.abs(channel.astype(int)) > 1000)[0]) / 8000 for channel in both.T]
    assert first == [
        pytest.approx(report["turns"][0]["start"], abs=PACKET),
        pytest.approx(report["first_word_after"], abs=PACKET),
    ]
    assert Path(report["picture"]).read_bytes().startswith(b"\x89PNG")


def test_wrong_words_are_13_and_named(call: Any, question: str) -> None:
    with Gateway() as gateway:
        result = call(gateway, "--wav", question, "--expect", "nine", "--expect", r"\bten\b")
    assert result.code == 13
    assert r"wrong words: “\bten\b” not in what the line said: “we open at nine”" in result.out


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(refuse=(486, "Busy Here")), "SIP 486 Busy Here: the line is busy"),
        (Behaviour(refuse=(503, "Service Unavailable")), "cannot reach the media server or Redis"),
        (Behaviour(answer=False), "rang for 0.6 s; it rang and nobody answered: the agent is not registered"),
        (Behaviour(ignore_invites=99), "no SIP answer at all for 0.6 s; is the gateway up"),
    ],
)
def test_a_call_that_is_not_answered_is_10_with_a_likely_cause(call: Any, behaviour: Behaviour, words: str) -> None:
    with Gateway(behaviour) as gateway:
        result = call(gateway, "--silent", "--ring-timeout", "0.6")
    assert (result.code, result.report["answered_after"], result.report["recording"]) == (10, None, None)
    assert words in result.out


def test_a_line_that_stays_silent_is_11(call: Any, question: str) -> None:
    with Gateway(Behaviour(greeting=None, reply=None)) as gateway:
        result = call(gateway, "--wav", question)
    assert result.code == 11
    assert "packets of audio came, with no speech in them" in result.out
    assert result.report["turns"][0]["gap"] is None


def test_a_line_without_a_single_packet_is_11_and_blames_the_ports(call: Any) -> None:
    with Gateway(Behaviour(media=False)) as gateway:
        result = call(gateway, "--silent")
    assert result.code == 11
    assert "no audio packet came: the media ports" in result.out


def test_a_line_that_greets_and_never_replies_is_12(call: Any, question: str) -> None:
    with Gateway(Behaviour(reply=None)) as gateway:
        result = call(gateway, "--wav", question)
    assert result.code == 12
    assert "nothing the caller said got a reply" in result.out


def test_a_question_that_gets_no_reply_is_12_and_named(call: Any, question: str) -> None:
    with Gateway(Behaviour(replies=1)) as gateway:
        result = call(gateway, "--wav", question, "--wav", question)
    assert result.code == 12
    assert "no reply to “question.wav” (1 of 2 were answered)" in result.out


@pytest.mark.parametrize("moment", [0.3, 0.9], ids=["before the question", "in the question"])
def test_a_line_that_hangs_up_early_is_12_and_the_call_ends_with_it(call: Any, question: str, moment: float) -> None:
    with Gateway(Behaviour(hang_up_after=moment)) as gateway:
        began = time.monotonic()
        result = call(gateway, "--wav", question)
    assert time.monotonic() - began < 3
    assert result.code == 12
    assert result.report["ended_by"] == "line"
    assert "line    hangs up" in result.out


def test_a_line_that_vanishes_is_reported_and_the_hang_up_is_not_confirmed(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialog, "BYE_PATIENCE", 0.5)
    with Gateway(Behaviour(answer_bye=False)) as gateway:
        result = call(gateway, "--silent")
    assert result.code == 0
    assert (result.report["ended_by"], result.report["hang_up_confirmed"]) == ("caller", False)


def test_staying_on_the_line_tells_who_hung_up_when_and_how_long_the_line_spoke(call: Any) -> None:
    with Gateway(Behaviour(greeting=(0.2, 0.5), hang_up_after=1.0)) as gateway:
        report = call(gateway, "--stay", "5").report
    assert report["ended_by"] == "line"
    assert report["ended_after"] - report["answered_after"] == pytest.approx(1.0, abs=0.1)
    assert report["line_spoke"] == pytest.approx(0.5, abs=0.05)
    with Gateway(Behaviour(greeting=None)) as gateway:
        result = call(gateway, "--stay", "0.5")
    assert (result.code, result.report["line_spoke"], result.report["ended_by"]) == (11, 0.0, "caller")
    assert result.report["ended_after"] - result.report["answered_after"] == pytest.approx(0.5, abs=0.1)


def test_no_call_outlasts_its_bound(call: Any) -> None:
    with Gateway(Behaviour(greeting=(0.2, 60))) as gateway:
        result = call(gateway, "--silent", "--max-seconds", "1")
    assert result.report["ran_out"]
    assert result.report["ended_after"] - result.report["answered_after"] == pytest.approx(1.0, abs=0.2)


def test_what_has_a_moment_is_said_then_while_the_line_speaks(call: Any, question: str) -> None:
    with Gateway(Behaviour(greeting=(0.1, 3.0))) as gateway:
        report = call(gateway, "--at", "0.6", "--dtmf", "1", "--at", "1.5", "--wav", question, "--stay", "0.1").report
    keys, words = report["turns"]
    assert keys["start"] - report["answered_after"] == pytest.approx(0.6, abs=0.1)
    assert words["start"] - report["answered_after"] == pytest.approx(1.5, abs=0.1)
    assert words["stopped_after"] is not None


def rows(*calls: list[list[str]], **options: int) -> str:
    return "".join(json.dumps({"calls": these, **options}) + "\n" for these in calls)


def test_several_calls_are_held_at_once_and_told_when_all_are_over(
    tmp_path: Path, question: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.bin").touch()
    how = ["--to", "1", "--out", str(tmp_path), "--patience", "0.3", "--reply-timeout", "1"]
    with Gateway() as first, Gateway() as second, Gateway() as third:
        calls = [
            ["--gateway", first.address, "--wav", question, *how],
            ["--gateway", second.address, "--silent", "--delay", "0.5", *how],
        ]
        later = [["--gateway", third.address, "--silent", *how]]
        monkeypatch.setattr(sys, "stdin", io.StringIO(rows(calls, later)))
        assert phone.main(["calls", "--model", str(tmp_path)], transcriber=lambda *_: "we open at nine") == 0
    both, again = map(json.loads, capsys.readouterr().out.splitlines())
    assert [report["exit_code"] for report in both + again] == [0, 0, 0]
    assert both[1]["invited"] - both[0]["invited"] == pytest.approx(0.5, abs=0.2)
    said = [(part["who"], part["text"]) for part in both[0]["conversation"]]
    assert said[:2] == [("line", "we open at nine"), ("caller", "question.wav")]
    assert all(Path(report["recording"]).is_file() for report in both + again)


def test_a_call_begins_when_another_is_over_if_no_more_may_be_held_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.bin").touch()
    how = ["--to", "1", "--out", str(tmp_path), "--patience", "0.2", "--silent"]
    with Gateway() as first, Gateway() as second, Gateway() as third:
        calls = [["--gateway", gateway.address, *how] for gateway in (first, second, third)]
        calls[0] += ["--stay", "1.5"]
        monkeypatch.setattr(sys, "stdin", io.StringIO(rows(calls, at_once=2)))
        assert phone.main(["calls", "--model", str(tmp_path)], transcriber=lambda *_: "") == 0
    long, short, next_one = json.loads(capsys.readouterr().out)
    over = [report["invited"] + report["ended_after"] for report in (long, short)]
    assert over[1] - 0.1 < next_one["invited"] < over[0]


def test_what_the_line_says_is_written_down_in_its_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.bin").touch()
    how = ["--to", "1", "--out", str(tmp_path), "--patience", "0.3", "--silent"]
    with Gateway() as german, Gateway() as english:
        calls = [["--gateway", german.address, "--language", "de", *how], ["--gateway", english.address, *how]]
        monkeypatch.setattr(sys, "stdin", io.StringIO(rows(calls)))
        assert phone.main(["calls", "--model", str(tmp_path)], transcriber=lambda _, language: f"in {language}") == 0
    reports = json.loads(capsys.readouterr().out)
    assert [report["conversation"][0]["text"] for report in reports] == ["in de", "in en"]


def test_keys_get_a_reply_like_words(call: Any) -> None:
    with Gateway(Behaviour(greeting=(0.1, 0.3))) as gateway:
        result = call(gateway, "--dtmf", "1#")
    events = [packet.payload[0] for _, packet in gateway.heard if packet.payload_type == 101]
    assert set(events) == {1, 11}
    assert result.code == 12  # this gateway does not listen to keys
    assert "caller  (keys 1#)" in result.out


def test_json_on_standard_output_leaves_the_rest_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Gateway() as gateway:
        arguments = ["call", "--gateway", gateway.address, "--to", "+12025550100", "--stay", "0.5", "--json", "-"]
        code = phone.main([*arguments, "--out", str(tmp_path), "--no-transcript"])
    said = capsys.readouterr()
    assert json.loads(said.out)["exit_code"] == code == 0
    assert said.err.startswith("Calling +12025550100 through 127.0.0.1:")


@pytest.mark.real_time
def test_sigterm_hangs_up_before_the_program_ends(tmp_path: Path) -> None:
    with Gateway() as gateway:
        arguments = ["call", "--gateway", gateway.address, "--to", "1", "--stay", "60", "--out", str(tmp_path)]
        with subprocess.Popen(
            [sys.executable, "-m", "phone", *arguments, "--no-transcript"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as program:
            deadline = time.monotonic() + 15
            while "ACK" not in gateway.methods() and time.monotonic() < deadline:
                time.sleep(0.05)
            program.send_signal(signal.SIGTERM)
            _, err = program.communicate(timeout=10)
        assert gateway.methods() == ["INVITE", "ACK", "BYE"]
    assert program.returncode == 130
    assert b"the call was hung up" in err
