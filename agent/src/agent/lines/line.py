"""All settings of one line: the shape of line.toml."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, SecretStr, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from agent import languages
from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.handling import Handling
from agent.lines.limits import Limits
from agent.lines.lookup import Lookup
from agent.lines.models import Models
from agent.lines.recording import Recording
from agent.lines.secret import NAME
from agent.lines.turns import Turns
from agent.lines.webhook import Webhook
from agent.settings.values import is_secret
from agent.storage.live_file import FileError

E164 = re.compile(r"\+[1-9]\d{6,14}")
KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"({KEY}(?:\s*\.\s*{KEY})*)"
HEADER = re.compile(rf"\s*\[\[?\s*{DOTTED}\s*\]")
ASSIGNED = re.compile(rf"\s*{DOTTED}\s*=")
LONGEST_SHOWN = 80  # characters of a value that is wrong


def _check_number(number: str) -> str:
    if not E164.fullmatch(number):
        raise ValueError("should be a number with its country, such as +12025550100")
    return number


def _check_language(language: str) -> str:
    if language not in languages.known():
        raise ValueError(f"is not a language of this release, which has {', '.join(languages.known())}")
    return language


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not the name of a time zone, such as Europe/Berlin or America/New_York") from None
    return name


Number = Annotated[
    str, AfterValidator(_check_number), WithJsonSchema({"type": "string", "pattern": f"^{E164.pattern}$"})
]
Language = Annotated[
    str, AfterValidator(_check_language), WithJsonSchema({"type": "string", "enum": languages.known()})
]
Timezone = Annotated[str, AfterValidator(_check_timezone)]


class Line(Group):
    """One line. Its name is that of its folder; its secrets have been found in lines/secrets.env."""

    numbers: list[Number] = Field(
        default_factory=list,
        description="The numbers this line answers, in E.164 form; empty: those of PHONE_NUMBERS in .env that no other "
        "line names.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    language: Language = setting(
        "en",
        "The language of the line, as ISO 639-1 code; all but en need a key, since the embedded models know English.",
    )
    timezone: Timezone = setting("UTC", "The time zone in which a day begins for the limits, such as Europe/Berlin.")
    models: Models = Field(default_factory=Models)
    turns: Turns = Field(default_factory=Turns)
    handling: Handling = Field(default_factory=Handling)
    limits: Limits = Field(default_factory=Limits)
    recording: Recording = Field(default_factory=Recording)
    lookup: Lookup = Field(default_factory=Lookup)
    webhook: Webhook = Field(default_factory=Webhook)

    _name: str = PrivateAttr("")

    @classmethod
    def without_a_folder(cls, name: str) -> Self:
        """Make a line with all its defaults, for what is left of one whose folder is gone."""
        line = cls()
        line._name = name
        return line

    def longest_call(self, at_most: int) -> int:
        """Return the seconds that a call may last where the host allows `at_most`."""
        return min(self.limits.max_call_duration or at_most, at_most)

    @property
    def name(self) -> str:
        """The line's folder, which names it in logs, records and rules."""
        return self._name


class Objection(NamedTuple):
    """What is wrong with one setting: its name, such as models.llm, and what completes "has models.llm …"."""

    key: str
    about: str


def parse(
    text: str,
    name: str,
    secrets: Mapping[str, SecretStr],
    judge: Callable[[Line], Iterable[Objection]] = lambda _: (),
) -> Line:
    """Read line.toml; `judge` is asked about a line whose settings are right by themselves.

    Raises:
        FileError: each problem completes "lines/coffee/line.toml …" and names the key, what was found and what was
            expected. No problem tells a secret.
    """
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError([_no_toml(error)]) from None
    try:
        line = Line.model_validate(given, context={"secrets": secrets})
    except ValidationError as error:
        raise FileError(_sentence(problem, text) for problem in error.errors()) from None
    line._name = name
    if objections := list(judge(line)):
        raise FileError(f"{_place(key.split('.'), text)}has {key} {about}" for key, about in objections)
    return line


def _no_toml(error: Exception) -> str:
    """Put the place, which tomllib tells last, where every other problem has it."""
    if isinstance(error, RecursionError):
        return "is not TOML that can be read: its lists or tables are nested too deeply"
    if told := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error)):
        return f"line {told[2]} is not TOML at column {told[3]}: {told[1]}"
    return f"is not TOML: {error}"


def _sentence(problem: ErrorDetails, text: str) -> str:
    path = [part for part in problem["loc"] if isinstance(part, str)]  # without the place in a list
    if path[:2] == ["models", "keys"] and not all(re.fullmatch(NAME, part) for part in path[2:]):
        expected = 'should have names like OPENAI_API_KEY on its left side, as in { OPENAI_API_KEY = "COFFEE_KEY" }'
        return f"{_place(path[:2], text)}has models.keys, which {expected}"
    has = f"{_place(path, text)}has {'.'.join(path)}"
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if problem["type"] == "extra_forbidden":
        return f"{has}, which is not a setting{_meant(path)}"
    if problem["type"] == "model_type":
        expected = f"should be a table: [{path[-1]}], and its settings below"
    elif _table_at(path):  # a check of several settings of one table
        return f"{has} in which {expected}"
    found = "" if _hides(path) else f" = {_shown(problem['input'])}"
    return f"{has}{found}, which {expected}"


def _meant(path: list[str]) -> str:
    """Suggest the setting of that table which is written most alike, or the one of this name in another table."""
    table = _table_at(path[:-1])
    near = difflib.get_close_matches(path[-1], table.model_fields if table else (), n=1)
    if near:
        return f"; did you mean {'.'.join([*path[:-1], *near])}?"
    elsewhere = [name for name in _all_names() if name.split(".")[-1] == path[-1]]
    if elsewhere:
        return f" there; did you mean {' or '.join(elsewhere)}?"
    return ": docs/settings.md lists those there are"


def _all_names() -> list[str]:
    tables = {name: _table_at([name]) for name in Line.model_fields}
    return [
        name if table is None else f"{name}.{key}"
        for name, table in tables.items()
        for key in (table.model_fields if table else [name])
    ]


def _hides(path: list[str]) -> bool:
    """Whether what is written here may be a secret: that of a secret's key, or of a table that has such a key."""
    table, parent = _table_at(path), _table_at(path[:-1])
    if table:
        return any(is_secret(field.annotation) for field in table.model_fields.values())
    field = parent.model_fields.get(path[-1]) if parent else None
    return field is None or is_secret(field.annotation)


def _table_at(path: list[str]) -> type[BaseModel] | None:
    """The table at this place, the whole file for an empty path; None for what is not a table."""
    model: type[BaseModel] = Line
    for part in path:
        field = model.model_fields.get(part)
        if field is None or not _is_table(field.annotation):
            return None
        model = field.annotation  # type: ignore[assignment]  # which has just been asked
    return model


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel)


def _shown(value: Any) -> str:
    """Show a value as it is written in TOML, and not a page of it."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _place(path: list[str], text: str) -> str:
    """Tell where in the file this key, or its table, stands: "line 3 "; empty where it is not written down."""
    place, known = "", 0
    table: list[str] = []
    for number, row in enumerate(text.split("\n"), 1):
        if header := HEADER.match(row):
            table = written = _names(header[1])
        elif assigned := ASSIGNED.match(row):
            written = [*table, *_names(assigned[1])]
        else:
            continue
        alike = min(len(written), len(path))
        if alike > known and written[:alike] == path[:alike]:
            place, known = f"line {number} ", alike
    return place


def _names(dotted: str) -> list[str]:
    return [part.strip(" \t\"'") for part in dotted.split(".")]
