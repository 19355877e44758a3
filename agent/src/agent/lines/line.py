"""All settings of one line: the shape of line.toml."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple, Self, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, SecretStr, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from agent import languages
from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.handling import Handling
from agent.lines.limits import Limits
from agent.lines.lookup import Lookup
from agent.lines.mcp import McpName, McpServer
from agent.lines.models import Models
from agent.lines.recording import Recording
from agent.lines.secret import NAME
from agent.lines.servers import Server, ServerName
from agent.lines.tools import ToolName
from agent.lines.turns import Turns
from agent.lines.webhook import Webhook
from agent.settings.values import is_secret
from agent.storage.live_file import FileError

E164 = re.compile(r"\+[1-9]\d{6,14}")
# What the server compares with the user part of the To header: a number with its punctuation, or a name of any kind.
DIALLED = re.compile(r"\+?[ ()\-]*[0-9][0-9 ()\-]{0,63}|[A-Za-z0-9\-_.!~*+=;%]{1,64}")
KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"({KEY}(?:\s*\.\s*{KEY})*)"
HEADER = re.compile(rf"\s*\[\[?\s*{DOTTED}\s*\]")
ASSIGNED = re.compile(rf"\s*{DOTTED}\s*=")
LONGEST_SHOWN = 80  # characters of a wrong value


def _check_number(number: str) -> str:
    if not E164.fullmatch(number):
        raise ValueError("should be a number with its country code, such as +12025550100")
    return number


def _check_dialled(form: str) -> str:
    if not DIALLED.fullmatch(form):
        raise ValueError("should be what the carrier sends before the @ of the To header, such as 2025550100 or 100")
    return form


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
Dialled = Annotated[
    str, AfterValidator(_check_dialled), WithJsonSchema({"type": "string", "pattern": f"^({DIALLED.pattern})$"})
]
Language = Annotated[
    str, AfterValidator(_check_language), WithJsonSchema({"type": "string", "enum": languages.known()})
]
Timezone = Annotated[str, AfterValidator(_check_timezone)]


class Line(Group):
    """One line. Its name is that of its folder; its secrets come from lines/secrets.env."""

    numbers: list[Number] = Field(
        default_factory=list,
        description="The numbers this line answers, in E.164 form; empty: those of PHONE_NUMBERS in .env that no other "
        "line names.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    also_dialled: list[Dialled] = Field(
        default_factory=list,
        description="How a carrier or a PBX writes this line's numbers, if not in E.164 form: 2025550100, "
        "0012025550100, or an extension such as 100. Calls to these are answered, too.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    language: Language = setting(
        "en",
        "The language of the line, as an ISO 639-1 code. All but en need a key, since the embedded models know only "
        "English.",
    )
    timezone: Timezone = setting(
        "UTC", "The line's time zone, such as Europe/Berlin. A day of the limits begins at its midnight."
    )
    tools: list[ToolName] = setting(
        ["end_call"],
        "What the language model can do besides talking, of the tools that Landline has. docs/abilities/tools.md says "
        "what each is for. The tools of tools.yaml are on in any case.",
    )
    models: Models = Field(default_factory=Models)
    servers: dict[ServerName, Server] = Field(default_factory=dict)
    mcp: dict[McpName, McpServer] = Field(default_factory=dict)
    turns: Turns = Field(default_factory=Turns)
    handling: Handling = Field(default_factory=Handling)
    limits: Limits = Field(default_factory=Limits)
    recording: Recording = Field(default_factory=Recording)
    lookup: Lookup = Field(default_factory=Lookup)
    webhook: Webhook = Field(default_factory=Webhook)

    _name: str = PrivateAttr("")

    @classmethod
    def without_a_folder(cls, name: str) -> Self:
        """Make a line with all the defaults, for what is left of a line whose folder is gone."""
        line = cls()
        line._name = name
        return line

    def longest_call(self, at_most: int) -> int:
        """Return the seconds that a call may last if the host allows `at_most`."""
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
    """Read line.toml; `judge` is asked about a line only if its settings are valid by themselves.

    Raises:
        FileError: each problem completes "lines/coffee/line.toml …" and names the key, what was found and what was
            expected. No problem contains a secret.
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
    """Begin with the place, as every other problem does; tomllib puts it last."""
    if isinstance(error, RecursionError):
        return "is not TOML that can be read: its lists or tables are nested too deeply"
    if told := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error)):
        return f"line {told[2]} is not TOML at column {told[3]}: {told[1]}"
    return f"is not TOML: {error}"


