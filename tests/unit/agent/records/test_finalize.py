"""A record appears whole, private, and without what must not be kept; what a crash left is finished or deleted."""

import asyncio
import os
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
from pydantic import SecretStr

from agent.lines.folder import LinesFolder
from agent.lines.messages import Messages
from agent.lines.recording import Recording
from agent.lines.webhook import Webhook
from agent.records import finalize as finishing
from agent.records import retention as keeper
from agent.records.finalize import MARGIN, NotWholeError, finish, redacted, write_draft
from agent.records.folders import Folders, new_record
from agent.records.transcript import Action, Draft, Keys, Latencies, Message, OutcomeFields, ToolCall, Transcript, Turn
from agent.storage.private_files import make_folder, write
from agent.worker.logs import TextLine
from tests.unit.agent.fakes import line, until
from tests.unit.agent.records.redaction.test_mute import decoded, level, record

NAME = "2026-11-25_142233-1f2e3d"
NO_LINES = LinesFolder(Path("/nowhere"), {})  # the records are of one whose folder is gone
CARD = "4111 1111 1111 1111"
HOOKED = line(webhook=Webhook(url=SecretStr("http://localhost/hook"), secret=SecretStr("s" * 32)))


def transcript(**more: object) -> Transcript:
    about = {"call": "SCL_1", "started": "2026-11-25T14:22:33.000+00:00", "ended": "2026-11-25T14:22:39.000+00:00"}
    who = {"seconds": 6.0, "language": "en", "caller": "+12025550123", "name": "Ada", "dialled": "+12025550100"}
    return Transcript.model_validate(about | who | {"outcome": "the caller hung up"} | more)


def draft(*turns: tuple[str, str, float, float], redact: bool = True, whole: bool = True, **more: object) -> Draft:
    said = [
        Turn.model_validate({"who": who, "text": text, "start": start, "end": end}) for who, text, start, end in turns
    ]
    return Draft(transcript=transcript(turns=said, **more), redact=redact, whole=whole)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders("coffee", tmp_path / "data")


def left(folders: Folders, a_draft: Draft, name: str = NAME) -> Path:
    """A work folder as a call's process makes it."""
    work = make_folder(folders.work_of(name))
    record(work / finishing.HEARD)
    write_draft(work, a_draft)
    return work


def test_a_record_is_a_folder_of_the_agent_and_its_group_with_sound_and_transcript(folders: Folders) -> None:
    work = left(folders, draft(("agent", "Hello.", 0.2, 1.0)))
    (work / finishing.HEARD).chmod(0o660)
    finish(NAME, folders, HOOKED)
    place = folders.calls / "2026-11-25" / "142233-1f2e3d"
    assert sorted(file.name for file in place.iterdir()) == ["audio.ogg", "transcript.json"]
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o660}
    assert {folder.stat().st_mode & 0o7777 for folder in (folders.calls, place.parent, place)} == {0o2770}
    assert not work.exists()


def test_a_card_number_is_neither_in_the_transcript_nor_to_be_heard(folders: Folders) -> None:
    turns = (("caller", f"It is {CARD}.", 2.0, 3.0), ("agent", "Thank you, ending in 1111.", 4.6, 5.0))
    tool = ToolCall(name="pay", arguments={"card": CARD}, result=CARD, at=4)
    action = Action(what=f"pay with {CARD}", outcome="done", at=4)
    left(folders, draft(*turns, tool_calls=[tool], actions=[action], summary=f"The card is {CARD}."))
    kept = finish(NAME, folders, HOOKED)
    place = folders.place_of(NAME)
    assert "1111" not in (place / "transcript.json").read_text()
    assert [turn.text for turn in kept.turns] == ["It is [redacted].", "Thank you, ending in [redacted]."]
    sound = decoded(place / "audio.ogg")
    assert level(sound, 2, 3).max() == 0
    assert level(sound, 4.6, 5).max() == 0
    assert level(sound, 0.1, 2 - MARGIN - 0.02).min() > 0.3
    assert level(sound, 3 + MARGIN + 0.02, 4.6 - MARGIN - 0.02).min() > 0.3


