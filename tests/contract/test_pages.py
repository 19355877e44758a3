"""The pages are true as far as a test can see: links, settings, variables, verbs and examples are of this release."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from agent.lines.group import Group
from agent.lines.line import Line, parse
from tests.contract.test_compose import derived
from tests.support.house import ROOT, compose_file, example_variables

if TYPE_CHECKING:
    from pathlib import Path

SPOKEN = {"persona.md", "greeting.md", "goodbye.md"}  # words of the example's agent, and no pages
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "agent/example").rglob("*.md")]
    if page.name not in SPOKEN and page.parent.name != "facts"
)
NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]  # the changelog names what has gone, too
TABLES = {
    name: set(field.annotation.model_fields)
    for name, field in Line.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
}
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
MAKE_ARGUMENTS = {
    *("LINE", "SAY", "WAV", "EXPECT", "PERSON", "KEYS", "TO", "PURPOSE", "NAME", "FILE", "YES", "DATA", "STACK"),
    *("CALL", "LAST", "NUMBERS", "JSON"),
    *("APPLY", "REMOVE", "CLOUD", "GROUP", "RESTART_ENGINE"),
}
MADE_UP = {
    "CALLS_A_MINUTE",
    "ACME_API_KEY",
    "COFFEE_FEED",
    "COFFEE_OPENAI_KEY",
    "TABLES_AUTHORIZATION",
}  # of the pages' examples
# Variables of other programs, and names in lines/secrets.env that the pages make up.
THEIRS = {"OLLAMA_HOST", "OLLAMA_CONTEXT_LENGTH", "OLLAMA_KEEP_ALIVE", "API_KEY"}
IN_CODE = {"NEEDS_MAKE_UP"}


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The names by which GitHub reaches the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{ids(page)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{ids(page)} links to {link}"


@pytest.mark.parametrize("page", NOW, ids=ids)
def test_a_page_names_only_settings_that_a_line_has(page: Path) -> None:
    for code in CODE.findall(prose(page)):
        if named := re.match(r"([a-z]+)\.([a-z_]+)\b(?!\.)(?! *[(/])", code):
            table, key = named.groups()
            assert table not in TABLES or key in TABLES[table] or code.endswith((".py", ".db")), f"{ids(page)}: {code}"
        if named := re.fullmatch(r"\[([a-z_]+)\]", code):
            assert named[1] in {*TABLES, "table", "redacted"}, f"{ids(page)}: {code}"
    for heading, rows in re.findall(r"^(\|.*`\[[a-z]+\]`.*\|)\n\|[-|]+\|\n((?:\|.*\n)+)", prose(page), re.MULTILINE):
        cells = [cell.strip() for cell in heading.strip("|").split("|")]
        column, table = next(
            (at, re.findall(r"`\[([a-z]+)\]`", cell)[0]) for at, cell in enumerate(cells) if "`[" in cell
        )
        for row in rows.splitlines():
            cell = re.split(r"(?<!\\)\|", row.strip("|"))[column]
            table_of_row = found[0] if (found := re.findall(r"in `\[([a-z]+)\]`", cell)) else table
            keys = {code.partition(" ")[0] for code in CODE.findall(cell) if not code.startswith("[")}
            assert keys <= TABLES[table_of_row], f"{ids(page)}: {row}"


@pytest.mark.parametrize("page", NOW, ids=ids)
def test_a_page_names_only_variables_that_there_are(page: Path) -> None:
    example = "".join((ROOT / "agent/example" / name).read_text() for name in ("coffee/line.toml", "secrets.env"))
    secrets = {secret["environment"] for secret in compose_file()["secrets"].values()}
    known = {*example_variables(), *derived(), *secrets, *MAKE_ARGUMENTS, *MADE_UP, *THEIRS, *IN_CODE}
    known |= set(re.findall(r'"([A-Z][A-Z0-9_]+)"', example))
    named = [re.match(r"([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z][A-Z0-9]+(?==))\b", code) for code in CODE.findall(prose(page))]
    shown = re.findall(r"^ *([A-Z][A-Z0-9_]+)=", "".join(body for _, body in FENCE.findall(page.read_text())), re.M)
    assert {found[1] for found in named if found} | set(shown) <= known


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_page_names_only_verbs_of_make(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join([*CODE.findall(prose(page)), *(body for _, body in FENCE.findall(page.read_text()))])
    assert set(re.findall(r"^ *(?:STACK=require )?make ([a-z-]+)", code, re.MULTILINE)) <= targets


def examples() -> list[tuple[str, str]]:
    return [(ids(page), body) for page in NOW for kind, body in FENCE.findall(page.read_text()) if kind == "toml"]


@pytest.mark.parametrize(("page", "body"), examples())
def test_an_example_of_a_line_is_one(page: str, body: str) -> None:
    value = SecretStr(f"https://example.com/{32 * 'x'}")
    named = dict.fromkeys(re.findall(r'"([A-Z][A-Z0-9_]+)"', body), value)
    assert parse(body, "coffee", named).model_fields_set == set(tomllib.loads(body)), page


def test_the_pages_have_examples_of_a_line() -> None:
    assert len(examples()) >= 8
