"""Every call leaves a note, however it went, and whatever goes wrong with the note, the call ends as it would have."""

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from agent.conversation.leg import NotReachedError
from agent.outbound.orders import Orders
from agent.records import note_the_call as module
from agent.records.folders import Folders
from agent.records.note import CallNote, write_note_of_what_was_left
from agent.storage.private_files import make_folder
from tests.unit.agent.fakes import Loudspeaker, spoken, until
from tests.unit.agent.records.test_finalize import transcript
from tests.unit.agent.test_answer import ANN, STRANGER, Stage, folder, stage
from tests.unit.agent.test_call_out import ANNA, Dialled, call, dialled, job, orders, place

__all__ = ["dialled", "folder", "job", "orders", "stage"]  # fixtures

QUIET = '[turns]\nend_of_turn = "words"\n'


async def notes(stage: Stage, folder: Path, reason: str = "the caller hung up") -> list[CallNote]:
    """End the job, and read what is noted then."""
    stage.room.remote_participants.clear()
    for session in stage.sessions:
        await session.aclose()
    await asyncio.gather(*[_ended(callback, reason) for callback in stage.callbacks])
    stage.callbacks.clear()
    files = sorted((folder.parent / "data/noted").glob("*/*/*.json"))
    return [CallNote.model_validate_json(file.read_bytes()) for file in files]


async def _ended(callback: Any, reason: str) -> None:
    await (callback(reason) if inspect.signature(callback).parameters else callback())


async def test_a_call_is_noted_with_who_called_and_how_fast_it_was_greeted_and_with_no_word(
    stage: Stage, folder: Path
) -> None:
    stage.loudspeaker = Loudspeaker()
    await stage.answer()
    await stage.loudspeaker.play_to_the_end()
    [session] = stage.sessions
    await until(lambda: spoken(session))
    [note] = await notes(stage, folder)
    assert (note.transcript.caller, note.transcript.line, note.transcript.call) == ("+12025550199", "coffee", "SCL_1")
    assert (note.transcript.outcome, note.transcript.direction) == ("the caller hung up", "inbound")
    assert (note.came_by, note.kept, note.rejected, note.draft) == ("phone", False, "", "")
    assert note.greeted_after is not None
    assert 0 <= note.greeted_after < 60
    [said] = [usage for usage in note.usage if usage.kind == "tts"]
    assert (said.requests, said.characters, said.model) == (1, len("greeting of coffee"), "gpt-4o-mini-tts")
    assert note.cost.total is None  # OPENAI_BASE_URL is another server, of whose prices nothing is known
    assert note.transcript.turns == []
    assert "greeting" not in note.model_dump_json()


async def test_a_note_is_where_the_calls_record_would_be_and_its_name_says_which(stage: Stage, folder: Path) -> None:
    await stage.answer()
    [note] = await notes(stage, folder)
    day, moment = note.record.split("_")
    assert (folder.parent / "data/noted/coffee" / day / f"{moment}.json").is_file()
    assert Folders("coffee").note_of(note.record) == folder.parent / "data/noted/coffee" / day / f"{moment}.json"


async def test_a_refused_call_is_noted_as_one(stage: Stage, folder: Path) -> None:
    stage.room.remote_participants["caller"].attributes = STRANGER
    await stage.answer()
    [note] = await notes(stage, folder, "refused")
    assert (note.rejected, note.greeted_after) == ("refused", None)
    assert note.transcript.outcome == "refused"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("[limits]\ncalls_at_once = 1", "busy"),
        ("[limits]\ncalls = 1", "line_limit"),
        ("[limits]\ncalls_per_caller = 1", "caller_limit"),
    ],
)
async def test_a_rejected_call_is_noted_with_its_reason(stage: Stage, folder: Path, settings: str, reason: str) -> None:
    (folder / "coffee/line.toml").write_text(f"{settings}\n{QUIET}")
    await stage.answer()
    before = list(stage.callbacks)
    stage.callbacks.clear()
    stage.job.id = "AJ_2"
    stage.room.remote_participants["caller"].attributes = ANN | {"sip.callID": "SCL_2"}
    await stage.answer()
    [note] = await notes(stage, folder, "all lines are busy")
    assert (note.rejected, note.transcript.call) == (reason, "SCL_2")
    stage.callbacks.extend(before)


