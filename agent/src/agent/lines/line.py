"""All settings of one line: the shape of line.toml."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from agent import languages
from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.handling import Handling
from agent.lines.limits import Limits
from agent.lines.lookup import Lookup
from agent.lines.models import Models
from agent.lines.recording import Recording
from agent.lines.turns import Turns
from agent.lines.webhook import Webhook
from agent.settings.values import is_secret

E164 = re.compile(r"\+[1-9]\d{6,14}")


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


class Line(Group):
    """One line. Its name is that of its folder; its secrets have been found in lines/secrets.env."""

    numbers: list[Annotated[str, AfterValidator(_check_number)]] = Field(
        default_factory=list,
        description="The numbers this line answers, in E.164 form; empty: those of PHONE_NUMBERS in .env that no other "
        "line names.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    language: Annotated[str, AfterValidator(_check_language)] = setting(
        "en",
        "The language of the line, as ISO 639-1 code; all but en need a key, since the embedded models know English.",
    )
    timezone: Annotated[str, AfterValidator(_check_timezone)] = setting(
        "UTC", "The time zone in which a day begins for the limits, such as Europe/Berlin."
    )
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


class LineError(ValueError):
    """A line.toml that cannot be used; `problems` has a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse(text: str, name: str, secrets: Mapping[str, SecretStr]) -> Line:
    """Read line.toml.

    Raises:
        LineError: each problem completes "lines/coffee/line.toml …" and names the key, what was found and what was
            expected. No problem tells a secret.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LineError([f"is not TOML: {error}"]) from None
    try:
        line = Line.model_validate(given, context={"secrets": secrets})
    except ValidationError as error:
        raise LineError([_sentence(problem, text) for problem in error.errors()]) from None
    line._name = name
    return line


def _sentence(problem: ErrorDetails, text: str) -> str:
    path = [str(part) for part in problem["loc"]]
    where, key = _place(path, text), ".".join(path)
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    table = _model_at(path[:-1])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], table.model_fields if table else (), n=1)
        known = f"; did you mean {near[0]}?" if near else ": docs/settings.md lists those there are"
        return f"{where}has {key}, which is not a setting{known}"
    field = table.model_fields.get(path[-1]) if table else None
    if problem["type"] == "model_type":
        return f"{where}has {key} = {problem['input']!r}, which should be a table: [{key}], and its settings below"
    if _model_at(path):  # a check of several settings of one table
        return f"{where}has [{key}] in which {expected}"
    if (field and is_secret(field.annotation)) or "keys" in path:
        return f"{where}has {key}, which {expected}"
    return f"{where}has {key} = {problem['input']!r}, which {expected}"


def _model_at(path: list[str]) -> type[BaseModel] | None:
    """The table at this place, the whole file for an empty path; None for what is not a table."""
    model: type[BaseModel] = Line
    for part in path:
        field = model.model_fields.get(part)
        if field is None or not _is_model(field.annotation):
            return None
        model = field.annotation  # type: ignore[assignment]  # which has just been asked
    return model


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel)


def _place(path: list[str], text: str) -> str:
    """Tell where in the file this key, or this table, stands: "line 3 "; empty where it cannot be told."""
    table = path[0] if _model_at(path[:1]) else ""
    key = path[1] if table and len(path) > 1 else "" if table else path[0]
    found = current = ""
    for number, row in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", row):
            current = header[1]
            found = f"line {number} " if current == table else found
        elif key and current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", row):
            return f"line {number} "
    return found
