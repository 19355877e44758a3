"""The pages of all settings are made of the settings, and nobody has to remember to correct them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import typing
from typing import TYPE_CHECKING, Any

import pytest

from agent.lines import reference
from agent.lines.line import Line, table_of_tables
from agent.settings.values import is_secret
from tests.support.house import ROOT, example_variables

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

PAGE = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "docs/line.schema.json").read_text(encoding="utf-8"))
TABLES: dict[str, Any] = {
    name: table
    for name, field in Line.model_fields.items()
    if hasattr(table := table_of_tables(field.annotation) or field.annotation, "model_fields")
}
BOUNDS = (("ge", "minimum"), ("le", "maximum"))


def settings() -> dict[str, FieldInfo]:
    """Every setting of a line by its dotted name."""
    alone = {name: field for name, field in Line.model_fields.items() if name not in TABLES}
    return alone | {
        f"{name}.{key}": field for name, model in TABLES.items() for key, field in model.model_fields.items()
    }


def in_schema() -> dict[str, dict[str, Any]]:
    """Every key that the schema describes by its dotted name."""
    found: dict[str, dict[str, Any]] = {}
    for name, its in SCHEMA["properties"].items():
        found |= {f"{name}.{key}": value for key, value in table_in(its).items()} if name in TABLES else {name: its}
    return found


def table_in(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of a table; those of each entry, where it is a table or a list of tables."""
    [each] = described.get("patternProperties", {"": described.get("items", described)}).values()
    its: dict[str, dict[str, Any]] = each["properties"]
    return its


def rows(part: str) -> dict[str, list[str]]:
    """Every row of a part of the page by its first cell, with its table's name before it."""
    found: dict[str, list[str]] = {}
    table = ""
    for line in part.splitlines():
        if heading := re.match(r"### `\[\[?(\w+)(?:\.<name>)?\]?\]`", line):
            table = f"{heading[1]}."
        elif line.startswith("| `"):
            name, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            key = f"{table}{name.strip('`')}"
            assert key not in found
            found[key] = cells
    return found


OF_LINE, OF_HOST = map(rows, PAGE.split("\n## The host\n"))


def test_both_files_are_what_make_docs_makes_of_the_settings(tmp_path: Path) -> None:
    """Run as `make docs` runs it, in a clone of which only what it needs is there."""
    shutil.copytree(ROOT / "agent/src", tmp_path / "agent/src")
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "docs").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "agent.lines.reference"],
        env={"PYTHONPATH": f"{tmp_path}/agent/src"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in (reference.PAGE, reference.SCHEMA):
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), f"{name} is old: run make docs"


def test_outside_of_a_clone_nothing_is_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "agent/src", tmp_path / "agent/src")
    done = subprocess.run(
        [sys.executable, "-m", "agent.lines.reference"],
        env={"PYTHONPATH": f"{tmp_path}/agent/src"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path} has no .env.example: run this from a clone, as `make docs` does\n"
    assert not (tmp_path / "docs").exists()


def test_page_schema_and_model_have_the_same_settings_of_a_line() -> None:
    assert len(settings()) >= 50
    assert list(OF_LINE) == list(in_schema()) == list(settings())


@pytest.mark.parametrize("name", settings())
def test_a_setting_has_its_meaning_its_default_and_its_effect_on_page_and_schema(name: str) -> None:
    field, described, row = settings()[name], in_schema()[name], OF_LINE[name]
    assert field.description
    default, _, meaning, effect = row
    assert meaning.replace("\\|", "|") == field.description
    assert described["description"] == f"{field.description} In effect: {effect}."
    known = None if field.is_required() else field.get_default(call_default_factory=True)
    assert described.get("default", known if known in ([], {}, None) else ...) == known
    assert default == ("" if known in ("", [], {}, None) else f"`{json.dumps(known)}`")
    assert "next call" in effect or effect == "make up"


@pytest.mark.parametrize("name", settings())
def test_a_setting_has_the_bounds_of_the_model_on_page_and_schema(name: str) -> None:
    field, described, value = settings()[name], in_schema()[name], OF_LINE[name][1]
    limits = [(name, getattr(it, short)) for it in field.metadata for short, name in BOUNDS if hasattr(it, short)]
    bounds = dict(limits)
    assert {key: described[key] for key in ("minimum", "maximum") if key in described} == bounds
    assert not bounds or value.endswith(f", {bounds['minimum']} to {bounds['maximum']}")
    if typing.get_origin(field.annotation) is typing.Literal:
        assert described["enum"] == list(typing.get_args(field.annotation))
        assert value == ", ".join(f"`{json.dumps(choice)}`" for choice in described["enum"])


@pytest.mark.parametrize("name", settings())
def test_a_secret_is_a_name_for_an_editor_too(name: str) -> None:
    field, described = settings()[name], in_schema()[name]
    patterns = [described, *described.get("patternProperties", {}).values()]
    named = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}
    assert any(named.items() <= it.items() for it in patterns) is is_secret(field.annotation)


def test_the_schema_is_one_that_editors_understand_and_closed_at_every_table() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(SCHEMA)
    for unknown in ("$ref", "$defs", "anyOf", "null", "takes_effect"):
        assert f'"{unknown}"' not in text
    [server] = SCHEMA["properties"]["servers"]["patternProperties"].values()
    assert server["required"] == ["url"]
    tables = [its.get("items", its) for its in (SCHEMA["properties"][name] for name in TABLES)]
    for table in (SCHEMA, *tables, in_schema()["models.keys"], server):
        assert table["type"] == "object"
        assert table["additionalProperties"] is False
    for name, key in in_schema().items():
        assert key["type"] in reference.KINDS, name


def test_the_example_names_the_schema_by_its_way_from_a_line() -> None:
    first = (ROOT / "agent/example/coffee/line.toml").read_text(encoding="utf-8").splitlines()[0]
    path = first.removeprefix("#:schema ")
    assert (ROOT / "lines/coffee" / path).resolve() == (ROOT / reference.SCHEMA).resolve()


def test_the_page_has_every_variable_of_the_host_with_its_default_and_its_meaning() -> None:
    assert list(OF_HOST) == list(example_variables())
    for name, (default, meaning) in OF_HOST.items():
        assert default.strip("`") == example_variables()[name]
        assert len(meaning) > 10, name


def test_what_moved_into_a_line_is_a_setting_of_a_line_and_no_variable_of_the_host() -> None:
    moved = [line.split() for line in (ROOT / "bootstrap/host/moved.txt").read_text().splitlines()]
    table = [row for row in moved if row and row[0] != "#"]
    assert len(table) > 30
    assert {row[2] for row in table} - {"-"} <= set(settings())
    assert not {row[0] for row in table} & set(example_variables())
