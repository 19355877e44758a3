"""Which line answers which numbers: the folders of LINES_FOLDER, and PHONE_NUMBERS for a line that names none.

Only `numbers` is read from a line's file. The agent checks everything else in it.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bootstrap import numbers
from bootstrap.text import quote

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
FILE = "line.toml"
EXAMPLE = 'write a list like numbers = ["+12025550100"]'

Lines = Mapping[str, tuple[str, ...]]  # a line's name -> the numbers it answers, in order


class LinesError(ValueError):
    """Every problem with the lines, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def read_lines(folder: Path, phone_numbers: Sequence[str] | None) -> Lines:
    """Read every line's numbers; `phone_numbers` is None when PHONE_NUMBERS itself is wrong."""
    named: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for line in list_folders(folder):
        try:
            named[line.name] = read_numbers(line)
        except ValueError as error:
            problems.append(f"{line.parent.name}/{line.name}{error}")
    problems += find_shared(folder.name, named) + find_several_without(folder.name, named)
    left = numbers_left(named, phone_numbers or ())
    if not problems and phone_numbers is not None and not left:
        problems += find_left_out(folder.name, named)
    if problems:
        raise LinesError(problems)
    return {line: answered or left for line, answered in named.items()}


def list_folders(folder: Path) -> list[Path]:
    try:
        lines = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise LinesError([f"LINES_FOLDER is {quote(str(folder))}, which cannot be read: {error.strerror}"]) from None
    if not lines:
        raise LinesError([f"LINES_FOLDER is {quote(str(folder))}, which holds no line; `make up` makes the first one"])
    return lines


def read_numbers(line: Path) -> tuple[str, ...]:
    """Read a line's own numbers, () when it names none; a ValueError completes the sentence "lines/<name> …"."""
    if not NAME.fullmatch(line.name):
        raise ValueError(
            ": a line's folder name has 1 to 32 of the characters a-z 0-9 - and does not begin with a hyphen; rename it"
        )
    try:
        values = tomllib.loads((line / FILE).read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ValueError(f" has no {FILE}: create one (it may be empty), or move the folder away") from None
    except OSError as error:
        raise ValueError(f"/{FILE} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"/{FILE} is not valid TOML: {error}; save it as UTF-8") from None
    except ValueError as error:
        raise ValueError(f"/{FILE} is not valid TOML: {error}") from None
    try:
        return parse_value(values.get("numbers", []))
    except ValueError as error:
        raise ValueError(f"/{FILE}: numbers {error}") from None


def parse_value(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"is {quote(str(value))}; {EXAMPLE}")
    if strange := [entry for entry in value if not isinstance(entry, str)]:
        raise ValueError(f"holds {quote(str(strange[0]))} without quotes; {EXAMPLE}")
    return numbers.parse_all(value)


def find_shared(folder: str, named: Lines) -> list[str]:
    """Name every number that two lines claim."""
    owners: dict[str, str] = {}
    problems = []
    for line, answered in named.items():
        for number in answered:
            first = owners.setdefault(number, line)
            if first != line:
                problems.append(
                    f"{folder}/{line}/{FILE}: numbers holds {number}, which {folder}/{first}/{FILE} holds too; "
                    "keep it in one of them"
                )
    return problems


def find_several_without(folder: str, named: Lines) -> list[str]:
    """Name the lines without numbers, if there are several: it would be unclear which one answers PHONE_NUMBERS."""
    files = [f"{folder}/{line}/{FILE}" for line, answered in named.items() if not answered]
    if len(files) < 2:
        return []
    return [f"{', '.join(files)}: numbers is set in none of them, and only one line may go without; {EXAMPLE}"]


def find_left_out(folder: str, named: Lines) -> list[str]:
    """Name the line without numbers, for which no number of PHONE_NUMBERS is left."""
    return [
        f"{folder}/{line}/{FILE}: numbers is not set, and other lines answer all of PHONE_NUMBERS; "
        f"{EXAMPLE}, or add the line's number to PHONE_NUMBERS"
        for line, answered in named.items()
        if not answered
    ]


def numbers_left(named: Lines, phone_numbers: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers of PHONE_NUMBERS that no line names."""
    taken = {number for answered in named.values() for number in answered}
    return tuple(number for number in phone_numbers if number not in taken)