def test_with_redaction_off_everything_stays_and_the_sound_is_not_written_anew(folders: Folders) -> None:
    work = left(folders, draft(("caller", CARD, 2.0, 3.0), redact=False))
    heard = (work / finishing.HEARD).read_bytes()
    assert finish(NAME, folders, HOOKED).turns[0].text == CARD
    assert (folders.place_of(NAME) / "audio.ogg").read_bytes() == heard


def test_the_whole_piece_of_speech_is_silenced_and_so_is_one_whose_words_nobody_knows() -> None:
    a_draft = draft(("caller", CARD, 10.0, 14.0), ("caller", "Is it open?", 30.0, 31.0))
    a_draft.speech = [(9.0, 14.2), (20.0, 20.4), (30.0, 31.0), (40.0, 44.0)]
    _, spans = redacted(a_draft)
    assert spans == [(8.5, 14.7), (9.5, 14.5), (39.5, 44.5)]  # 20.0 is a cough, 40.0 the last words before hanging up


def test_keys_are_taken_out_and_silenced() -> None:
    keys = [
        Keys(keys="41111111", start=5, end=9),
        Keys(keys="11111111", start=15, end=19),
        Keys(keys="42", start=30, end=31),
    ]
    kept, spans = redacted(draft(keys=keys))
    assert [it.keys for it in kept.keys] == ["[redacted]", "[redacted]", "42"]
    assert spans == [(4.5, 9.5), (14.5, 19.5)]


def test_the_transcript_says_what_it_says_in_the_documented_shape() -> None:
    told = transcript(turns=[Turn(who="agent", text="Hi.", start=1, end=2, latencies=Latencies(decided=0.6))])
    assert set(told.model_dump()) == {
        *("version", "line", "call", "started", "ended", "seconds", "language", "caller", "name", "dialled", "outcome"),
        *("direction", "order", "turns", "tool_calls", "actions", "keys", "transfers", "messages", "outcome_fields"),
        *("summary", "models"),
    }
    assert told.model_dump()["turns"][0]["latencies"] == {
        "transcribed": None,
        "decided": 0.6,
        "first_token": None,
        "first_audio": None,
    }


def test_what_was_interrupted_while_it_was_finished_is_finished_at_the_next_start(folders: Folders) -> None:
    left(folders, draft(("caller", CARD, 2.0, 3.0)))
    keeper.finish_what_was_left(folders, HOOKED)
    assert "[redacted]" in (folders.place_of(NAME) / "transcript.json").read_text()
    assert [news.name for news in folders.outbox.glob("*.json")] == [f"call-ended-{NAME}.json"]


def test_even_when_only_the_rename_is_missing(folders: Folders) -> None:
    write(folders.work_of(NAME) / finishing.TRANSCRIPT, transcript().model_dump_json())
    keeper.finish_what_was_left(folders, HOOKED)
    assert (folders.place_of(NAME) / "transcript.json").exists()


