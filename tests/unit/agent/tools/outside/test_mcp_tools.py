"""The tools of an MCP server in a call, with a real server."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from agent.lines.line import parse
from agent.lines.mcp import McpServer
from agent.tools.outside import mcp_tools
from agent.tools.outside.mcp_tools import add_mcp_tools
from agent.tools.outside.question import question_about
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.fakes.mcp_server import serve_shop
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT
from tests.unit.agent.fakes import until
from tests.unit.agent.tools.acting import Acting

pytestmark = pytest.mark.real_time

A12 = {"number": "A-12"}
SCRIPT = INSTANT.changed(
    rules=[
        {"kind": "llm", "match": "where is", "tool": "find_order", "arguments": A12},
        {"kind": "llm", "match": "cancel it", "tool": "cancel_order", "arguments": A12},
        {"kind": "llm", "match": "please break", "tool": "break_down", "arguments": A12},
        {"kind": "llm", "match": "take long", "tool": "take_long", "arguments": A12},
        {"kind": "llm", "match": "on its way", "answer": "It is on its way."},
        {"kind": "llm", "match": "is cancelled", "answer": "It is cancelled."},
        {"kind": "llm", "match": "did not answer|executing tool break", "answer": "The shop is out of order."},
    ],
    answers=("All right.",),
)


@pytest.fixture
async def shop() -> AsyncIterator[Receiver]:
    """What the server has done; its address is `shop.mcp`."""
    async with Receiver() as told, serve_shop(told.url) as url:
        told.mcp = url  # type: ignore[attr-defined]
        yield told


async def begin(endpoint: FakeOpenAI, url: str, **changes: object) -> Acting:
    usual = {"url": url, "safe": ["find_order", "break_down", "take_long"], "timeout": 1}
    server = McpServer.model_validate(usual | changes)
    call = Acting(endpoint, mcp={"shop": server})
    await call.begin()
    add_mcp_tools(call.call)
    return call


@pytest.fixture
async def call(shop: Receiver) -> AsyncIterator[Acting]:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = await begin(endpoint, shop.mcp)  # type: ignore[attr-defined]
        await until(lambda: call.call.receptionist.tools)
        yield call
        await call.session.aclose()
        await call.at_the_end[0]()


async def test_a_safe_tool_is_used_at_once(call: Acting, shop: Receiver) -> None:
    await call.caller_says("Where is my order?")
    await call.plays()
    assert call.said == ["It is on its way."]
    assert call.told == "The order A-12 is on its way."
    assert [(got.path, json.loads(got.body)) for got in shop.received] == [("/mcp/find_order", A12)]


async def test_any_other_tool_is_used_after_a_yes_alone(call: Acting, shop: Receiver) -> None:
    await call.caller_says("Please cancel it.")
    await call.plays()
    assert (call.said, shop.received) == (["Cancel order: number A-12. Is that right?"], [])
    await call.caller_says("Yes, please.")
    await call.plays()
    assert call.said[-1] == "It is cancelled."
    assert [got.path for got in shop.received] == ["/mcp/cancel_order"]
    assert call.outcomes == ["done"]


@pytest.mark.parametrize("wish", ["Please break it.", "Please take long."])
async def test_a_failure_is_told_in_words(call: Acting, wish: str, caplog: pytest.LogCaptureFixture) -> None:
    await call.caller_says(wish)
    await until(lambda: call.told)
    await call.plays()
    assert call.said[-1] == "The shop is out of order."
    assert "A-12" not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("agent"))


async def test_a_server_that_is_down_leaves_the_call_without_its_tools(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = await begin(endpoint, "http://127.0.0.1:9/mcp")
        await until(lambda: "goes on without the tools of the MCP server shop" in caplog.text)
        await call.caller_says("Hello?")
        await call.plays()
        assert call.said == ["All right."]
        await call.at_the_end[0]()
        await call.session.aclose()


async def test_a_server_that_does_not_answer_is_given_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_tools, "CONNECTED_WITHIN", 0.3)
    async with FakeOpenAI(SCRIPT) as endpoint, Receiver([Reply(delay=30)]) as silent:
        call = await begin(endpoint, f"{silent.url}/mcp")
        await until(lambda: "goes on without the tools of the MCP server shop: TimeoutError" in caplog.text)
        await call.at_the_end[0]()
        await call.session.aclose()


async def test_only_the_tools_that_the_owner_wants_are_given(shop: Receiver) -> None:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = await begin(endpoint, shop.mcp, only=["find_order"])  # type: ignore[attr-defined]
        await until(lambda: call.call.receptionist.tools)
        assert [tool.id for tool in call.call.receptionist.tools] == ["find_order"]
        await call.session.aclose()
        await call.at_the_end[0]()


def test_the_question_is_the_owners_or_has_all_arguments() -> None:
    table = {"name": "Anna", "when": {"day": "Friday", "hour": 7}, "notes": ["window", "dog"]}
    assert question_about("book_table", table, "I will book a table for {name}. Right?", "en") == (
        "When day Friday, hour 7, notes window, dog. I will book a table for Anna. Right?"
    )
    whole = "I will book a table for {name}, {when}, {notes}. Right?"
    assert question_about("book_table", table, whole, "en") == (
        "I will book a table for Anna, day Friday, hour 7, window, dog. Right?"
    )
    usual = "Book table: name Anna, when day Friday, hour 7, notes window, dog. Is that right?"
    assert question_about("book_table", table, "", "en") == usual
    assert question_about("book_table", table, "I will book it for {whom}.", "en") == usual
    assert question_about("close", {}, "", "de") == "Close. Ist das richtig?"


def test_a_line_names_its_servers() -> None:
    written = """
    [mcp.shop]
    url = "https://shop.example.com/mcp"
    headers = { Authorization = "SHOP_TOKEN" }
    safe = ["find_order"]
    confirm = { cancel_order = "I will cancel the order {number}. Is that right?" }
    """
    server = parse(written, "coffee", {"SHOP_TOKEN": SecretStr("Bearer x")}).mcp["shop"]
    assert server.headers["Authorization"].get_secret_value() == "Bearer x"
    assert (server.safe, server.transport) == (["find_order"], "streamable_http")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[mcp.shop]", "row 1 has no mcp.shop.url, which mcp.shop needs"),
        ('[mcp.Shop]\nurl = "https://a.example/mcp"', "row 1 has mcp.'Shop', which is not a name for a server"),
        ('[mcp.shop]\nurl = "ftp://a.example"', "mcp.shop.url = 'ftp://a.example', which should begin with http"),
        ('[mcp.shop]\nurl = "https://a.example"\nsafe = ["find order"]', "which should match pattern"),
        ('[mcp.shop]\nurl = "https://a.example"\nsave = ["a"]', "did you mean mcp.shop.safe?"),
        ('[mcp.shop]\nurl = "https://a.example"\nheaders = { "X Y" = "A" }', "should match pattern"),
        ('[mcp.shop]\nurl = "https://a.example"\nheaders = { Authorization = "Bearer abc" }', "should be a name from"),
    ],
)
def test_a_mistake_is_told_with_its_place(written: str, said: str) -> None:
    with pytest.raises(ValueError, match="mcp") as error:
        parse(written, "coffee", {})
    assert said in str(error.value)
    assert "abc" not in str(error.value)
