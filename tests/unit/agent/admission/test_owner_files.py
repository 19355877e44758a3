"""Contacts and lists: what is right in them, and what is said of what is wrong."""

from pathlib import Path

import pytest

from agent.admission.caller import Caller
from agent.admission.owner_files import owner_files, read_contacts, read_lists
from tests.support.house import ROOT

ANN, BOB = Caller("+12025550123", anonymous=False), Caller("+19005550100", anonymous=False)
HIDDEN = Caller("", anonymous=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lines/coffee").mkdir(parents=True)
    return tmp_path / "lines/coffee"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def problems(folder: Path) -> list[str]:
    return [problem for file in owner_files(folder) for problem in file.problems()]


def keep_good_versions(folder: Path, kept: Path) -> None:
    for file in owner_files(folder, kept):
        file.read()


def test_the_files_that_are_shipped_know_and_block_nobody(kept: Path) -> None:
    shipped = ROOT / "agent/example/coffee"
    assert {"contacts.csv", "blocked.txt", "allowed.txt"} <= {file.name for file in shipped.iterdir()}
    assert problems(shipped) == []
    assert read_contacts(shipped, kept) == {}
    assert not read_lists(shipped, kept)


def test_an_empty_folder_knows_and_blocks_nobody(folder: Path, kept: Path) -> None:
    assert problems(folder) == []
    keep_good_versions(folder, kept)
    assert read_contacts(folder, kept) == {}


def test_contacts_have_numbers_as_people_write_them_and_text_with_commas(folder: Path, kept: Path) -> None:
    (folder / "contacts.csv").write_text(
        'number,name,notes\r\n+1 (202) 555-0123,Ann Smith,"likes tea, not coffee"\r\n\r\n +49 30 123456 ,Jörg,\r\n'
    )
    assert read_contacts(folder, kept) == {
        "+12025550123": ("Ann Smith", "likes tea, not coffee"),
        "+4930123456": ("Jörg", ""),
    }


def test_the_blocked_are_numbers_beginnings_and_those_who_hide_theirs(folder: Path, kept: Path) -> None:
    (folder / "blocked.txt").write_text("# pests\n+1 202-555-0123  # rings at night\n+1900*\nanonymous\n")
    lists = read_lists(folder, kept)
    assert lists.objection(ANN) == lists.objection(BOB) == lists.objection(HIDDEN) == "the caller is in blocked.txt"
    assert lists.objection(Caller("+12025550124", anonymous=False)) is None


def test_an_allow_list_lets_only_those_in_that_are_in_it_and_not_blocked(folder: Path, kept: Path) -> None:
    (folder / "allowed.txt").write_text("+1*\n")
    (folder / "blocked.txt").write_text("+1900*\n")
    lists = read_lists(folder, kept)
    assert lists.objection(ANN) is None
    assert lists.objection(BOB) == "the caller is in blocked.txt"
    assert lists.objection(HIDDEN) == "the caller is not in allowed.txt"
    assert lists.objection(Caller("+4930123456", anonymous=False)) == "the caller is not in allowed.txt"


WRONG = {
    "another header": ("contacts.csv", "phone;name\n", "row 1 is not the header: make number,name,notes the"),
    "no header": ("contacts.csv", "\n+12025550123,Ann,\n", "row 2 is not the header"),
    "a number without a country": (
        "contacts.csv",
        "number,name,notes\n2025550123,Ann,\n",
        "row 2 has '2025…' where a number is expected: write it with its country code, as +12025550123",
    ),
    "columns the other way round": (
        "contacts.csv",
        "number,name,notes\nAnn,+12025550123,\n",
        "row 2 has something else where a number is expected",
    ),
    "nothing for a number": ("contacts.csv", "number,name,notes\n,Ann,\n", "row 2 has nothing where a number"),
    "one number twice": (
        "contacts.csv",
        "number,name,notes\n+12025550123,Ann,\n+49301234567,Jo,\n+1 202 555 0123,Bob,\n",
        "row 4 has the same number as row 2: keep one of them",
    ),
    "a comma too many": (
        "contacts.csv",
        "number,name,notes\n+12025550123,Ann,likes tea, not coffee\n",
        "row 2 has 4 fields, but 3 are expected (number,name,notes): put text that contains a comma into",
    ),
    "an open quote": (
        "contacts.csv",
        'number,name,notes\n+12025550123,Ann,\n+12025550124,"Bob,\n',
        "row 3 is not CSV",
    ),
    "a text on a list": ("blocked.txt", "# pests\n\nsomebody\n", "row 3 has something else where a number is"),
    "a short number on a list": ("allowed.txt", "+12\n", "row 1 has '+12' where a number is expected"),
    "a beginning of nothing": (
        "blocked.txt",
        "*\n",
        "row 1 has '*' where the beginning of numbers is expected",
    ),
    "a listed number twice": ("blocked.txt", "+1900*\n+1 900*\n", "row 2 has the same number as row 1"),
}


@pytest.mark.parametrize(("file", "content", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_one_problem_that_says_where_and_what_to_do(
    folder: Path, file: str, content: str, problem: str
) -> None:
    (folder / file).write_text(content)
    [found] = problems(folder)
    assert found.startswith(f"lines/coffee/{file} {problem}")
    assert "Ann" not in found
    assert "2025550123," not in found


@pytest.mark.parametrize("file", ["contacts.csv", "blocked.txt", "allowed.txt"])
def test_a_file_that_is_not_utf_8_is_a_problem(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"number,name,notes\n+12025550123,J\xf6rg,\n")
    [found] = problems(folder)
    assert found == f"lines/coffee/{file} row 2 is not UTF-8 at byte 32: save it as UTF-8"


def test_a_wrong_list_keeps_its_last_good_version(folder: Path, kept: Path) -> None:
    (folder / "blocked.txt").write_text("+12025550123\n")
    keep_good_versions(folder, kept)
    (folder / "blocked.txt").write_text("Ann\n")
    assert read_lists(folder, kept).objection(ANN) == "the caller is in blocked.txt"
