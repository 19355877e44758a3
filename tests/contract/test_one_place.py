"""Each new thing has one place: CONTRIBUTING.md's recipes, applied to a copy of the repository, work as they stand.

So the counts of the page are true, and the page cannot drift from the code.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from agent.lines.line import Line
from agent.providers.catalog import KINDS
from agent.settings import Settings
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
COPIED = (
    "agent",
    "bootstrap/src",
    "bootstrap/trunks",
    "desk/src",
    "speech/src",
    ".env.example",
    "compose.yaml",
    "pyproject.toml",
)
REST = " …"  # of a row in the page
NEW = {
    "provider": "A provider",
    "tool": "A tool",
    "behaviour": "A behaviour",
    "page of the desk": "A page of the desk",
    "setting of a line": "A setting of a line",
    "variable of the host": "A variable of the host",
    "language": "A language",
    "trunk provider": "A trunk provider",
    "second line": "A second line",
    "package": "A package",
}


# What somebody else may have added before, by the names that the page has for its own.
OTHERS = {
    "acme": "zz_acme",
    "Acme": "ZzAcme",
    "ACME": "ZZ_ACME",
    "tell_the_time": "zz_tell_the_time",
    "count_the_turns": "zz_count_the_turns",
    "clocks": "zz_clocks",
    "greeting_pause": "zz_greeting_pause",
    "CALLS_A_MINUTE": "ZZ_CALLS_A_MINUTE",
    "calls_a_minute": "zz_calls_a_minute",
}


@dataclass(frozen=True)
class Block:
    """A fenced block, and the file whose name stands above it or above the block before."""

    kind: str
    file: str
    rows: tuple[str, ...]


def recipe(heading: str) -> list[Block]:
    """Read the blocks of one section of the page."""
    text = re.split(r"^##", PAGE.partition(f"\n### {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    blocks, file = [], ""
    for name, kind, body in re.findall(r"^`([\w./-]+)`$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        file = name or file
        if kind:
            blocks.append(Block(kind, file, tuple(body.splitlines())))
    assert blocks, f"CONTRIBUTING.md has no recipe under {heading!r}"
    return blocks


def apply(block: Block, tree: Path) -> None:
    """Do what the block says, in this copy of the repository."""
    path = tree / block.file
    if block.kind == "sh":
        subprocess.run(["sh", "-euc", "\n".join(block.rows)], cwd=tree, check=True)
    elif block.kind == "diff":
        path.write_text(edited(path.read_text(), block))
    else:
        assert not path.exists(), f"{block.file} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(block.rows) + "\n")


def edited(text: str, block: Block) -> str:
    """Replace the rows that are there before by those that are there afterwards."""
    rows = text.splitlines()
    before = [row[1:] for row in block.rows if row[0] in " -"]
    places = [at for at in range(len(rows)) if rows_match(rows[at : at + len(before)], before)]
    assert len(places) == 1, f"{before} is {len(places)} times in {block.file}, expected once"
    old, new, rest = iter(rows[places[0] : places[0] + len(before)]), list[str](), ""
    for sign, row in ((row[0], row[1:]) for row in block.rows):
        start = row.removesuffix(REST)
        if sign == "+":
            new.append(start + rest if row.endswith(REST) else row)
            continue
        there = next(old)
        rest = there.removeprefix(start)
        new += [there] if sign == " " else []
    rows[places[0] : places[0] + len(before)] = new
    return "\n".join(rows) + "\n"


def rows_match(rows: list[str], written: list[str]) -> bool:
    return len(rows) == len(written) and all(
        row.startswith(it.removesuffix(REST)) if it.endswith(REST) else row == it
        for row, it in zip(rows, written, strict=True)
    )


def apply_all(tree: Path) -> None:
    for heading in NEW.values():
        for block in recipe(heading):
            apply(block, tree)


def apply_renamed(tree: Path, names: Mapping[str, str]) -> None:
    """Follow the recipes under other names; a block that has none of `names` in it is left out."""

    def renamed(text: str) -> str:
        for name, instead in names.items():
            text = text.replace(name, instead)
        return text

    for heading in NEW.values():
        for block in recipe(heading):
            other = replace(block, file=renamed(block.file), rows=tuple(map(renamed, block.rows)))
            if other != block:
                apply(other, tree)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the recipes touch, with the first line as `make up` makes it."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "agent/example/coffee", tmp_path / "lines/coffee")
    return tmp_path


def files_of(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def counted() -> dict[str, tuple[int, int]]:
    """Read the page's table: how many files are new, and how many are edited."""
    rows = re.findall(r"^\| \[(.+?)\]\(#[\w-]+\) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    return {name: (int(new), int(changed)) for name, new, changed in rows}


def test_the_table_has_a_row_for_each_recipe() -> None:
    assert list(counted()) == list(NEW)
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == list(NEW.values())


@pytest.mark.parametrize("name", NEW)
def test_a_new_thing_touches_as_many_files_as_the_page_says(name: str, tree: Path) -> None:
    before = files_of(tree)
    edits = set()
    for block in recipe(NEW[name]):
        apply(block, tree)
        edits |= {block.file} if block.kind == "diff" else set()
    after = files_of(tree)
    assert {it for it in before if after.get(it) != before[it]} <= edits
    assert (len(after.keys() - before.keys()), len(edits)) == counted()[name]


@pytest.mark.parametrize("others", [{}, OTHERS], ids=["alone", "beside_others"])
def test_every_new_thing_works(others: dict[str, str], tree: Path) -> None:
    apply_renamed(tree, others)
    apply_all(tree)
    found = subprocess.run([sys.executable, "-c", PROBE], cwd=tree, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == {
        "provider": [
            "acme/m",
            "https://api.acme.example/v1/",
            [],
            "has models.llm = 'acme/m', which needs ACME_API_KEY",
        ],
        "tool": True,
        "behaviour": [True, ["conversation_item_added"], "Turns of the caller: 1"],
        "page of the desk": ["Clocks", ["coffee", "dentist"], True],
        "setting": [True, 0, 0.5, {"default": 0, "maximum": 5, "minimum": 0, "type": "number"}],
        "variable": [60, 5],
        "language": [True, "it", "it"],
        "trunk provider": ["Acme", "X-Acme-Account"],
        "second line": {"coffee": ["+12025550100"], "dentist": ["+12025550101"]},
    }


def test_the_recipes_are_as_lint_wants_them(tree: Path) -> None:
    before = files_of(tree)
    apply_all(tree)
    written = [name for name, content in files_of(tree).items() if name.endswith(".py") and before.get(name) != content]
    assert written
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "--fix", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([str(ruff), *command, *written], cwd=tree, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_every_setting_is_read_somewhere() -> None:
    read = {name for module in (ROOT / "agent/src/agent").rglob("*.py") for name in attributes(module)}
    read.update(attributes(ROOT / "bootstrap/src/bootstrap/lines.py"))  # what a line answers
    read |= {*KINDS, *(f"{kind}_fallback" for kind in KINDS)}  # by `Pipeline`, under these names
    assert [name for name in settings_of(Line) if name.split(".")[-1] not in read] == []
    assert set(Settings.model_fields) <= read


def attributes(module: Path) -> Iterator[str]:
    """Name the attributes that a module reads, except in validators, which read a setting whether it is used or not."""
    waiting: list[ast.AST] = [ast.parse(module.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef) and any("validator" in ast.dump(it) for it in node.decorator_list):
            continue
        if isinstance(node, ast.Attribute):
            yield node.attr
        waiting += ast.iter_child_nodes(node)


def settings_of(model: type[BaseModel], table: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{name}.")
        else:
            yield f"{table}{name}"


PROBE = """
import asyncio, json, logging, os, sys
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = ["agent/src", "bootstrap/src", "desk/src", "speech/src"]
os.environ.update(LIVEKIT_API_KEY="k", LIVEKIT_API_SECRET="s", CALLS_A_MINUTE="5")
from livekit.agents import ChatMessage
from pydantic import SecretStr

import agent.answer as answer
from agent import languages
from agent.behaviors.count_the_turns import count_the_turns
from agent.conversation.receptionist import Receptionist
from agent.lines.line import Line, parse
from agent.providers.pipeline import Pipeline
from agent.settings import Settings, read_settings
from agent.tools import tools_of
from bootstrap import lines, trunks
from desk.app import PAGES
from desk.clocks.routes import clocks_of, routes
from desk.pages import TEMPLATES
from desk.places import Places
from speech.sentences import ESPEAK

assert Path(answer.__file__).is_relative_to(Path.cwd()), "not the copy"
key = {"ACME_API_KEY": SecretStr("a"), "OPENAI_API_KEY": SecretStr("o")}
host = read_settings().model_copy(update={"provider_keys": key})
line = parse('tools = ["tell_the_time"]\\n[models]\\nllm = "acme/m"', "coffee", {})


async def new_llm():
    return str(Pipeline(line, host).new_llm()._client.base_url)


missing = Pipeline(line, host.model_copy(update={"provider_keys": {"OPENAI_API_KEY": SecretStr("o")}})).problems()
call = SimpleNamespace(line=line, pipeline=SimpleNamespace(uses_tools=True), ending=None)

heard, ended, logged = {}, [], []
logging.getLogger("agent").addHandler(SimpleNamespace(level=0, handle=lambda it: logged.append(it.getMessage())))
logging.getLogger("agent").setLevel("INFO")
count_the_turns(SimpleNamespace(session=SimpleNamespace(on=heard.__setitem__),
                                ctx=SimpleNamespace(add_shutdown_callback=ended.append)))
for said in (ChatMessage(role="user", content=["Hello"]), ChatMessage(role="assistant", content=["Hello"])):
    heard["conversation_item_added"](SimpleNamespace(item=said))
asyncio.run(ended[0](""))

schema = Line.model_json_schema()["$defs"]["Handling"]["properties"]["greeting_pause"]
print(json.dumps({
    "provider": [Pipeline(line, host).name("llm"), asyncio.run(new_llm()), Pipeline(line, host).problems(),
                 f"has {missing[0].key} {missing[0].about}".partition(", which is not")[0]],
    "tool": "tell_the_time" in [tool.info.name for tool in tools_of(call)],
    "behaviour": ["count_the_turns" in answer.talk.__code__.co_names, list(heard), logged[-1]],
    "page of the desk": [{page.routes: page.title for page in PAGES}[routes],
                         list(clocks_of(Places(Path("data"), Path("lines")))), (TEMPLATES / "clocks").is_dir()],
    "setting": ["greeting_pause" in Receptionist.on_enter.__code__.co_names,
                parse("", "coffee", {}).handling.greeting_pause,
                parse("[handling]\\ngreeting_pause = 0.5", "coffee", {}).handling.greeting_pause,
                {name: schema[name] for name in ("default", "maximum", "minimum", "type")}],
    "variable": [Settings.model_fields["calls_a_minute"].default, host.calls_a_minute],
    "language": ["it" in languages.known() and all((languages.sentences("it"), languages.phrases("it"),
                  languages.rules("it"))), parse('language = "it"', "coffee", {}).language, ESPEAK["it"]],
    "trunk provider": [trunks.load("acme").name, trunks.load("acme").account_header],
    "second line": lines.read_lines(Path("lines"), ("+12025550100", "+12025550101")),
}))
"""