def _sentence(problem: ErrorDetails, text: str) -> str:
    path = [part for part in problem["loc"] if isinstance(part, str)]  # without positions in lists
    if path[:2] == ["models", "keys"] and not all(re.fullmatch(NAME, part) for part in path[2:]):
        expected = 'should have names like OPENAI_API_KEY on its left side, as in { OPENAI_API_KEY = "COFFEE_KEY" }'
        return f"{_place(path[:2], text)}has models.keys, which {expected}"
    if path[0] in ("servers", "mcp") and len(path) == 3 and path[-1] == "[key]":
        expected = "is not a name for a server: use a to z, 0 to 9 and - (but not first), at most 32 characters"
        return f"{_place(path[:2], text)}has {path[0]}.{path[1]!r}, which {expected}"
    if path[-1] == "[key]":
        path = path[:-1]
    if problem["type"] == "missing":
        return f"{_place(path[:-1], text)}has no {'.'.join(path)}, which {'.'.join(path[:-1])} needs"
    has = f"{_place(path, text)}has {'.'.join(path)}"
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    if problem["type"] == "extra_forbidden":
        return f"{has}, which is not a setting{_meant(path)}"
    if problem["type"] == "model_type":
        expected = f"should be a table: write [{'.'.join(path)}], and its settings below it"
    elif _table_at(path):  # a check of several settings of one table
        return f"{has} in which {expected}"
    found = "" if _hides(path) else f" = {_shown(problem['input'])}"
    return f"{has}{found}, which {expected}"


def _meant(path: list[str]) -> str:
    """Suggest the most similar setting of that table, or the setting of this name in another table."""
    table = _table_at(path[:-1])
    near = difflib.get_close_matches(path[-1], table.model_fields if table else (), n=1)
    if near:
        return f"; did you mean {'.'.join([*path[:-1], *near])}?"
    elsewhere = [name for name in _all_names() if name.split(".")[-1] == path[-1]]
    if elsewhere:
        return f" there; did you mean {' or '.join(elsewhere)}?"
    return ": docs/settings.md lists all settings"


def _all_names() -> list[str]:
    tables = {name: _table_at([name]) for name in Line.model_fields}
    return [
        name if table is None else f"{name}.{key}"
        for name, table in tables.items()
        for key in (table.model_fields if table else [name])
    ]


def _hides(path: list[str]) -> bool:
    """Return whether the value there may be a secret: of a secret's key, of an unknown key or of a table with one."""
    table, parent = _table_at(path), _table_at(path[:-1])
    if table:
        return any(is_secret(field.annotation) for field in table.model_fields.values())
    field = parent.model_fields.get(path[-1]) if parent else None
    return field is None or is_secret(field.annotation)


def _table_at(path: list[str]) -> type[BaseModel] | None:
    """Return the table at this place, or the whole file for an empty path; None if there is no table."""
    place: Any = Line
    for part in path:
        if _is_table(place):
            field = place.model_fields.get(part)
            place = field.annotation if field else None
        else:
            place = table_of_tables(place)
    return place if _is_table(place) else None


def table_of_tables(annotation: Any) -> type[BaseModel] | None:
    """Return what each entry of a table of tables is, such as `Server` for `servers`; None for anything else."""
    _, *values = get_args(annotation) if get_origin(annotation) is dict else [None]
    return values[0] if values and _is_table(values[0]) else None


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel)


def _shown(value: Any) -> str:
    """Show a value as it is written in TOML, cut short if it is long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _place(path: list[str], text: str) -> str:
    """Return where in the file this key, or its table, is: "line 3 "; empty if the file has neither."""
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
