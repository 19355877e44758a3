"""Each line's records lie in folders of its own; what a release without lines left is one line's."""

from pathlib import Path

import pytest

from agent.records.folders import Folders, adopt_records_of_the_release_before, lines_with_records, new_record
from agent.storage.private_files import make_folder, write

RECORD = "2026-11-25_142233-1f2e3d"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def files(data: Path) -> dict[str, str]:
    return {file.relative_to(data).as_posix(): file.read_text() for file in data.rglob("*") if file.is_file()}


def release_before(data: Path) -> None:
    """What a release without lines leaves: a record, one in progress, and two events."""
    write(data / "calls/2026-11-25/142233-1f2e3d/transcript.json", "a call")
    write(data / "calls/2026-11-25/142233-1f2e3d/audio.ogg", "its sound")
    write(data / "calls/2026-11-26/010203-aaaaaa/transcript.json", "another call")
    write(data / "calls/.work/2026-11-26_020304-bbbbbb/draft.json", "in progress")
    write(data / "outbox/call-ended-1.json", "waits")
    write(data / "outbox/failed/call-ended-2.json", "never taken")


ADOPTED = {
    "calls/coffee/2026-11-25/142233-1f2e3d/transcript.json": "a call",
    "calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg": "its sound",
    "calls/coffee/2026-11-26/010203-aaaaaa/transcript.json": "another call",
    "calls/coffee/.work/2026-11-26_020304-bbbbbb/draft.json": "in progress",
    "outbox/coffee/call-ended-1.json": "waits",
    "outbox/coffee/failed/call-ended-2.json": "never taken",
}


def test_two_lines_share_no_folder(data: Path) -> None:
    coffee, dentist = Folders("coffee", data), Folders("dentist", data)
    assert coffee.place_of(RECORD) == data / "calls/coffee/2026-11-25/142233-1f2e3d"
    assert coffee.work_of(RECORD) == data / "calls/coffee/.work" / RECORD
    assert coffee.name_of(RECORD) == "coffee/2026-11-25/142233-1f2e3d"
    assert (coffee.outbox, coffee.failed) == (data / "outbox/coffee", data / "outbox/coffee/failed")
    its, theirs = ({folders.calls, folders.work, folders.outbox, folders.failed} for folders in (coffee, dentist))
    assert not its & theirs


def test_a_records_name_sorts_by_its_time() -> None:
    assert new_record(0).startswith("1970-01-01_000000-")
    assert new_record(1) < new_record(2)
    assert new_record(1) != new_record(1)


def test_lines_are_known_by_what_they_have_left(data: Path) -> None:
    assert lines_with_records(data) == set()
    make_folder(data / "calls/coffee/2026-11-25")
    write(data / "outbox/dentist/call-ended-1.json", "{}")
    make_folder(data / "noted/bakery/2026-11-25")
    make_folder(data / "calls/.work")
    write(data / "outbox/call-ended-2.json", "{}")
    assert lines_with_records(data) == {"bakery", "coffee", "dentist"}


def test_what_a_release_without_lines_left_is_adopted_whole(data: Path) -> None:
    release_before(data)
    adopt_records_of_the_release_before("coffee", ["coffee", "dentist"], data)
    assert files(data) == ADOPTED
    assert {folder.name for folder in (data / "calls").iterdir()} == {"coffee"}
    assert {folder.name for folder in (data / "outbox").iterdir()} == {"coffee"}
    assert {folder.stat().st_mode & 0o7777 for folder in data.rglob("*") if folder.is_dir()} == {0o2770}


def test_what_was_adopted_is_not_adopted_again_by_another_line(data: Path) -> None:
    release_before(data)
    adopt_records_of_the_release_before("coffee", ["coffee"], data)
    for line in ("coffee", "bakery"):
        adopt_records_of_the_release_before(line, ["bakery", "coffee"], data)
    assert files(data) == ADOPTED


def test_days_of_both_releases_are_put_together_and_nothing_is_written_over(data: Path) -> None:
    release_before(data)
    write(data / "calls/coffee/2026-11-25/150000-cccccc/transcript.json", "a call of this release")
    write(data / "calls/coffee/2026-11-26/010203-aaaaaa/transcript.json", "of the same name")
    write(data / "outbox/coffee/call-ended-1.json", "of the same name")
    adopt_records_of_the_release_before("coffee", ["coffee"], data)
    found = files(data)
    assert found["calls/coffee/2026-11-25/150000-cccccc/transcript.json"] == "a call of this release"
    assert found["calls/coffee/2026-11-25/142233-1f2e3d/transcript.json"] == "a call"
    assert found["calls/coffee/2026-11-26/010203-aaaaaa/transcript.json"] == "of the same name"
    assert found["calls/2026-11-26/010203-aaaaaa/transcript.json"] == "another call"
    assert found["outbox/coffee/call-ended-1.json"] == "of the same name"
    assert found["outbox/call-ended-1.json"] == "waits"


def test_lines_whose_names_look_like_folders_of_the_release_before_keep_what_is_theirs(data: Path) -> None:
    write(data / "calls/2026-11-25/2026-12-01/142233-1f2e3d/transcript.json", "of the line 2026-11-25")
    write(data / "outbox/failed/call-ended-1.json", "of the line failed")
    before = files(data)
    adopt_records_of_the_release_before("coffee", ["2026-11-25", "coffee", "failed"], data)
    assert files(data) == before


def test_where_there_is_nothing_to_adopt_nothing_is_made(data: Path) -> None:
    adopt_records_of_the_release_before("coffee", ["coffee"], data)
    assert not data.exists()
