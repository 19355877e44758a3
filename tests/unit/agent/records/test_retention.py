"""Every line's records are looked after by its own settings, whatever goes wrong with another's."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.appointments.embedded import open_store, store_of
from agent.lines.folder import LinesFolder
from agent.records import delivery, retention
from agent.records.folders import Folders, new_record
from agent.records.retention import _Keepers
from agent.records.webhook import outbox
from agent.storage.private_files import make_folder, write
from tests.support.fakes.http_receiver import Receiver
from tests.unit.agent.fakes import until
from tests.unit.agent.lines.test_folder import make, remove
from tests.unit.agent.records.test_finalize import kept_since
from tests.unit.agent.records.test_folders import ADOPTED, files, release_before

SECRET = SecretStr("s" * 32)


class House:
    """Lines and their records, looked after when a test says so."""

    def __init__(self, tmp_path: Path) -> None:
        self.path, self.data = tmp_path / "lines", tmp_path / "data"
        self.secrets = {"SECRET": SECRET}
        self.lines = LinesFolder(self.path, self.secrets, tmp_path / "kept")
        self.keepers = _Keepers(self.lines, self.data)

    def line(self, name: str, settings: str = "") -> Folders:
        if (self.path / name).exists():
            (self.path / name / "line.toml").write_text(settings)
        else:
            make(self.path, name, settings)
        return Folders(name, self.data)

    async def look(self) -> None:
        await self.keepers.look()


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(retention, "TIDIED_EVERY", 0)
    monkeypatch.setattr(delivery, "LOOKED_EVERY", 0.01)
    house = House(tmp_path)
    yield house
    house.keepers.stop()


async def test_each_line_keeps_its_records_as_long_as_it_says(house: House) -> None:
    coffee, dentist = house.line("coffee", "[recording]\nkeep_days = 7"), house.line("dentist")
    records = [kept_since(folders, days) for folders in (coffee, dentist) for days in (6, 8, 31)]
    await house.look()
    assert [record.exists() for record in records] == [True, False, False, True, True, False]


async def test_each_line_has_megabytes_of_its_own(house: House) -> None:
    coffee, dentist = house.line("coffee", "[recording]\nkeep_mb = 1"), house.line("dentist")
    records = [kept_since(folders, days, 600_000) for folders in (coffee, dentist) for days in (2, 1)]
    await house.look()
    assert [record.exists() for record in records] == [False, True, True, True]


async def test_a_record_is_out_of_sight_while_it_is_deleted_and_a_deletion_that_was_interrupted_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk may want to put a file into it."""
    old = kept_since(house.line("coffee"), 31)
    seen: list[str] = []

    def interrupted(folder: Path) -> None:
        seen.extend(it.name for it in old.parent.iterdir())
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        await house.look()
    assert seen == [f".{old.name}"]
    await house.look()
    assert not old.parent.exists()


def noted_since(folders: Folders, days: float) -> Path:
    """The note of a call that was so many days ago."""
    note = folders.note_of(new_record(time.time() - days * 86_400))
    write(note, "{}")
    return note


async def test_notes_are_kept_as_long_as_records_whose_line_says_so(house: House) -> None:
    coffee, dentist = house.line("coffee", "[recording]\nkeep_days = 7"), house.line("dentist")
    notes = [noted_since(folders, days) for folders in (coffee, dentist) for days in (6, 8, 31)]
    await house.look()
    assert [note.exists() for note in notes] == [True, False, False, True, True, False]
    assert not notes[1].parent.exists()


async def test_a_note_that_a_crash_has_left_half_written_is_deleted_when_it_is_old(house: House) -> None:
    old, new = noted_since(house.line("coffee"), 31), noted_since(house.line("coffee"), 29)
    half = [note.rename(note.with_name(f".{note.name}.1f2e3d")) for note in (old, new)]
    await house.look()
    assert [note.exists() for note in half] == [False, True]
    assert not old.parent.exists()


async def test_notes_of_a_line_whose_folder_is_gone_are_deleted_too(house: House) -> None:
    house.line("coffee")
    old, new = noted_since(Folders("tea", house.data), 31), noted_since(Folders("tea", house.data), 29)
    await house.look()
    assert (old.exists(), new.exists()) == (False, True)


async def test_the_note_of_a_record_that_is_deleted_stays_until_its_age(house: House) -> None:
    coffee = house.line("coffee", "[recording]\nkeep_mb = 1")
    records, note = [kept_since(coffee, days, 600_000) for days in (2, 1)], noted_since(coffee, 2)
    await house.look()
    assert [record.exists() for record in records] == [False, True]
    assert note.exists()


async def test_what_is_no_note_is_not_deleted(house: House) -> None:
    coffee = house.line("coffee")
    for name in ("2020-01-01/readme.json", "somewhere/142233-1f2e3d.json"):
        write(coffee.noted / name, "{}")
    await house.look()
    assert len(list(coffee.noted.glob("*/*.json"))) == 2


