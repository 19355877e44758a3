"""What is counted of each call."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from desk.health.figures import Figures, gaps, percentile, read_folder
from desk.health.notes import Note, Turn
from tests.unit.desk.health.made import note, write

if TYPE_CHECKING:
    from pathlib import Path

UTC = ZoneInfo("UTC")


def counted(*notes: dict[str, Any]) -> Figures:
    figures = Figures()
    for one in notes:
        figures.count(Note.model_validate(one), 14)
    return figures


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (
            {"transcribed": 0.2, "decided": 0.5, "first_token": 0.9, "first_audio": 1.2},
            {"heard": 0.2, "decided": 0.3, "first_token": 0.4, "first_audio": 0.3, "whole": 1.2},
        ),
        (  # the answer was begun before it was decided that the caller was done
            {"transcribed": 0.2, "decided": 0.9, "first_token": 0.5, "first_audio": 1.0},
            {"heard": 0.2, "decided": 0.7, "first_token": 0.0, "first_audio": 0.1, "whole": 1.0},
        ),
        ({"first_audio": 0.8}, {"first_audio": 0.8, "whole": 0.8}),  # a recorded sentence
        ({"transcribed": 0.4}, {"heard": 0.4}),  # the caller went on
        ({}, {}),
    ],
)
def test_a_wait_is_split_into_what_each_stage_took_after_the_one_before(
    turn: dict[str, float], expected: dict[str, float]
) -> None:
    assert dict(gaps(Turn.model_validate(turn))) == pytest.approx(expected)


def test_a_percentile_is_right_to_half_a_bin() -> None:
    bins = Counter(dict.fromkeys(range(100), 1))  # 0 … 2 s, evenly
    assert percentile(bins, 0.5) == pytest.approx(1.0, abs=0.011)
    assert percentile(bins, 0.95) == pytest.approx(1.9, abs=0.011)
    assert percentile(Counter({7: 1}), 0.95) == pytest.approx(0.15, abs=0.011)
    assert percentile(Counter(), 0.5) is None


def test_everything_of_a_call_is_counted() -> None:
    figures = counted(note(), note(came_by="browser"))
    assert figures.calls == {"phone": 1, "browser": 1}
    assert figures.hours == {14: 2}
    assert figures.outcomes == {"goodbye": 2}
    assert (figures.seconds, figures.replies, figures.interrupted) == (180.0, 2, 4)
    assert figures.usage["llm", "openai", "thinks"]["requests"] == 4
    assert figures.usage["llm", "openai", "thinks"]["errors"] == 2
    assert figures.costs["USD"].total == pytest.approx(0.02)
    assert set(figures.latencies) == {
        ("heard", "openai/hears"),
        ("decided", ""),
        ("first_token", "openai/thinks"),
        ("first_audio", "openai/speaks"),
        ("whole", ""),
    }


def test_a_rejected_call_counts_for_its_reason_and_its_hour_alone() -> None:
    figures = counted(note(rejected="busy", turns=[], usage=[], cost=None))
    assert (figures.rejected, figures.calls, figures.outcomes) == ({"busy": 1}, {}, {})
    assert figures.hours == {14: 1}


def test_a_price_that_is_not_known_is_counted_as_such() -> None:
    parts = [{"amount": 0.25}, {"amount": None}]
    figures = counted(
        note(cost={"currency": "USD", "total": None, "parts": parts}), note(cost={"currency": "EUR", "total": 0.5})
    )
    assert {currency: (its.total, its.unknown) for currency, its in figures.costs.items()} == {
        "USD": (0.25, 1),
        "EUR": (0.5, 0),
    }


def test_figures_are_added_up_to_what_counting_all_together_gives() -> None:
    one, two = note(), note(came_by="browser", rejected="line_limit")
    together = Figures()
    for part in (counted(one), counted(two), counted(one)):
        together.add(part)
    assert together == counted(one, two, one)


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        '{"version": 1, "tra',
        "[]",
        "null",
        "\x00\x01",
        '{"version": 2}',
        '{"version": 1, "transcript": {"started": "yesterday"}}',
        '{"version": 1, "transcript": {"started": "2026-11-25T14:22:33+00:00", "seconds": -1}}',
        '{"version": 1, "transcript": {"started": "2026-11-25T14:22:33+00:00"}, "usage": [{"kind": "cat"}]}',
        '{"version": 1, "transcript": {"started": "0001-01-01T00:00:00+14:00"}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_note_is_counted_and_spoils_nothing(tmp_path: Path, damaged: str) -> None:
    write(tmp_path, note())
    folder = write(tmp_path, damaged).parent
    found = read_folder(folder, UTC)
    assert found.damaged == 1
    [figures] = found.days.values()
    assert figures.calls == {"phone": 1}


def test_what_is_being_written_and_what_is_no_note_is_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path, note()).parent
    (folder / ".half.json").write_text("{")
    (folder / "142233-1f2e3d.json.new").write_text("{")
    (folder / "gone.json").symlink_to(folder / "nothing")
    found = read_folder(folder, UTC)
    assert found.damaged == 0
    assert len(found.days) == 1


def test_a_call_belongs_to_the_day_and_the_hour_of_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path, note("2026-11-25T23:30:00+00:00")).parent
    [(day, figures)] = read_folder(folder, ZoneInfo("Europe/Berlin")).days.items()
    assert (day.isoformat(), dict(figures.hours)) == ("2026-11-26", {0: 1})


def test_a_folder_that_is_gone_has_nothing(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "nothing", UTC).days == {}
