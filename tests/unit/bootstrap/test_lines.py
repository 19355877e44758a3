"""Which line answers which numbers, and which folders are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.lines import numbers_left, read_lines
from bootstrap.settings import Settings, load
from tests.unit.bootstrap.conftest import Environment

A, B, C = "+12025550100", "+12025550111", "+12025550122"
Report = Callable[..., list[str]]


@pytest.fixture
def folder(environment: Environment, tmp_path: Path) -> Path:
    """The folder that the settings name, with no line in it."""
    (tmp_path / "lines/coffee/line.toml").unlink()
    (tmp_path / "lines/coffee").rmdir()
    return tmp_path / "lines"


def write(folder: Path, **lines: str) -> None:
    for name, text in lines.items():
        (folder / name).mkdir()
        (folder / name / "line.toml").write_text(text)


def test_a_line_has_its_own_numbers_in_the_order_given(folder: Path) -> None:
    write(folder, coffee=f'numbers = ["{B}", "+1 (202) 555-0100"]', tea=f'numbers = ["{C}"]')
    assert read_lines(folder, [A]) == {"coffee": (B, A), "tea": (C,)}


@pytest.mark.parametrize("text", ["", "numbers = []", 'language = "de"\n[models]\nllm = 7'])
def test_a_line_without_numbers_has_those_that_no_other_line_names(folder: Path, text: str) -> None:
    write(folder, coffee=text, tea=f'numbers = ["{B}"]')
    assert read_lines(folder, [A, B, C]) == {"coffee": (A, C), "tea": (B,)}


def test_a_line_is_also_dialled_as_its_file_and_the_trunk_provider_say(folder: Path) -> None:
    write(folder, coffee='also_dialled = ["100", "(202) 555-0100"]', tea=f'numbers = ["{B}"]')
    assert read_lines(folder, [A], ["international_00", "national"]) == {
        "coffee": (A, "100", "2025550100", "0012025550100"),
        "tea": (B, "0012025550111", "2025550111"),
    }


def test_lines_that_have_only_extensions_leave_the_numbers_to_another(folder: Path) -> None:
    write(folder, bar='also_dialled = ["100"]', coffee="", desk='also_dialled = ["200"]')
    assert read_lines(folder, [A]) == {"bar": ("100",), "coffee": (A,), "desk": ("200",)}
    (folder / "coffee/line.toml").write_text('also_dialled = ["300"]')
    assert read_lines(folder, [A]) == {"bar": ("100",), "coffee": ("300",), "desk": ("200",)}


def test_hidden_folders_and_plain_files_are_no_lines(folder: Path) -> None:
    write(folder, coffee="")
    (folder / ".git").mkdir()
    (folder / "README.md").touch()
    (folder / "secrets.env").touch()
    assert list(read_lines(folder, [A])) == ["coffee"]


def test_numbers_on_no_line_are_found(folder: Path) -> None:
    write(folder, coffee=f'numbers = ["{A}"]')
    lines = read_lines(folder, [A, B, C])
    assert numbers_left(lines, [A, B, C]) == (B, C)
    assert numbers_left(lines, [A]) == ()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ({}, "LINES_FOLDER is 'lines', which holds no line"),
        ({"coffee": "", "tea": ""}, "lines/coffee/line.toml, lines/tea/line.toml: numbers is set in none of them"),
        (
            {"coffee": f'numbers = ["{A}"]', "tea": f'numbers = ["{A}"]'},
            f"lines/tea/line.toml: numbers holds {A}, which lines/coffee/line.toml holds too",
        ),
        (
            {"coffee": "", "tea": f'numbers = ["{A}"]'},
            "lines/coffee/line.toml: numbers is not set, and other lines answer all of PHONE_NUMBERS",
        ),
        ({"coffee": 'numbers = ["12025550100"]'}, "lines/coffee/line.toml: numbers '12025550100' has no + and country"),
        ({"coffee": 'numbers = ["+120255501", "x"]'}, "'x' holds 'x', which is not a digit 0-9"),
        ({"coffee": f'numbers = ["{A}", "{A}"]'}, f"lines/coffee/line.toml: numbers '{A}' repeats"),
        ({"coffee": f'numbers = ["{A}\\u200b"]'}, r"lines/coffee/line.toml: numbers holds '\u200b'"),
        ({"coffee": f'numbers = "{A}"'}, f"lines/coffee/line.toml: numbers is '{A}'; write a list"),
        ({"coffee": "numbers = [12025550100]"}, "lines/coffee/line.toml: numbers holds '12025550100' without quotes"),
        ({"coffee": "numbers = ["}, "lines/coffee/line.toml is not valid TOML: "),
        ({"coffee": 'also_dialled = "100"'}, "lines/coffee/line.toml: also_dialled is '100'; write a list"),
        ({"coffee": "also_dialled = [100]"}, "lines/coffee/line.toml: also_dialled holds '100' without quotes"),
        ({"coffee": 'also_dialled = ["tel:100"]'}, "lines/coffee/line.toml: also_dialled 'tel:100' begins with tel:"),
        (
            {"coffee": 'also_dialled = ["100"]', "tea": f'numbers = ["{B}"]\nalso_dialled = ["+100"]'},
            "lines/tea/line.toml: a call to +100 would be for lines/coffee/line.toml, too",
        ),
        (
            {"coffee": f'numbers = ["{B}"]\nalso_dialled = ["12025550100"]', "tea": ""},
            f"lines/tea/line.toml: a call to {A} would be for lines/coffee/line.toml, too",
        ),
        ({"Coffee": ""}, "lines/Coffee: a line's folder name has 1 to 32 of the characters a-z 0-9 -"),
        ({"-coffee": ""}, "lines/-coffee: a line's folder name has"),
        ({"x" * 33: ""}, "a line's folder name has"),
        ({"bob's": ""}, "a line's folder name has"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_key(
    folder: Path, report: Report, lines: dict[str, str], problem: str
) -> None:
    write(folder, **lines)
    [line] = report(PHONE_NUMBERS=A)
    assert problem in line


def test_every_problem_with_the_lines_and_the_settings_is_in_one_report(folder: Path, report: Report) -> None:
    write(folder, Coffee="", a="", b="", bread="numbers = [", tea=f'numbers = ["{A}"]', wine=f'numbers = ["{A}", "1"]')
    lines = report(PHONE_NUMBERS="1", RINGING_TIMEOUT="0")
    assert [line.partition(" ")[0] for line in lines] == [
        "PHONE_NUMBERS",
        "RINGING_TIMEOUT",
        "lines/Coffee:",
        "lines/bread/line.toml",
        "lines/wine/line.toml:",
        "lines/a/line.toml,",
    ]


def test_a_folder_without_a_file_is_refused(folder: Path, report: Report) -> None:
    (folder / "coffee").mkdir()
    [line] = report()
    assert line.startswith("lines/coffee has no line.toml: create one")


def test_bytes_that_are_no_text_are_refused(folder: Path, report: Report) -> None:
    (folder / "coffee").mkdir()
    (folder / "coffee/line.toml").write_bytes(b"# caf\xe9")
    [line] = report()
    assert line.startswith("lines/coffee/line.toml is not valid TOML: 'utf-8' codec")
    assert line.endswith("; save it as UTF-8")


def test_a_file_that_notepad_has_saved_as_utf_8_is_read(folder: Path) -> None:
    (folder / "coffee").mkdir()
    (folder / "coffee/line.toml").write_bytes(f'numbers = ["{B}"]\r\n'.encode("utf-8-sig"))
    assert read_lines(folder, [A]) == {"coffee": (B,)}


def test_a_file_that_cannot_be_read_is_refused(folder: Path, report: Report) -> None:
    (folder / "coffee/line.toml").mkdir(parents=True)
    [line] = report()
    assert line == "lines/coffee/line.toml cannot be read: Is a directory"


def test_a_folder_that_is_not_there_is_refused(report: Report) -> None:
    [line] = report(LINES_FOLDER="/no/such/folder")
    assert line == "LINES_FOLDER is '/no/such/folder', which cannot be read: No such file or directory"


def test_a_wrong_folder_name_is_one_problem(report: Report) -> None:
    [line] = report(LINES_FOLDER="'lines'")
    assert line.startswith("LINES_FOLDER holds a quote")


def test_the_folder_is_named_by_the_settings(folder: Path, environment: Environment, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    write(other, tea="")
    environment(LINES_FOLDER=str(other), PHONE_NUMBERS=A)
    assert load(Settings)[1] == {"tea": (A,)}