async def test_a_line_whose_folder_is_gone_keeps_its_records_as_long_as_it_said(house: House) -> None:
    tea = house.line("tea", "[recording]\nkeep_days = 365")
    house.line("coffee")
    long_ago, lately = kept_since(tea, 366), kept_since(tea, 300)
    await house.look()
    assert (long_ago.exists(), lately.exists()) == (False, True)
    remove(house.path / "tea")
    long_ago = kept_since(tea, 366)
    await house.look()
    assert (long_ago.exists(), lately.exists()) == (False, True)


async def test_a_folder_of_lines_that_is_away_for_a_while_takes_no_records(house: House) -> None:
    coffee = house.line("coffee", "[recording]\nkeep_days = 365")
    await house.look()
    record = kept_since(coffee, 300)
    house.path.rename(house.path.with_name("away"))
    await house.look()
    assert record.exists()


async def test_a_line_that_this_host_has_never_known_keeps_its_records_for_the_usual_days(house: House) -> None:
    house.line("coffee")
    old, young = (kept_since(Folders("tea", house.data), days) for days in (31, 29))
    await house.look()
    assert (old.exists(), young.exists()) == (False, True)


async def test_an_error_with_one_lines_records_keeps_none_of_the_others_and_is_raised(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [house.line(name) for name in ("bakery", "coffee", "dentist")]
    records = [kept_since(folders, 31) for folders in lines]
    looks = retention._looks

    def failing(folders: Folders) -> list[tuple[str, int]]:
        if folders.line == "bakery":
            raise PermissionError(13, "Permission denied")
        return looks(folders)

    monkeypatch.setattr(retention, "_looks", failing)
    with pytest.raises(PermissionError):
        await house.look()
    assert [record.exists() for record in records] == [True, False, False]


async def test_a_broken_line_toml_keeps_the_other_lines_from_nothing_and_is_for_its_calls_to_tell(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    coffee, dentist = house.line("coffee", "[recording]\nkeep_days = 365"), house.line("dentist")
    await house.look()
    house.line("coffee", "[recording]\nkeep_days = 0")
    kept, deleted = kept_since(coffee, 300), kept_since(dentist, 31)
    caplog.clear()
    for _ in range(3):
        await house.look()
    assert (kept.exists(), deleted.exists()) == (True, False)
    assert not [record for record in caplog.records if "line.toml" in record.getMessage()]


@pytest.mark.parametrize(
    ("settings", "whose"),
    [
        ({"bakery": 'numbers = ["+12025550101"]', "coffee": ""}, "coffee"),
        ({"bakery": 'numbers = ["+12025550101"]', "coffee": 'numbers = ["+12025550102"]'}, "bakery"),
        ({"coffee": ""}, "coffee"),
    ],
)
async def test_what_a_release_without_lines_left_is_the_lines_that_answers_phone_numbers(
    house: House, settings: dict[str, str], whose: str
) -> None:
    for name, its in settings.items():
        house.line(name, its + "\n[recording]\nkeep_days = 3650")
    release_before(house.data)
    await house.look()
    adopted = {path.replace("coffee", whose) for path in ADOPTED}
    assert {path for path in files(house.data) if ".work" not in path and "failed" not in path} >= {
        path for path in adopted if ".work" not in path and "failed" not in path
    }


async def test_records_that_cannot_be_adopted_keep_nothing_else_and_are_adopted_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    coffee = house.line("coffee", "[recording]\nkeep_days = 3650\n")
    old = kept_since(house.line("dentist"), 31)
    release_before(house.data)
    rename = Path.rename

    def read_only_for_others(path: Path, target: Path) -> Path:
        if path == old:
            return rename(path, target)
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "rename", read_only_for_others)
        with pytest.raises(OSError, match="Read-only"):
            await house.look()
    assert not old.exists()
    assert not (coffee.calls / "2026-11-25/142233-1f2e3d").exists()
    await house.look()
    assert (coffee.calls / "2026-11-25/142233-1f2e3d").exists()


def post(folders: Folders, event: str) -> Path:
    outbox.post(event, "", {"line": folders.line}, folders)
    return folders.outbox / f"{event}.json"


HOOK = '[webhook]\nurl = "{}"\nsecret = "SECRET"\n'


async def test_each_lines_events_go_to_its_own_address(house: House) -> None:
    async with Receiver() as of_coffee, Receiver() as of_dentist:
        house.secrets |= {"COFFEE": SecretStr(of_coffee.url), "DENTIST": SecretStr(of_dentist.url)}
        coffee, dentist = house.line("coffee", HOOK.format("COFFEE")), house.line("dentist", HOOK.format("DENTIST"))
        silent = post(house.line("bakery"), "evt-3")
        events = [post(coffee, "evt-1"), post(dentist, "evt-2")]
        await house.look()
        await until(lambda: not any(event.exists() for event in events))
        assert [request.headers["webhook-id"] for request in of_coffee.received] == ["evt-1"]
        assert [request.headers["webhook-id"] for request in of_dentist.received] == ["evt-2"]
        assert silent.exists()
        house.keepers.stop()


async def test_an_address_that_is_changed_switched_off_or_on_while_the_line_is_up_holds_at_the_next_look(
    house: House,
) -> None:
    async with Receiver() as first, Receiver() as second:
        house.secrets |= {"FIRST": SecretStr(first.url), "SECOND": SecretStr(second.url)}
        for settings, receiver, event in (
            ("", None, "evt-0"),
            (HOOK.format("FIRST"), first, "evt-1"),
            (HOOK.format("SECOND"), second, "evt-2"),
            ("", None, "evt-3"),
            (HOOK.format("FIRST"), first, "evt-4"),
        ):
            coffee = house.line("coffee", settings)
            await house.look()
            news = post(coffee, event)
            if receiver:
                await until(lambda news=news: not news.exists())  # type: ignore[misc]
        assert sorted(request.headers["webhook-id"] for request in first.received) == [
            "evt-0",
            "evt-1",
            "evt-3",
            "evt-4",
        ]
        assert [request.headers["webhook-id"] for request in second.received] == ["evt-2"]
        house.keepers.stop()


async def test_settings_that_stay_as_they_are_deliver_nothing_twice(house: House) -> None:
    async with Receiver() as receiver:
        house.secrets["COFFEE"] = SecretStr(receiver.url)
        news = post(house.line("coffee", HOOK.format("COFFEE")), "evt-1")
        for _ in range(20):
            await house.look()
        await until(lambda: not news.exists())
        assert len(receiver.received) == 1
        house.keepers.stop()


async def test_events_that_wait_for_no_address_are_deleted_as_late_as_the_lines_records(house: House) -> None:
    coffee, dentist = house.line("coffee", "[recording]\nkeep_days = 7"), house.line("dentist")
    events = [post(folders, "evt-1") for folders in (coffee, dentist)]
    for event in events:
        os.utime(event, (time.time() - 8 * 86_400,) * 2)
    await house.look()
    assert [event.exists() for event in events] == [False, True]


def kept_appointment(house: House, line: str, over: float) -> None:
    """Put an appointment that has been over for so many days into a line's store; to come, if it is negative."""
    file = store_of(line, house.data)
    make_folder(file.parent)
    ends = time.time() - over * 86_400
    with closing(open_store(file)) as database:
        row = (f"{over}", "table", ends - 3600, ends, "Anna", "+12025550123", "", None)
        database.execute("INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def there(house: House, line: str) -> list[str]:
    with closing(open_store(store_of(line, house.data))) as database:
        return [uid for (uid,) in database.execute("SELECT uid FROM appointments ORDER BY begins")]


async def test_appointments_that_are_over_are_kept_as_long_as_the_line_says(house: House) -> None:
    house.line("coffee", "[calendar]\nkeep_days = 7")
    house.line("dentist")
    for line in ("coffee", "dentist"):
        for over in (61, 8, 6, -1):
            kept_appointment(house, line, over)
    await house.look()
    assert (there(house, "coffee"), there(house, "dentist")) == (["6", "-1"], ["8", "6", "-1"])


async def test_appointments_of_a_line_whose_folder_is_gone_are_deleted_by_its_last_settings(house: House) -> None:
    house.line("coffee", "[calendar]\nkeep_days = 7")
    house.line("dentist")
    await house.look()
    remove(house.path / "coffee")
    for over in (8, 6):
        kept_appointment(house, "coffee", over)
    await house.look()
    assert there(house, "coffee") == ["6"]


async def test_a_copy_that_an_upgrade_has_left_is_kept_no_longer_than_what_is_in_it(house: House) -> None:
    house.line("coffee")
    kept_appointment(house, "coffee", 1)
    copy = store_of("coffee", house.data).with_name("coffee.db.v1")
    for days, is_kept in ((59, True), (61, False)):
        copy.touch()
        os.utime(copy, times=(time.time() - days * 86_400,) * 2)
        await house.look()
        assert copy.exists() == is_kept


async def test_appointments_that_cannot_be_read_are_in_the_log_and_nothing_else_waits_for_them(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    folders = house.line("coffee")
    old = kept_since(folders, 31)
    make_folder(store_of("coffee", house.data).parent)
    store_of("coffee", house.data).write_text("not a database, but long enough to be taken for one" * 40)
    await house.look()
    assert not old.exists()
    assert "The appointments of the line coffee that are over cannot be deleted" in caplog.text


async def test_a_line_without_appointments_gets_no_store_by_this(house: House) -> None:
    house.line("coffee")
    await house.look()
    assert not store_of("coffee", house.data).exists()
