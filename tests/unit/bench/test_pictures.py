"""The made-up calls that the desk's pictures show: as the agent writes them, and the same ones for a seed."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from agent.records.note import CallNote
from agent.records.transcript import Message, Transcript
from tests.bench.pictures.made_up import DAYS, HOURS, WEEKEND, make_up
from tests.bench.pictures.people import reservations
from tests.bench.pictures.shots import smaller

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)  # half past one in New York
MADE_UP = make_up("coffee", NOW, NEW_YORK)
FILES = {name: content for call in MADE_UP for name, content in call.files.items()}


def test_a_seed_makes_the_same_calls_and_another_one_others() -> None:
    assert make_up("coffee", NOW, NEW_YORK) == MADE_UP
    assert make_up("coffee", NOW, NEW_YORK, seed=17) != MADE_UP


def test_the_files_are_those_that_the_agent_writes() -> None:
    for name, content in FILES.items():
        match Path(name).name:
            case "transcript.json":
                assert Transcript.model_validate_json(content).turns
            case "message.json":
                assert Message.model_validate_json(content).about
            case "audio.ogg":
                assert content.startswith(b"OggS")
            case "done":
                assert not content
            case _:
                note = CallNote.model_validate_json(content)
                assert name == f"noted/coffee/{note.record.replace('_', '/')}.json"
                assert note.transcript == note.transcript.without_words()
    assert {Path(name).name for name in FILES} >= {"transcript.json", "audio.ogg", "message.json", "done"}


def test_nobody_has_called_in_the_future_or_when_the_shop_is_closed() -> None:
    began = [datetime.fromisoformat(call.note.transcript.started).astimezone(NEW_YORK) for call in MADE_UP]
    assert max(datetime.fromisoformat(call.note.transcript.ended) for call in MADE_UP) < NOW
    assert len({moment.date() for moment in began}) == DAYS
    assert all(moment.hour in (WEEKEND if moment.weekday() >= 5 else HOURS) for moment in began)
    assert began == sorted(began)


def test_every_number_belongs_to_nobody() -> None:
    numbers = {
        number
        for name, content in FILES.items()
        if not name.endswith("ogg")
        for number in re.findall(rb"\+\d{6,}", content)
    }
    assert len(numbers) > 10
    assert all(re.fullmatch(rb"\+120255501\d\d", number) for number in numbers)


def test_the_charts_have_something_of_each_kind_to_show() -> None:
    notes = [call.note for call in MADE_UP]
    assert {note.came_by for note in notes} == {"phone", "browser"}
    assert {note.kept for note in notes} == {True, False}
    assert len({note.rejected for note in notes}) >= 3
    assert len({note.transcript.outcome for note in notes if not note.rejected}) >= 3
    assert any(used.errors for note in notes for used in note.usage)
    assert all(note.cost.total is not None for note in notes)
    assert any(call.messages and call.done for call in MADE_UP)
    assert any(call.messages and not call.done for call in MADE_UP)


def test_the_stages_of_a_reply_follow_each_other() -> None:
    for note in (call.note for call in MADE_UP):
        for turn in note.turns:
            stages = [turn.transcribed, turn.decided, turn.first_token, turn.first_audio]
            assert stages == sorted(stages)  # type: ignore[type-var]  # none of them is None


def test_tables_are_reserved_for_two_weeks_at_hours_at_which_the_shop_is_open() -> None:
    there = reservations(NOW.astimezone(NEW_YORK))
    assert len({its.begins.date() for its in there}) == 14
    assert all(its.begins.hour >= 9 and its.ends.hour <= 16 for its in there)
    assert all(its.ends - its.begins == timedelta(hours=1) for its in there)
    assert there[0].begins.weekday() == 0


@pytest.mark.parametrize("size", [(64, 64), (1, 1)])
def test_a_picture_is_not_larger_afterwards(size: tuple[int, int]) -> None:
    taken = io.BytesIO()
    Image.new("RGB", size, "#0b6e4f").save(taken, "PNG")
    small = smaller(taken.getvalue())
    assert len(small) <= len(taken.getvalue())
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.size == size
        assert picture.convert("RGB").getpixel((0, 0)) == (0x0B, 0x6E, 0x4F)


def test_the_pictures_of_the_made_up_calls_can_be_packed_for_the_agents_container() -> None:
    assert len(json.dumps({name: b64encode(content).decode() for name, content in FILES.items()})) < 3_000_000
