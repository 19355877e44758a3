"""What the agent says of a call that is sent to it, and that it counts nothing."""

from __future__ import annotations

import io
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from agent.admission import admission
from agent.admission.ledger import Ledger
from agent.admission.owner_files import read_lists
from agent.lines.folder import LinesFolder
from agent.lines.limits import Limits
from agent.worker import explain as command
from agent.worker import health
from agent.worker.explain import explain, last_records
from tests.support.lines import write_settings
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.settings import Settings

CALLER = "+12025550131"
Explained = tuple[list[str], bool]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of one line, beside a data folder of its own, in an agent that is registered."""
    init = LinesFolder.__init__
    monkeypatch.setattr(
        LinesFolder,
        "__init__",
        lambda lines, folder, secrets, kept=tmp_path / "kept", check=lambda _: (): init(
            lines, folder, secrets, kept, check
        ),
    )
    monkeypatch.setattr(read_lists, "__defaults__", (tmp_path / "kept",))
    monkeypatch.setattr(admission, "DATA", tmp_path)
    monkeypatch.setattr(health, "REGISTERED", tmp_path / "state/registered")
    health.mark(registered=True)
    make(tmp_path / "lines", "coffee")
    return tmp_path / "lines/coffee"


@pytest.fixture
def explained(folder: Path) -> Callable[..., Explained]:
    def ask(
        *, settings: dict[str, Any] | None = None, metadata: str = '{"line": "coffee"}', **changes: str
    ) -> Explained:
        attributes = {
            "sip.trunkID": "ST_1",
            "sip.phoneNumber": CALLER,
            "sip.hostname": "54.172.60.1",
            "sip.trunkPhoneNumber": "+12025550100",
            **{name.replace("_", "."): value for name, value in changes.items()},
        }
        asked = {"attributes": attributes, "metadata": metadata, "sends_account": True}
        return explain(asked, host(lines_folder=folder.parent, **(settings or {})))

    return ask


def test_a_call_that_nothing_speaks_against_is_answered(explained: Callable[..., Explained]) -> None:
    assert explained() == (["The line coffee answers the call."], True)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sip_trunkID": ""}, "it did not come in through a trunk"),
        ({"sip_hostname": "54.172.60.0/30"}, "so it is forged"),
        ({"sip_hostname": ""}, "its From host is not known"),
        ({"metadata": '{"line": "bakery"}'}, "names the line bakery, but this host's lines are: coffee"),
    ],
)
def test_a_call_that_the_agent_refuses_sounds_busy(
    explained: Callable[..., Explained], changes: dict[str, str], told: str
) -> None:
    [sentence], is_answered = explained(**changes)
    assert not is_answered
    assert told in sentence
    assert "The caller hears ringing, and then that the line is busy." in sentence


@pytest.mark.parametrize(
    ("file", "row", "caller", "told"),
    [
        ("blocked.txt", CALLER, CALLER, "the caller is in blocked.txt. The file is in lines/coffee"),
        (
            "allowed.txt",
            "+12025550139",
            CALLER,
            "the caller is not in allowed.txt. lines/coffee/allowed.txt has entries",
        ),
        ("blocked.txt", "anonymous", "anonymous", "the caller is in blocked.txt"),
    ],
)
def test_the_lines_lists_are_asked(
    folder: Path, explained: Callable[..., Explained], file: str, row: str, caller: str, told: str
) -> None:
    (folder / file).write_text(f"{row}\n")
    [sentence], is_answered = explained(sip_phoneNumber=caller)
    assert not is_answered
    assert told in sentence
    assert CALLER not in sentence
    assert explained(sip_phoneNumber="+12025550139")[1]


def test_a_call_of_another_account_is_refused_and_one_that_names_none_is_taken_for_ours(
    folder: Path, explained: Callable[..., Explained]
) -> None:
    account = {"trunk_account": "AC1"}
    told, is_answered = explained(settings=account)
    assert is_answered
    assert told[0].startswith("Only one trunk account's calls are taken (TRUNK_ACCOUNT in .env, or TWILIO_ACCOUNT_SID)")
    told, is_answered = explained(settings=account, trunk_account="AC2")
    assert not is_answered
    assert "a trunk account other than TRUNK_ACCOUNT. If that account is yours, correct TRUNK_ACCOUNT" in told[0]
    asked = {"attributes": {"sip.trunkID": "ST_1", "sip.hostname": "pbx"}, "metadata": "", "sends_account": False}
    told, _ = explain(asked, host(lines_folder=folder.parent, **account))
    assert "works only with a trunk provider that sends it. Empty it in .env and run make up." in told[0]


def test_limits_are_told_and_the_question_itself_is_not_counted(
    folder: Path, tmp_path: Path, explained: Callable[..., Explained]
) -> None:
    write_settings(folder, calls_per_caller=1)
    assert [explained()[1] for _ in range(3)] == [True] * 3
    zone = LinesFolder(folder.parent, {}).read("coffee").timezone
    Ledger(tmp_path, "coffee", zone).admit("AJ_1", CALLER, Limits(), at_once=9)
    [sentence], is_answered = explained()
    assert not is_answered
    assert "the caller's limit of the day is reached. It is in limits.calls_per_caller" in sentence
    assert explained(sip_phoneNumber="+12025550139")[1]
    [sentence], is_answered = explained(settings={"max_concurrent_calls": 1}, sip_phoneNumber="+12025550139")
    assert not is_answered
    assert "all lines are busy" in sentence


def test_while_the_ledger_cannot_be_used_everybody_is_let_in(
    explained: Callable[..., Explained], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Ledger, "would_refuse", fails)
    assert explained()[1]


def test_an_agent_that_is_not_registered_answers_nobody(explained: Callable[..., Explained]) -> None:
    health.mark(registered=False)
    [sentence], is_answered = explained()
    assert not is_answered
    assert sentence.startswith("No call is answered now, because the agent is not ready (not registered")


def test_the_command_reads_one_object_and_its_exit_code_says_whether_the_call_is_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def settings() -> Settings:
        return host(lines_folder=folder.parent)

    monkeypatch.setattr(command, "read_settings", settings)
    asked = {"attributes": {"sip.hostname": "pbx"}, "metadata": "", "sends_account": False}
    for trunk, code in [("ST_1", 0), ("", 1)]:
        asked["attributes"] = {"sip.hostname": "pbx", "sip.trunkID": trunk}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asked)))
        assert command.main([]) == code
    assert capsys.readouterr().out.startswith("The line coffee answers the call.\n")
    assert command.main(["records"]) == 2


def test_the_last_records_are_told_without_what_was_said(tmp_path: Path) -> None:
    for line, place in [
        ("coffee", "2026-11-25/142233-a"),
        ("bakery", "2026-11-26/090000-b"),
        ("coffee", "2026-11-24/1-c"),
    ]:
        file = tmp_path / "calls" / line / place / "transcript.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"call": place[-1], "line": line, "turns": [{"text": "a secret"}], "name": "Anna"}))
    broken = tmp_path / "calls/coffee/2026-11-27/1-d/transcript.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    assert [record["call"] for record in last_records(3, tmp_path)] == ["a", "b"]
    told = json.dumps(last_records(9, tmp_path))
    assert "secret" not in told
    assert "Anna" not in told
