"""The line's own tools: web addresses that the language model may ask, as tools.yaml describes them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from agent.lines.group import Group, setting
from agent.lines.secret import Secret
from agent.lines.tools import known_tools
from agent.settings.values import check_url
from agent.storage.live_file import KEPT, FileError, LiveFile

FILE = "tools.yaml"
LARGEST = 65_536  # bytes
MOST = 32  # tools; each is described to the model with every turn
PLACE = re.compile(r"\{(\w+)\}")  # where an argument is put in
PLACE_OF_ANSWER = re.compile(r"\{([^{}]+)\}")  # where what is at a path of the answer is put in: {items.0.status}
WRITTEN_IN_ADDRESS = {"string", "integer", "number", "boolean"}
SAYS_WHAT_ELSE = {"additionalProperties", "patternProperties", "unevaluatedProperties"}
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
LONGEST_SHOWN = 80  # characters of a wrong value


def _check_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"should be a JSON schema: {error.message}") from None
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        raise ValueError("should be a JSON schema with type: object and its properties")
    return schema


def _check_name(name: str) -> str:
    if name in known_tools():
        raise ValueError("is the name of a tool that Landline has: choose another one")
    return name


HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]


class HttpTool(Group):
    """One web address. What the model fills in is an argument; nothing else of a request can be changed by it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$"), AfterValidator(_check_name)] = Field(
        description="Its name, as the model sees it."
    )
    description: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="What it is for, and when the model should use it."
    )
    url: str = Field(description="The address, with {argument} in its path or its query.")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = setting("GET", "The method of the request.")
    arguments: Annotated[dict[str, Any], AfterValidator(_check_arguments)] = setting(
        NO_ARGUMENTS,
        "The JSON schema of the arguments. Those that are not in the url go into the query or the body.",
    )
    headers: dict[HeaderName, Secret] = setting({}, "Headers whose values are secrets, by their names.")
    timeout: float = setting(10, "Seconds after which the request is given up.", ge=1, le=30)
    answer: str = setting("", "What the model sees of the answer: a path, or a text with {path}. Empty: all of it.")
    meanwhile: str = setting("", "What the caller hears when the answer takes more than two seconds.", max_length=200)
    safe: bool = setting(False, "Whether it may be used without asking the caller.")
    confirm: str = setting(
        "", "The question before it is used, with {argument} in it. Others are told before it.", max_length=500
    )

    @model_validator(mode="after")
    def check_address(self) -> Self:
        check_url(self.url, "http", "https")
        parts = urlsplit(self.url)
        if PLACE.search(parts.netloc) or "@" in parts.netloc or parts.fragment:
            raise ValueError("its url should have {argument} only after the host, and neither a password nor a #")
        return self

    @model_validator(mode="after")
    def check_places(self) -> Self:
        properties, needed = self.arguments["properties"], self.arguments.get("required", [])
        for where, text in (("url", self.url), ("confirm", self.confirm)):
            for name in PLACE.findall(text):
                if name not in properties or name not in needed:
                    raise ValueError(f"its {where} has {{{name}}}, which should be a required one of its arguments")
        if re.search(r"[{}]", PLACE_OF_ANSWER.sub("", self.answer)):
            raise ValueError("its answer has a { or } that belongs to no {path}, such as {items.0.status}")
        for name in PLACE.findall(self.url):
            if not isinstance(properties[name], dict) or properties[name].get("type") not in WRITTEN_IN_ADDRESS:
                raise ValueError(f"its url has {{{name}}}, whose type should be string, integer, number or boolean")
        return self

    @model_validator(mode="after")
    def check_confirmation(self) -> Self:
        if not self.safe and not self.confirm:
            raise ValueError(
                "it has no confirm, the question before it is used; or write safe: true, if it changes nothing"
            )
        if self.safe and self.confirm:
            raise ValueError("it has both safe: true and a confirm, but the caller is not asked about a safe tool")
        return self

    def described(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that the schema names; all of them if it says itself what else there may be."""
        if self.arguments.keys() & SAYS_WHAT_ELSE:
            return dict(arguments)
        return {name: value for name, value in arguments.items() if name in self.arguments["properties"]}

    @property
    def in_address(self) -> set[str]:
        """The arguments that are written into the address."""
        return set(PLACE.findall(self.url))


def tools_file(folder: Path, secrets: Mapping[str, SecretStr], kept: Path = KEPT) -> LiveFile[list[HttpTool]]:
    """Return the file of a line's folder, which may be missing."""
    return LiveFile(folder, FILE, partial(parse, secrets=secrets), LARGEST, may_be_missing=True, kept=kept)


def parse(text: str, secrets: Mapping[str, SecretStr]) -> list[HttpTool]:
    """Read tools.yaml.

    Raises:
        FileError: each problem completes "lines/coffee/tools.yaml …". No problem contains a secret.
    """
    try:
        given = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise FileError([_no_yaml(error)]) from None
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise FileError(["should be a list of tools, each of which begins with - name: …"])
    if len(given) > MOST:
        raise FileError([f"has {len(given)} tools, but at most {MOST} are told to the model: delete some"])
    tools, problems = [], list[str]()
    for number, entry in enumerate(given, 1):
        try:
            tools.append(HttpTool.model_validate(entry, context={"secrets": secrets}))
        except ValidationError as error:
            name = entry.get("name")
            which = name if isinstance(name, str) and name else f"tool {number}"
            problems += [_sentence(which, problem) for problem in error.errors()]
    problems += [f"has two tools with the name {name}" for name in _twice(tool.name for tool in tools)]
    if problems:
        raise FileError(problems)
    return tools


def _twice(names: Iterable[str]) -> Iterator[str]:
    seen = set[str]()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _no_yaml(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"row {mark.line + 1} is not YAML at column {mark.column + 1}: {error.problem}"
    return "is not YAML that can be read"


def _sentence(tool: str, problem: ErrorDetails) -> str:
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    if not key:
        return f"has the tool {tool}, but {expected}"
    if problem["type"] == "missing":
        return f"has the tool {tool} without {key}, which every tool needs"
    if problem["type"] == "extra_forbidden":
        return f"has {tool}.{key}, which is not a setting of a tool; there are {', '.join(HttpTool.model_fields)}"
    shown = problem["input"]
    hides = key.startswith("headers") or not isinstance(shown, str | int | float | bool)
    found = "" if hides else f" = {str(shown)[:LONGEST_SHOWN]!r}"
    return f"has {tool}.{key}{found}, which {expected}"
