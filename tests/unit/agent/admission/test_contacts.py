"""contacts.csv as spreadsheets write it: taken where it is certain what is meant, else row and cure are named."""

import tomllib
from pathlib import Path

import pytest

from agent import languages
from agent.admission.contacts import parse
from agent.admission.owner_files import owner_files, read_contacts

PEOPLE = {"+12025550123": ("Ann Smith", "likes tea, not coffee"), "+4930123456": ("Jörg", "")}

TAKEN = {
    "commas": 'number,name,notes\n+12025550123,Ann Smith,"likes tea, not coffee"\n+4930123456,Jörg,\n',
    "semicolons": "number;name;notes\n+12025550123;Ann Smith;likes tea, not coffee\n+4930123456;Jörg;\n",
    "tabs": "number\tname\tnotes\n+12025550123\tAnn Smith\tlikes tea, not coffee\n+4930123456\tJörg\t\n",
    "quotes around everything": '"number";"name";"notes"\n"+12025550123";"Ann Smith";"likes tea, not coffee"\n'
    '"+4930123456";"Jörg";""\n',
    "Excel's own first row": "sep=;\nnumber;name;notes\n+12025550123;Ann Smith;likes tea, not coffee\n"
    "+4930123456;Jörg;\n",
    "capitals": "Number;NAME;Notes \n+12025550123;Ann Smith;likes tea, not coffee\n+4930123456;Jörg;\n",
    "German": "Telefonnummer;Name;Bemerkung\n+12025550123;Ann Smith;likes tea, not coffee\n+4930123456;Jörg;\n",
    "Spanish": "Teléfono;Nombre;Notas\n+12025550123;Ann Smith;likes tea, not coffee\n+4930123456;Jörg;\n",
    "French": "Tél.;Nom;Remarques\n+12025550123;Ann Smith;likes tea, not coffee\n+4930123456;Jörg;\n",
    "other columns in between": "Name;Born;Phone number;E-mail;Notes\n"
    "Ann Smith;1970;+12025550123;a@b.example;likes tea, not coffee\nJörg;;+4930123456;;\n",
    "empty columns and rows": ";;;;\nnumber;name;notes;;\n;;;;\n+12025550123;Ann Smith;likes tea, not coffee;;\n\n"
    "+4930123456;Jörg;;;\n;;;;\n",
    "numbers as they are dialled": "number;name;notes\n(202) 555-0123;Ann Smith;likes tea, not coffee\n"
    "+49 (0)30 123456;Jörg;\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lines/coffee").mkdir(parents=True)
    return tmp_path / "lines/coffee"


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_a_table_is_read_however_a_spreadsheet_has_written_it(text: str) -> None:
    assert parse(text, "US") == PEOPLE


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_whichever_system_has_saved_it(folder: Path, tmp_path: Path, encoding: str, ends: str) -> None:
    (folder / "contacts.csv").write_bytes(TAKEN["tabs"].replace("\n", ends).encode(encoding))
    assert read_contacts(folder, tmp_path / "kept") == PEOPLE
    (folder / "contacts.csv").write_text("nothing like it")
    assert read_contacts(folder, tmp_path / "kept") == PEOPLE  # the last good version is kept in one form


def test_a_separator_within_a_line_of_text_does_not_begin_a_row() -> None:
    notes = "first\u2028second\x85third"
    assert parse(f'number,name,notes\n+12025550123,Ann,{notes}\n+4930123456,Jo,"a\nb"\n') == {
        "+12025550123": ("Ann", notes),
        "+4930123456": ("Jo", "a\nb"),
    }


@pytest.mark.parametrize(
    "text", ["", "\n\n", ",,\n;;\n", "\u00a0\n", '"";""\n', "number,name,notes\n", "Number;Name;Notes"]
)
def test_a_file_without_people_is_right(text: str) -> None:
    assert parse(text) == {}


@pytest.mark.parametrize("language", languages.known())
def test_every_language_has_words_for_each_column_and_none_means_two(language: str) -> None:
    assert set(languages.contact_columns().values()) == {"number", "name", "notes"}
    own = tomllib.loads((languages.FOLDER / language / "contacts.toml").read_text("utf-8"))
    assert set(own) == {"number", "name", "notes"}
    for column, words in own.items():
        assert {languages.contact_columns()[languages.bare(word)] for word in words} == {column}


REFUSED = {
    "a number that Excel has rounded": (
        "Number;Name;Notes\n1.20E+10;Ann;\n",
        "row 2 has '1.20…' where a number is expected: a spreadsheet has changed it, so format the column as text",
    ),
    "two columns for the number": (
        "Name,Phone,Mobile,Notes\nAnn,+12025550123,,\n",
        "row 1 has 2 columns for the number (Phone, Mobile): keep one of them",
    ),
    "a header without notes": ("number;name\n+12025550123;Ann\n", "row 1 is not the header: make number,name,notes"),
    "a header after Excel's own row": ("sep=;\n\nAnn;+12025550123;\n", "row 3 is not the header: make number,name"),
    "a header after empty rows": (";;\n\n;;\nAnn;+12025550123;\n", "row 4 is not the header: make number,name"),
    "another separator than in the header": (
        "number,name,notes\n+12025550123;Ann;\n",
        "row 2 has 1 field, but 3 are expected (number,name,notes): write a comma between two fields, even if one",
    ),
    "a semicolon too many": (
        "number;name;notes\n+12025550123;Ann;tea; not coffee\n",
        'row 2 has 4 fields, but 3 are expected (number,name,notes): put text that contains a semicolon into "…"',
    ),
    "a number of another country without its code": (
        "number,name,notes\n030 123456,Ann,\n",
        "row 2 has '030 …' where a number is expected: write it with its country code, as +12025550123",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_may_mean_something_else_is_refused_with_the_row_and_the_cure(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="row ") as refused:
        parse(text, "US")
    assert str(refused.value).startswith(problem)
    assert "Ann" not in str(refused.value)


@pytest.mark.parametrize(
    "content", ["number,name,notes\n".encode("utf-16-le"), "number,name,notes\n".encode("utf-16-be"), b"PK\x03\x04\0\0"]
)
def test_what_is_no_text_in_a_known_encoding_is_refused(folder: Path, content: bytes) -> None:
    (folder / "contacts.csv").write_bytes(content)
    [problem] = [problem for file in owner_files(folder) for problem in file.problems()]
    assert problem.startswith("lines/coffee/contacts.csv row 1 is not UTF-8 at byte ")
    assert problem.endswith(": save it as UTF-8")
