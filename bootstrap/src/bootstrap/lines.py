"""Which line answers which numbers: the folders of LINES_FOLDER, and PHONE_NUMBERS for a line that names none.

Only `numbers` and `also_dialled` are read from a line's file. The agent checks everything else in it.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap import number_forms, numbers
from bootstrap.text import quote

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
FILE = "line.toml"
EXAMPLE = 'write a list like numbers = ["+12025550100"]'
EXAMPLE_OF_FORMS = 'write a list like also_dialled = ["2025550100"]'

# A line's name -> what its trunk answers: the line's numbers in order, then how carriers also write them.
Lines = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Named:
    """What a line's own file names."""

    numbers: tuple[str, ...]
    also_dialled: tuple[str, ...]


class LinesError(ValueError):
    """Every problem with the lines, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def read_lines(folder: Path, phone_numbers: Sequence[str] | None, forms: Sequence[str] = ()) -> Lines:
    """Read what every line answers.

    `phone_numbers` is None when PHONE_NUMBERS itself is wrong. `forms` are the trunk provider's `number_forms`.
    """
    named: dict[str, Named] = {}
    problems: list[str] = []
    for line in list_folders(folder):
        try:
            named[line.name] = read_line(line)
        except ValueError as error:
            problems.append(f"{line.parent.name}/{line.name}{error}")
    own = {line: its.numbers for line, its in named.items()}
    takes_the_rest = find_those_that_take_the_rest(named)
    problems += find_shared(folder.name, own) + find_several_without(folder.name, takes_the_rest)
    left = numbers_left(own, phone_numbers or ())
    if not problems and phone_numbers is not None and not left:
        problems += find_left_out(folder.name, [line for line in takes_the_rest if not named[line].also_dialled])
    answered = {
        line: add_forms(its.numbers or (left if line in takes_the_rest else ()), its.also_dialled, forms)
        for line, its in named.items()
    }
    problems = problems or find_shared_forms(folder.name, answered)
    if problems:
        raise LinesError(problems)
    return answered


def list_folders(folder: Path) -> list[Path]:
    try:
        lines = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise LinesError([f"LINES_FOLDER is {quote(str(folder))}, which cannot be read: {error.strerror}"]) from None
    if not lines:
        raise LinesError([f"LINES_FOLDER is {quote(str(folder))}, which holds no line; `make up` makes the first one"])
    return lines


def read_line(line: Path) -> Named:
    """Read what a line's file names; a ValueError completes the sentence "lines/<name> …"."""
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
        told = str(error).replace("(at line ", "(at row ")
        raise ValueError(f"/{FILE} is not valid TOML: {told}") from None
    return Named(
        read_list(values, "numbers", numbers.parse_all, EXAMPLE),
        read_list(values, "also_dialled", number_forms.parse_all, EXAMPLE_OF_FORMS),
    )


def read_list(
    values: Mapping[str, Any], key: str, parse_all: Callable[[Sequence[str]], tuple[str, ...]], example: str
) -> tuple[str, ...]:
    value = values.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"/{FILE}: {key} is {quote(str(value))}; {example}")
    if strange := [entry for entry in value if not isinstance(entry, str)]:
        raise ValueError(f"/{FILE}: {key} holds {quote(str(strange[0]))} without quotes; {example}")
    try:
        return parse_all(value)
    except ValueError as error:
        raise ValueError(f"/{FILE}: {key} {error}") from None


def add_forms(answered: Sequence[str], also_dialled: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
    """Add how carriers also write a line's numbers; of forms that LiveKit compares as the same, the first stays."""
    derived = [form for number in answered for form in number_forms.forms_of(number, kinds)]
    forms: dict[str, str] = {}
    for form in (*answered, *also_dialled, *derived):
        forms.setdefault(number_forms.as_compared(form), form)
    return tuple(forms.values())


def find_those_that_take_the_rest(named: Mapping[str, Named]) -> list[str]:
    """Name the lines that answer those of PHONE_NUMBERS that no line names; more than one is a mistake.

    A line that names only extensions of a PBX is among them only if it is the one line without numbers.
    """
    without = [line for line, its in named.items() if not its.numbers]
    return without if len(without) == 1 else [line for line in without if not named[line].also_dialled]


def find_shared(folder: str, own: Lines) -> list[str]:
    """Name every number that two lines claim."""
    return [
        f"{folder}/{line}/{FILE}: numbers holds {number}, which {folder}/{first}/{FILE} holds too; "
        "keep it in one of them"
        for line, number, first in claims_of_others(own)
    ]


def find_shared_forms(folder: str, answered: Lines) -> list[str]:
    """Name every form that would be answered by two lines."""
    return [
        f"{folder}/{line}/{FILE}: a call to {form} would be for {folder}/{first}/{FILE}, too, by its "
        "numbers, its also_dialled or the number_forms of TRUNK_PROVIDER; keep it in one of them"
        for line, form, first in claims_of_others(answered)
    ]


def claims_of_others(claimed: Lines) -> Iterator[tuple[str, str, str]]:
    """Yield each line with a number or form that an earlier line has claimed already, and that line."""
    owners: dict[str, str] = {}
    for line, forms in claimed.items():
        for form in forms:
            first = owners.setdefault(number_forms.as_compared(form), line)
            if first != line:
                yield line, form, first


def find_several_without(folder: str, without: Sequence[str]) -> list[str]:
    """Name the lines without numbers, if there are several: it would be unclear which one answers PHONE_NUMBERS."""
    files = [f"{folder}/{line}/{FILE}" for line in without]
    if len(files) < 2:
        return []
    return [f"{', '.join(files)}: numbers is set in none of them, and only one line may go without; {EXAMPLE}"]


def find_left_out(folder: str, without: Sequence[str]) -> list[str]:
    """Name the line without numbers, for which no number of PHONE_NUMBERS is left."""
    return [
        f"{folder}/{line}/{FILE}: numbers is not set, and other lines answer all of PHONE_NUMBERS; "
        f"{EXAMPLE}, or add the line's number to PHONE_NUMBERS"
        for line in without
    ]


def numbers_left(named: Lines, phone_numbers: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers of PHONE_NUMBERS that no line names."""
    taken = {number for answered in named.values() for number in answered}
    return tuple(number for number in phone_numbers if number not in taken)
