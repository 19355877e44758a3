"""One axis for what the agent's log tells and what the phone sent and heard."""

import io
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.worker.logs import JsonLine, TextLine
from phone import __main__ as phone
from phone.audio import save_stereo
from phone.report.timeline import COLUMNS, timeline_rows
from tests.unit.phone.gateway import Behaviour, Gateway, tone

INVITED = 1795395600.0
ALL = {"transcribed": 0.2, "decided": 0.6, "first_token": 0.45, "first_audio": 0.7}


def turn(start: float, end: float, gap: float | None) -> dict[str, Any]:
    return {"said": "When?", "start": start, "end": end, "gap": gap}


def report(turns: list[dict[str, Any]]) -> dict[str, Any]:
    return {"invited": INVITED, "ended_after": 90.0, "turns": turns}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def line(form: logging.Formatter, spoke_until: float, **after: float) -> str:
    """As the agent writes it."""
    fields = {"call_id": "SCL_1", "spoke_until": moment(INVITED + spoke_until), **after}
    record = {"name": "agent.behaviors", "levelno": logging.INFO, "levelname": "INFO", "msg": "Turn answered", **fields}
    return form.format(logging.makeLogRecord(record)) + "\n"


text, as_json = partial(line, TextLine()), partial(line, JsonLine())


def rows(turns: list[dict[str, Any]], log: list[str]) -> list[list[str]]:
    """The table's cells, without its two lines of heading; a cell with spaces in it stands last."""
    lines = timeline_rows(report(turns), log)
    return [line.split(None, 1 + len(COLUMNS)) for line in lines[2:]]


@pytest.mark.parametrize("line", [text, as_json], ids=["text", "json"])
def test_a_turns_moments_stand_on_the_phones_axis(line: Callable[..., str]) -> None:
    log = ["garbage", "{", "[]", "", line(7.08, **ALL)]
    assert rows([turn(5, 7, 0.91)], log) == [["0:05", "0.00", "0.08", "0.28", "0.68", "0.53", "0.78", "0.91"]]


def test_figures_stand_under_their_headings() -> None:
    _, heading, row = timeline_rows(report([turn(5, 7, 0.91)]), [text(7.08, **ALL)])
    ends = [heading.index(column) + len(column) for column in COLUMNS]
    assert [row[:end].split()[-1] for end in ends] == row.split()[1:]


def test_each_turn_gets_its_own_line_of_the_log() -> None:
    turns = [turn(5, 7, 0.9), turn(10, 12, 1.1), turn(65, 67, 1.2)]
    log = [text(12.1, **ALL), text(7.05, **ALL), text(67.2, **ALL)]
    assert [row[:3] for row in rows(turns, log)] == [
        ["0:05", "0.00", "0.05"],
        ["0:10", "0.00", "0.10"],
        ["1:05", "0.00", "0.20"],
    ]


def test_lines_of_other_calls_do_not_matter() -> None:
    assert rows([turn(5, 7, 0.9)], [text(-30, **ALL), text(4.9, **ALL), text(90.1, **ALL)])[0][2] == "-"


def test_an_agent_that_cut_in_is_measured_at_the_end_of_the_turn() -> None:
    assert rows([turn(5, 9, 0.9)], [text(6.5, **ALL), text(9.1, **ALL)])[0][2] == "0.10"


def test_what_the_agent_does_not_tell_is_left_open() -> None:
    [row] = rows([turn(5, 7, 0.9)], [text(7.0, decided=0.6, first_audio=0.7)])
    assert row[1:] == ["0.00", "0.00", "-", "0.60", "-", "0.70", "0.90"]


@pytest.mark.parametrize(
    ("gap", "log", "remark"),
    [
        (None, [], "no answer"),
        (None, [text(7.0, **ALL)], "not heard"),
        (0.9, [], "not in the agent's log"),
    ],
)
def test_a_turn_in_which_something_is_missing_says_so(gap: float | None, log: list[str], remark: str) -> None:
    assert rows([turn(5, 7, gap)], log)[0][-1] == remark


@pytest.mark.parametrize(
    "line",
    [
        text(7.0).replace("spoke_until=2026", "spoke_until=soon"),
        text(7.0).replace("INFO", "DEBUG"),
        text(7.0).replace("Turn answered", "Turn answered twice"),
        as_json(7.0).replace("Turn answered", "call answered"),
        as_json(7.0, decided=0.6).replace("0.6", "null"),
    ],
)
def test_a_line_that_is_none_of_them_is_ignored(line: str) -> None:
    assert rows([turn(5, 7, 0.9)], [line])[0][-1] == "not in the agent's log"


def test_a_caller_who_said_nothing_has_no_timeline() -> None:
    assert timeline_rows(report([]), [text(7.0, **ALL)]) == []


def test_the_report_of_a_call_and_the_agents_log_make_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    question, file = tmp_path / "question.wav", tmp_path / "report.json"
    save_stereo(question, tone(0.4), np.zeros(3200, np.int16))
    before = round(time.time(), 3)  # as exact as the report is
    with Gateway(Behaviour(greeting=(0.1, 0.3), reply=(0.5, 0.6))) as gateway:
        call = ["call", "--gateway", gateway.address, "--to", "1", "--out", str(tmp_path), "--wav", str(question)]
        phone.main([*call, "--patience", "0.3", "--no-transcript", "--json", str(file)])
    told = json.loads(file.read_text())
    assert before <= told["invited"] < before + 2
    [turn] = told["turns"]
    monkeypatch.setattr("sys.stdin", io.StringIO(text(told["invited"] + turn["end"] + 0.1 - INVITED, **ALL)))
    capsys.readouterr()
    assert phone.main(["timeline", "--report", str(file)]) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert row[1:7] == ["0.00", "0.10", "0.30", "0.70", "0.55", "0.80"]
    assert float(row[7]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("content", [None, "", "[]", '{"turns": []}'])
def test_a_file_that_is_no_report_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "report.json"
    if content is not None:
        file.write_text(content)
    assert phone.main(["timeline", "--report", str(file)]) == 2
    head, problem = capsys.readouterr().err.splitlines()
    assert head == "The command is not usable (1 problem); nothing was done."
    assert problem.startswith(f"  --report {file} ")
