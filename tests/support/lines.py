"""A line's folder as its owner sets it up: copied from the example, with settings written into line.toml."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit

from agent.lines.line import Line
from tests.support.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "agent/example"
ABILITIES = ("tools", "people", "hours", "appointments")  # of the example, which a line of the tests does not have


def make_folder(folder: Path, language: str = "en") -> Path:
    """Make a line's folder with the example's files; the words are those in this language where there are any.

    It has no abilities: what a test or a bench does not switch on must not depend on the time of day.
    """
    shutil.copytree(EXAMPLE / "coffee", folder)
    if (translation := EXAMPLE / "translations" / language).is_dir():
        shutil.copytree(translation, folder, dirs_exist_ok=True)
    write_settings(folder, **dict.fromkeys(ABILITIES))
    return folder


def abilities() -> dict[str, Any]:
    """Return what the example's line can do, as settings of a line."""
    settings = tomllib.loads((EXAMPLE / "coffee/line.toml").read_text())
    return {name: settings[name] for name in ABILITIES}


def write_settings(folder: Path, **changes: Any) -> None:
    """Change line.toml as a person with an editor would: comments and all other settings stay as they are.

    A change is a setting's name alone, wherever it stands, or a table: its settings are then added to those that are
    there. None removes what is there.
    """
    file = folder / "line.toml"
    document = tomlkit.parse(file.read_text())
    for name, value in changes.items():
        table = table_of(name)
        if table:
            _put(document.setdefault(table, tomlkit.table()), name, value)
        elif isinstance(value, dict):
            for setting, of_setting in value.items():
                _put(document.setdefault(name, tomlkit.table()), setting, of_setting)
        else:
            _put(document, name, value)
    file.write_text(tomlkit.dumps(document))


MEANT = {"enabled": "recording", "keep_days": "recording"}  # of the settings that stand in several tables


def table_of(setting: str) -> str:
    """Name the table of line.toml in which a setting stands; empty for a table, and for what stands in none.

    Raises:
        ValueError: there is no such setting, or it stands in several tables, as `url` does: then name the table.
    """
    if setting in Line.model_fields:
        return ""
    if setting in MEANT:
        return MEANT[setting]
    tables = [name for name, its in Line.model_fields.items() if setting in getattr(its.annotation, "model_fields", ())]
    if len(tables) != 1:
        raise ValueError(f"{setting} stands in {' and '.join(tables) or 'no table'} of line.toml")
    return tables[0]


def _put(table: Any, name: str, value: Any) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