def test_a_call_that_broke_off_cannot_be_redacted_and_is_deleted(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    left(folders, draft(whole=False))
    with pytest.raises(NotWholeError):
        finish(NAME, folders, HOOKED)
    keeper.finish_what_was_left(folders, HOOKED)
    assert list(folders.calls.rglob("*.ogg")) == []
    assert "broke off" in caplog.text
    assert len(list(folders.outbox.glob("*.json"))) == 1  # somebody called, and is told of without a word


def test_a_call_that_broke_off_is_kept_where_nothing_is_redacted(folders: Folders) -> None:
    left(folders, draft(whole=False, redact=False))
    keeper.finish_what_was_left(folders, HOOKED)
    assert (folders.place_of(NAME) / "audio.ogg").exists()


def test_what_cannot_be_read_is_deleted(folders: Folders, caplog: pytest.LogCaptureFixture) -> None:
    work = left(folders, draft())
    (work / finishing.DRAFT).write_text("{")
    keeper.finish_what_was_left(folders, HOOKED)
    assert not work.exists()
    assert "cannot be read and is deleted" in caplog.text


def test_what_a_full_disk_prevents_is_tried_again_at_the_next_start(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(folders, draft())
    with monkeypatch.context() as full:
        full.setattr(keeper, "finish", Mock(side_effect=OSError(28, "No space left on device")))
        keeper.finish_what_was_left(folders, HOOKED)
    keeper.finish_what_was_left(folders, HOOKED)
    assert (folders.place_of(NAME) / "audio.ogg").exists()


def test_news_that_cannot_be_left_keep_the_record_from_its_place_until_they_can(folders: Folders) -> None:
    work = left(folders, draft())
    folders.outbox.parent.mkdir()
    folders.outbox.write_text("a file where the folder should be")
    keeper.finish_what_was_left(folders, HOOKED)
    assert work.exists()
    folders.outbox.unlink()
    keeper.finish_what_was_left(folders, HOOKED)
    assert (folders.place_of(NAME) / "audio.ogg").exists()
    assert len(list(folders.outbox.glob("*.json"))) == 1


OTHER = "2026-11-25_142234-1f2e3e"


@pytest.mark.parametrize("sound", [b"", b"no sound at all" * 99])
def test_sound_that_cannot_be_read_does_not_keep_the_next_record_and_is_told_of(
    folders: Folders, caplog: pytest.LogCaptureFixture, sound: bytes
) -> None:
    work = left(folders, draft(("caller", CARD, 2.0, 3.0)))
    (work / finishing.HEARD).write_bytes(sound)
    left(folders, draft(), OTHER)
    keeper.finish_what_was_left(folders, HOOKED)
    assert not work.exists()
    assert "cannot be read and is deleted" in caplog.text
    assert folders.place_of(OTHER).exists()
    [told] = [news.read_text() for news in folders.outbox.glob(f"*{NAME}.json")]
    assert '"transcript": null' in told
    assert "1111" not in told + caplog.text


def test_a_folder_with_nothing_in_it_is_deleted(folders: Folders) -> None:
    work = make_folder(folders.work_of(NAME))
    keeper.finish_what_was_left(folders, HOOKED)
    assert not work.exists()


def aged(work: Path, seconds: float) -> Path:
    """The same, when nobody has written at it for so long."""
    for path in (*work.iterdir(), work):
        os.utime(path, (time.time() - seconds,) * 2)
    return work


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(keeper, "TIDIED_EVERY", 0.01)


@pytest.mark.usefixtures("restless")
async def test_what_a_killed_process_left_is_finished_while_the_line_is_up_and_a_call_in_progress_is_not(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LEFT_AFTER", 0.5)
    live, dead = new_record(time.time()), new_record(time.time())

    async def work() -> None:
        await asyncio.sleep(0.05)  # both begin after the agent has
        left(folders, draft(whole=False), dead)
        left(folders, draft(whole=False), live)
        await asyncio.sleep(0.1)
        assert folders.work_of(dead).exists()
        while folders.work_of(dead).exists():
            (folders.work_of(live) / finishing.HEARD).touch()
            await asyncio.sleep(0.05)

    await asyncio.wait_for(keeper.keep_records_while(work(), NO_LINES, folders.calls.parents[1]), 5)
    assert folders.work_of(live).exists()


@pytest.mark.usefixtures("restless")
async def test_what_was_left_before_the_start_is_finished_at_once(folders: Folders) -> None:
    work = aged(left(folders, draft()), 1)
    await keeper.keep_records_while(until(lambda: not work.exists()), NO_LINES, folders.calls.parents[1])
    assert folders.place_of(NAME).exists()


@pytest.mark.usefixtures("restless")
async def test_records_are_looked_after_again_after_whatever_went_wrong(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looked = Mock(side_effect=[RuntimeError(CARD), *[[]] * 999])
    monkeypatch.setattr(keeper, "_looks", looked)
    old = kept_since(folders, 31)
    await keeper.keep_records_while(until(lambda: not old.exists()), NO_LINES, folders.calls.parents[1])
    [line] = map(TextLine().format, caplog.records[:1])
    assert "Could not look after the records; this will be tried again  RuntimeError (" in line
    assert CARD not in line


def kept_since(folders: Folders, days: float, size: int = 1000) -> Path:
    """A call's folder as old and as large as that."""
    name = new_record(time.time() - days * 86_400)
    write(folders.place_of(name) / "transcript.json", "x" * size)
    return folders.place_of(name)


def test_calls_older_than_their_days_are_deleted_whole_with_their_empty_day(folders: Folders) -> None:
    old, young = kept_since(folders, 31), kept_since(folders, 29)
    keeper.delete_old(folders, Recording(keep_days=30, keep_mb=2000))
    assert not old.parent.exists()
    assert young.exists()


def test_of_too_many_megabytes_the_oldest_go_first(folders: Folders) -> None:
    oldest, older, newest = (kept_since(folders, days, 600_000) for days in (3, 2, 1))
    keeper.delete_old(folders, Recording(keep_days=30, keep_mb=1))
    assert (oldest.exists(), older.exists(), newest.exists()) == (False, False, True)


def test_the_call_in_progress_and_what_is_no_call_are_left_alone(folders: Folders) -> None:
    work = left(folders, draft(), new_record(time.time() - 40 * 86_400))
    mine = make_folder(folders.calls / "2020-01-01" / "notes")
    keeper.delete_old(folders, Recording(keep_days=1, keep_mb=1))
    assert work.exists()
    assert mine.exists()


@pytest.mark.parametrize("notified", [True, False])
def test_notices_that_wait_for_no_address_are_deleted_after_the_days_of_the_calls(
    folders: Folders, notified: bool
) -> None:
    write(folders.notices / "notice.json", "{}")
    os.utime(folders.notices / "notice.json", (time.time() - 31 * 86_400,) * 2)
    addresses = Messages.model_construct(notify=[("CHAT", SecretStr("json://x"))] if notified else [])
    keeper.delete_old_in_outbox(folders, line(messages=addresses))
    assert (folders.notices / "notice.json").exists() is notified


def test_what_a_caller_left_is_redacted_with_the_rest() -> None:
    message = Message(who="Anna", number="+12025550177", about=f"Use {CARD}.", urgent=False, at="")
    fields = OutcomeFields(values={"card": CARD, "order": 4711, "new": True, "by": None})
    a_draft = draft(("caller", f"It is {CARD}.", 2.0, 3.0), messages=[message], outcome_fields=fields)
    kept, _ = redacted(a_draft)
    assert kept.messages == [message.model_copy(update={"about": "Use [redacted]."})]
    assert kept.outcome_fields.values == {"card": "[redacted]", "order": 4711, "new": True, "by": None}
    assert a_draft.transcript.messages[0].about == f"Use {CARD}."


def test_the_file_of_the_release_before_is_still_a_transcript() -> None:
    old = transcript().model_dump(exclude={"actions", "messages", "outcome_fields"})
    told = Transcript.model_validate(old)
    assert (told.messages, told.outcome_fields.values) == ([], None)


@pytest.mark.parametrize(("delivered", "left_over"), [(True, {"waits"}), (False, set())])
def test_news_that_nobody_takes_are_deleted_after_the_days_of_the_calls(
    folders: Folders, delivered: bool, left_over: set[str]
) -> None:
    for folder, name, days in (
        (folders.failed, "failed", 31),
        (folders.failed, "failed-lately", 29),
        (folders.outbox, "waits", 31),
        (folders.outbox, "waits-since-lately", 29),
    ):
        write(folder / f"{name}.json", "{}")
        os.utime(folder / f"{name}.json", (time.time() - days * 86_400,) * 2)
    keeper.delete_old_in_outbox(folders, HOOKED if delivered else line())
    assert {file.stem for file in folders.outbox.rglob("*.json")} == {"failed-lately", "waits-since-lately"} | left_over


def test_what_cannot_be_deleted_is_told_once_and_keeps_nothing_else(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, also_stuck, old = (kept_since(folders, days) for days in (33, 32, 31))
    rename = Path.rename

    def refused(folder: Path, target: Path) -> Path:
        if folder in (stuck, also_stuck):
            raise PermissionError(13, "Permission denied")
        return rename(folder, target)

    monkeypatch.setattr(Path, "rename", refused)
    keeper.delete_old(folders, Recording())
    assert (stuck.exists(), also_stuck.exists(), old.exists()) == (True, True, False)
    [error] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert error == "2 of the old records cannot be deleted; the first error is: [Errno 13] Permission denied"


def test_news_that_cannot_be_deleted_keep_none_of_the_others(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a-stuck", "old"):
        write(folders.failed / f"{name}.json", "{}")
        os.utime(folders.failed / f"{name}.json", (time.time() - 31 * 86_400,) * 2)
    delete = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.stem == "a-stuck":
            raise PermissionError(13, "Permission denied")
        delete(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    keeper.delete_old_in_outbox(folders, HOOKED)
    assert [file.stem for file in folders.failed.glob("*.json")] == ["a-stuck"]
