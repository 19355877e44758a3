"""Reading what is left of a call, in whatever state it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desk.records.read import LARGEST, read
from tests.unit.desk.made_up import CALLER, named, note_of, put_message, put_note, put_record, transcript_of

if TYPE_CHECKING:
    from pathlib import Path

    from desk.records.folders import Folders

NAME = named()


def test_a_whole_record(folders: Folders, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, NAME)
    record = read(folders, NAME)
    assert record.problems == []
    assert record.has_audio
    assert record.kept
    assert record.caller == CALLER
    assert [turn.text for turn in record.facts.turns][1] == "Do you roast Yirgacheffe?"
    assert record.note
    assert record.note.cost
    assert record.note.cost.total == 0.0123


def test_a_record_of_an_older_release_has_no_note(folders: Folders, data: Path) -> None:
    old = transcript_of(NAME)
    for key in ("line", "direction", "order", "actions", "transfers", "messages", "outcome_fields"):
        del old[key]
    put_record(data, NAME, old)
    record = read(folders, NAME)
    assert record.problems == []
    assert record.facts.direction == "inbound"
    assert record.came_by == "phone"


def test_a_call_that_was_not_kept_has_a_note_only(folders: Folders, data: Path) -> None:
    put_note(data, NAME, kept=False, came_by="browser", rejected="busy")
    record = read(folders, NAME)
    assert (record.exists, record.kept, record.came_by, record.rejected) == (True, False, "browser", "busy")


def test_a_message_alone_is_what_is_left_of_a_call(folders: Folders, data: Path) -> None:
    put_message(data, NAME, 2, about="second")
    put_message(data, NAME, 10, about="tenth")
    put_message(data, named("2026-11-25_142233-aaaaaa"), about="another call's")
    record = read(folders, NAME)
    assert record.exists
    assert record.caller == CALLER
    assert [message.about for message in record.messages] == ["second", "tenth"]


def test_nothing_is_left(folders: Folders) -> None:
    assert not read(folders, NAME).exists


def test_a_newer_release_may_add_what_it_likes(folders: Folders, data: Path) -> None:
    put_record(data, NAME, transcript_of(NAME, version=2, mood="good"))
    record = read(folders, NAME)
    assert record.transcript
    assert record.problems == [
        "The transcript was written by a newer release of Landline: what this one knows of it is shown."
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (json.dumps(transcript_of(NAME)).encode()[:200], "only half written"),
        (b"\xff\xfe", "is not JSON to its end"),
        (b"[" * 5000, "is not JSON to its end"),
        (b"[]", "not as the agent writes it"),
        (b"null", "not as the agent writes it"),
        (json.dumps(transcript_of(NAME, turns=[{"who": "caller", "text": 7}])).encode(), "something at turns.0.text"),
        (json.dumps(transcript_of(NAME, seconds=float("inf"))).encode(), "is damaged"),
        (json.dumps(transcript_of(NAME, seconds=1e300)).encode(), "something at seconds"),
        (b" " * (LARGEST + 1), "is larger than 20 MB"),
    ],
)
def test_a_damaged_transcript_is_said_and_its_sound_stays(
    folders: Folders, data: Path, content: bytes, said: str
) -> None:
    put_record(data, NAME, content)
    record = read(folders, NAME)
    assert record.transcript is None
    assert record.has_audio
    assert len(record.problems) == 1
    assert said in record.problems[0]
    assert CALLER not in record.problems[0]


def test_a_damaged_note_does_not_hide_the_record(folders: Folders, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, NAME, b'{"version": 1, "transcript": {')
    record = read(folders, NAME)
    assert record.facts.name == "Ada"
    assert record.problems == ["The note is damaged or was only half written: it is not JSON to its end."]


def test_lone_surrogates_and_zeros_do_no_harm(folders: Folders, data: Path) -> None:
    content = json.dumps(note_of(NAME)).encode().replace(b'"Ada"', rb'"A\ud800d\u0000a"')
    put_note(data, NAME, content)
    record = read(folders, NAME)
    record.facts.name.encode()  # can be shown
    assert record.exists


def test_a_record_that_was_broken_off(folders: Folders, data: Path) -> None:
    (put_record(data, NAME, audio=None) / "transcript.json").unlink()
    record = read(folders, NAME)
    assert record.problems == [
        "The record has no transcript: it was broken off, or it is being deleted.",
        "The record has no sound: it was broken off, or it is being deleted.",
    ]


def test_links_are_not_followed(folders: Folders, data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    put_record(elsewhere, NAME)
    put_record(data, NAME)
    folder = folders.record_of(NAME)
    for file in ("audio.ogg", "transcript.json"):
        (folder / file).unlink()
        (folder / file).symlink_to(elsewhere / "calls" / NAME.line / NAME.day / NAME.call / file)
    assert read(folders, NAME).transcript is None
    assert not read(folders, NAME).has_audio

    (data / "calls" / "tea").symlink_to(elsewhere / "calls" / "coffee")
    other = named(line="tea")
    assert not read(folders, other).exists
    assert folders.audio_of(other) is None
