"""Everything wrong with a command is said at once, before anything is dialled."""

from pathlib import Path

import numpy as np
import pytest

from phone import __main__ as phone
from phone import arguments
from phone import order as orders
from phone.audio import Pcm
from tests.unit.phone.gateway import tone


def spoken(texts: list[str]) -> list[Pcm]:
    return [tone(0.1 * len(text.split())) for text in texts]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PHONE_GATEWAY", "PHONE_NUMBERS", "SIP_USERNAME", "SIP_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(orders, "PASSWORD_FILE", tmp_path / "sip_password")


def order(tmp_path: Path, *given: str) -> orders.Order:
    return checked(["call", "--out", str(tmp_path), "--no-transcript", *given])


def checked(line: list[str]) -> orders.Order:
    return orders.speak_texts(orders.check_order(arguments.parser().parse_args(line)), spoken)


def problems(tmp_path: Path, *given: str) -> str:
    with pytest.raises(arguments.UsageError) as caught:
        order(tmp_path, *given)
    return "\n".join(caught.value.problems)


def test_the_environment_gives_gateway_and_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_GATEWAY", "gateway:5070")
    monkeypatch.setenv("PHONE_NUMBERS", "+12025550100, +12025550101")
    target = order(tmp_path).target
    assert (target.gateway, target.to) == (("gateway", 5070), "+12025550100")


def test_what_is_said_keeps_the_order_given(tmp_path: Path) -> None:
    sayings = order(tmp_path, "--to", "1", "--say", "hello", "--dtmf", "12#", "--say", "two words").script.sayings
    assert [saying.text for saying in sayings] == ["hello", "(keys 12#)", "two words"]
    assert len(sayings[2].pcm) == 1600


def test_a_moment_is_that_of_what_follows_it_and_nothing_waits_for_the_greeting(tmp_path: Path) -> None:
    script = order(tmp_path, "--to", "1", "--at", "2.5", "--dtmf", "1", "--say", "hello").script
    assert [(saying.text, saying.at) for saying in script.sayings] == [("(keys 1)", 2.5), ("hello", None)]
    assert not script.greeted


def test_the_language_is_one_that_the_model_knows(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    (tmp_path / "vocabulary.txt").write_text("hello\n<|en|>\n<|de|>\n")
    given = ["call", "--to", "1", "--out", str(tmp_path), "--model", str(tmp_path), "--language"]
    assert checked([*given, "de"]).language == "de"
    with pytest.raises(arguments.UsageError, match="--language 'deutsch': expected a language that Whisper knows"):
        checked([*given, "deutsch"])


@pytest.mark.parametrize("wrong", [["--at", "soon", "--say", "hello"], ["--at", "-1", "--say", "hello"]])
def test_a_moment_is_seconds_after_the_answer(tmp_path: Path, wrong: list[str]) -> None:
    assert "expected seconds after the answer" in problems(tmp_path, "--to", "1", *wrong)
    assert "--at goes before one of" in problems(tmp_path, "--to", "1", "--say", "hello", "--at", "3")


def test_without_anything_to_say_there_is_one_question(tmp_path: Path) -> None:
    assert [saying.text for saying in order(tmp_path, "--to", "1").script.sayings] == [arguments.DEFAULT_SAY]


def test_silent_hears_the_greeting_and_stay_alone_waits_for_nothing(tmp_path: Path) -> None:
    silent, stay = (order(tmp_path, "--to", "1", *how).script for how in (["--silent"], ["--stay", "4"]))
    assert (silent.sayings, silent.greeted, stay.sayings, stay.greeted, stay.stay) == ((), True, (), False, 4.0)


def test_the_password_may_be_a_secret_file(tmp_path: Path) -> None:
    (tmp_path / "sip_password").write_text("secret\n")
    credentials = order(tmp_path, "--to", "1", "--username", "user").target.credentials
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("user", "secret")


def test_all_problems_come_in_one_report(tmp_path: Path) -> None:
    found = problems(
        tmp_path, "--gateway", "sip:x:y", "--header", "no colon", "--patience", "-1", "--wav", "missing.wav",
        "--dtmf", "12x", "--expect", "(", "--listen-address", "203.0.113.77", "--username", "user",
    )  # fmt: skip
    for part in (
        "--gateway (PHONE_GATEWAY) 'sip:x:y': expected host or host:port",
        "no number to dial: give --to, or set PHONE_NUMBERS",
        "--header 'no colon': expected 'Name: value'",
        "--patience -1: expected seconds",
        "--wav: missing.wav is not an audio file that can be read",
        "--dtmf: expected keys",
        "--expect '(' is not a regular expression",
        "--expect needs the transcript",
        "--listen-address '203.0.113.77' is not an IPv4 address of this machine",
        "a user name (--username, SIP_USERNAME) and a password (SIP_PASSWORD) go together",
    ):
        assert part in found


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--to", "1\r\nX: y"], "line break"),
        (["--to", "1", "--from-host", "a\nb"], "line break"),
        (["--to", "1", "--header", "X: a\r\nY: b"], "in one line"),
        (["--to", "1", "--gateway", "sip:70000"], "expected host or host:port"),
        (["--to", "1", "--silent", "--say", "x"], "--silent cannot be combined with"),
        (["--to", "1", "--stay", "nan"], "expected seconds"),
    ],
)
def test_a_bad_argument_is_refused(tmp_path: Path, given: list[str], complaint: str) -> None:
    assert complaint in problems(tmp_path, *given)


def test_bad_usage_is_2_and_nothing_is_dialled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert phone.main(["call", "--stay", "1", "--out", str(tmp_path), "--model", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "no Whisper model in" in said.err
    assert "no number to dial" in said.err
    assert said.out == ""
    with pytest.raises(SystemExit, match="2"):
        phone.main(["call", "--frobnicate"])


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made" in problems(tmp_path, "--to", "1", "--out", str(tmp_path / "file" / "calls"))


def test_silence_is_audio_too(tmp_path: Path) -> None:
    from phone.audio import save_stereo

    save_stereo(tmp_path / "quiet.wav", np.zeros(800, np.int16), np.zeros(800, np.int16))
    save_stereo(tmp_path / "empty.wav", np.zeros(0, np.int16), np.zeros(0, np.int16))
    assert len(order(tmp_path, "--to", "1", "--wav", str(tmp_path / "quiet.wav")).script.sayings[0].pcm) == 800
    assert "has no sound in it" in problems(tmp_path, "--to", "1", "--wav", str(tmp_path / "empty.wav"))


def test_nothing_is_spoken_while_the_arguments_are_checked(tmp_path: Path) -> None:
    line = ["call", "--out", str(tmp_path), "--no-transcript", "--to", "1", "--say", "hello"]
    [saying] = orders.check_order(arguments.parser().parse_args(line)).script.sayings
    assert (saying.text, len(saying.pcm), saying.is_text) == ("hello", 0, True)


def test_every_text_that_cannot_be_spoken_is_a_problem(tmp_path: Path) -> None:
    def refuse(texts: list[str]) -> list[Pcm]:
        raise ValueError(f"there is nothing in “{texts[0]}” that can be spoken")

    line = ["call", "--out", str(tmp_path), "--no-transcript", "--to", "1", "--say", "!", "--dtmf", "1", "--say", "?"]
    with pytest.raises(arguments.UsageError) as caught:
        orders.speak_texts(orders.check_order(arguments.parser().parse_args(line)), refuse)
    assert caught.value.problems == [f"--say: there is nothing in “{text}” that can be spoken" for text in "!?"]
