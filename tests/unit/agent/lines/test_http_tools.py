"""tools.yaml: what a line's owner may write into it, and what is said about what they may not."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.lines.folder import LinesFolder
from agent.lines.http_tools import HttpTool, parse, tools_file
from agent.storage.live_file import FileError

GOOD = """
- name: find_order
  description: Find out where an order is.
  url: https://shop.example.com/orders/{number}
  arguments:
    type: object
    properties:
      number: {type: string, description: "The order's number, such as A-12."}
    required: [number]
  headers:
    Authorization: SHOP_TOKEN
  answer: "The order is {status}."
  meanwhile: I am looking that up.
  safe: true
- name: book_table
  description: Book a table.
  method: POST
  url: https://shop.example.com/tables
  arguments:
    type: object
    properties:
      name: {type: string}
      people: {type: integer, minimum: 1, maximum: 8}
    required: [name, people]
    additionalProperties: false
  confirm: I will book a table for {people} for {name}. Is that right?
"""
SECRETS = {"SHOP_TOKEN": SecretStr("Bearer s3cret")}


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as error:
        parse(text, SECRETS)
    return error.value.problems


def test_the_tools_are_as_described() -> None:
    find, book = parse(GOOD, SECRETS)
    assert (find.name, find.method, find.timeout, find.safe) == ("find_order", "GET", 10, True)
    assert find.headers["Authorization"].get_secret_value() == "Bearer s3cret"
    assert find.in_address == {"number"}
    assert (book.method, book.safe, book.in_address) == ("POST", False, set())


@pytest.mark.parametrize("text", ["", "# none yet\n"])
def test_an_empty_file_has_no_tools(text: str) -> None:
    assert parse(text, SECRETS) == []


WRONG = {
    "no YAML": ("- name: [", "row 1 is not YAML at column"),
    "no list": ("name: find_order", "should be a list of tools"),
    "a misspelt key": (GOOD.replace("meanwhile:", "meantime:"), "has find_order.meantime, which is not a setting"),
    "no description": (GOOD.replace("  description: Book a table.\n", ""), "has the tool book_table without descr"),
    "a name with blanks": (GOOD.replace("name: find_order", "name: Find order"), "has Find order.name = 'Find order'"),
    "a built-in name": (GOOD.replace("find_order", "end_call"), "which is the name of a tool that Landline has"),
    "the same name twice": (GOOD.replace("book_table", "find_order"), "has two tools with the name find_order"),
    "another scheme": (GOOD.replace("https://shop.example.com/tables", "file:///etc/passwd"), "http:// or https://"),
    "an argument as the host": (
        GOOD.replace("https://shop.example.com/orders/{number}", "https://{number}/orders"),
        "its url should have {argument} only after the host",
    ),
    "an argument in the host": (
        GOOD.replace("shop.example.com/orders/", "shop.example.com.{number}/orders/"),
        "its url should have {argument} only after the host",
    ),
    "a password": (GOOD.replace("https://shop", "https://ann:secret@shop"), "neither a password nor a #"),
    "an unknown place": (GOOD.replace("{number}\n", "{order}\n"), "its url has {order}, which should be a required"),
    "an optional argument in the question": (
        GOOD.replace("required: [name, people]", "required: [name]"),
        "its confirm has {people}, which should be a required one of its arguments",
    ),
    "a broken place in the answer": (GOOD.replace("is {status}.", "is {status, of {day}."), "its answer has a { or }"),
    "no question": (GOOD.replace("  confirm: I", "  meanwhile: I"), "has the tool book_table, but it has no confirm"),
    "a question about nothing": (
        GOOD.replace("safe: true", "safe: true\n  confirm: May I?"),
        "has both safe: true and",
    ),
    "no schema": (GOOD.replace("type: integer", "type: number of people"), "should be a JSON schema"),
    "no object": (
        GOOD.replace("    type: object\n    properties:\n      name", "    properties:\n      name"),
        "object",
    ),
    "too patient": (GOOD.replace("safe: true", "safe: true\n  timeout: 90"), "find_order.timeout = '90', which should"),
    "an unknown secret": (GOOD.replace("SHOP_TOKEN", "SHOP_KEY"), "names SHOP_KEY, which has no value"),
    "a secret itself": (GOOD.replace("SHOP_TOKEN", "Bearer abc"), "should be a name from lines/secrets.env"),
    "a list in the address": (
        GOOD.replace(
            'number: {type: string, description: "The order\'s number, such as A-12."}', "number: {type: array}"
        ),
        "whose type should be string",
    ),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_and_no_secret_is(text: str, said: str) -> None:
    found = problems(text)
    assert any(said in problem for problem in found), found
    assert "abc" not in str(found).replace("abcd", "")


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        ({}, {"number": "7"}),
        ({"additionalProperties": True}, {"number": "7", "vip_1": "yes"}),
        ({"patternProperties": {"^vip_": {"type": "string"}}}, {"number": "7", "vip_1": "yes"}),
    ],
)
def test_only_the_arguments_that_are_described_are_sent(more: dict[str, object], sent: dict[str, str]) -> None:
    schema = {"type": "object", "properties": {"number": {"type": "string"}}, **more}
    given = {"name": "find_order", "description": "Find.", "url": "http://shop", "safe": True, "arguments": schema}
    assert HttpTool.model_validate(given).described({"number": "7", "vip_1": "yes"}) == sent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lines" / "coffee"
    folder.mkdir(parents=True)
    (folder / "line.toml").touch()
    for name in ("persona", "greeting", "goodbye"):
        (folder / f"{name}.md").write_text("Hello.")
    return folder


def test_a_line_may_have_none(folder: Path, tmp_path: Path) -> None:
    assert tools_file(folder, SECRETS, tmp_path / "kept").read() == []


def test_the_last_good_version_is_used_and_without_one_the_call_goes_on(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = LinesFolder(folder.parent, SECRETS, tmp_path / "kept")
    [line] = lines.all()
    (folder / "tools.yaml").write_text("- name: [")
    assert lines.read_tools(line) == []
    assert "the line has none of these tools" in caplog.text
    assert any("tools.yaml" in problem for problem in lines.problems())
    (folder / "tools.yaml").write_text(GOOD)
    assert [tool.name for tool in lines.read_tools(line)] == ["find_order", "book_table"]
    assert lines.problems() == []
    (folder / "tools.yaml").write_text("- name: [")
    caplog.set_level(logging.ERROR)
    assert [tool.name for tool in lines.read_tools(line)] == ["find_order", "book_table"]
    assert "the last good version is used" in caplog.text