async def test_a_call_by_browser_is_noted_as_one_with_the_draft_that_it_tried(stage: Stage, folder: Path) -> None:
    await stage.answer()
    record = stage.given["note_the_call"][1]
    record.came_by, record.draft = "browser", 32 * "a"
    [note] = await notes(stage, folder)
    assert (note.came_by, note.draft) == ("browser", 32 * "a")


async def test_a_call_of_the_agents_own_that_reaches_nobody_is_noted(
    job: Stage, orders: Orders, dialled: Dialled, folder: Path
) -> None:
    dialled.error = NotReachedError("busy")
    order = place(orders)
    await call(job, order)
    [note] = await notes(job, folder, "the number was busy")
    assert (note.transcript.direction, note.transcript.order) == ("outbound", order.id)
    assert (note.transcript.caller, note.transcript.outcome) == (ANNA, "the number was busy")
    assert (note.rejected, note.greeted_after) == ("", None)


async def test_a_call_of_the_agents_own_is_measured_from_the_question_who_answered_on(
    job: Stage, orders: Orders, dialled: Dialled, folder: Path
) -> None:
    assert dialled.error is None
    job.loudspeaker = Loudspeaker()
    calling = asyncio.create_task(call(job, place(orders)))
    await job.loudspeaker.play_to_the_end()
    await until(lambda: job.sessions)
    job.shutdown("the person who was called hung up")
    calling.cancel()
    [note] = await notes(job, folder, "the person who was called hung up")
    assert note.greeted_after is not None
    assert [usage.kind for usage in note.usage] == ["tts"]


async def test_the_end_of_a_call_is_not_when_its_summary_is_written(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.answer()
    record = stage.given["note_the_call"][1]
    record.settled.clear()
    now = record.began + 10
    monkeypatch.setattr("agent.records.call_record.time.time", lambda: now)
    [noting] = [callback for callback in stage.callbacks if callback.__module__ == module.__name__]
    written = asyncio.create_task(noting("the caller hung up"))
    await asyncio.sleep(0)
    now += 30
    assert not list((folder.parent / "data").glob("noted/*/*/*.json"))
    record.settled.set()
    await written
    [file] = (folder.parent / "data").glob("noted/*/*/*.json")
    assert json.loads(file.read_text())["transcript"]["seconds"] == 10


async def test_a_record_that_is_never_finished_is_not_waited_for_for_ever(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITTEN_WITHIN", 0.01)
    await stage.answer()
    record = stage.given["note_the_call"][1]
    make_folder(Folders("coffee").work_of(record.name))
    record.settled.clear()
    [noting] = [callback for callback in stage.callbacks if callback.__module__ == module.__name__]
    await noting("the caller hung up")
    [file] = (folder.parent / "data").glob("noted/*/*/*.json")
    assert json.loads(file.read_text())["kept"] is True  # what is left becomes a record later


async def test_a_full_disk_ends_no_call_otherwise(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_note", full)
    await stage.answer()
    assert await notes(stage, folder) == []
    assert "Could not write the note of this call" in caplog.messages


def test_a_call_whose_process_has_died_is_noted_with_what_its_record_says(tmp_path: Path) -> None:
    folders = Folders("coffee", tmp_path)
    record = "2026-11-25_142233-1f2e3d"
    write_note_of_what_was_left(record, transcript(summary="Ann wants tea."), folders, kept=True)
    note = CallNote.model_validate_json(folders.note_of(record).read_bytes())
    assert (note.record, note.kept, note.transcript.summary) == (record, True, None)
    write_note_of_what_was_left(record, transcript(outcome="another"), folders, kept=False)
    assert CallNote.model_validate_json(folders.note_of(record).read_bytes()) == note
    another = "2026-11-25_142233-2f2e3d"
    write_note_of_what_was_left(another, transcript(call="browser-0123456789abcdef"), folders, kept=False)
    assert CallNote.model_validate_json(folders.note_of(another).read_bytes()).came_by == "browser"
