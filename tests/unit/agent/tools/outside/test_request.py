"""What is sent to a web address of the owner's, and what the model sees of the answer."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import ToolError
from pydantic import SecretStr

from agent.conversation.not_known import NotKnownError
from agent.lines.http_tools import HttpTool, parse
from agent.tools.outside import request
from agent.tools.outside.request import ask
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.house import ROOT

pytestmark = pytest.mark.real_time

BOTH = {
    "type": "object",
    "properties": {"number": {"type": "string"}, "kind": {"type": "string"}},
    "required": ["number", "kind"],
}
SECRETS = {"TABLES_AUTHORIZATION": SecretStr("Bearer x")}


def tool(url: str, **changes: Any) -> HttpTool:
    names = ("number", "kind", "count")
    usual = {
        "name": "find_order",
        "description": "Find an order.",
        "safe": True,
        "arguments": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names},
            "required": ["number"],
        },
    }
    return HttpTool.model_validate(
        usual | changes | {"url": url}, context={"secrets": {"TOKEN": SecretStr("Bearer x")}}
    )


@pytest.fixture
async def service() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def test_arguments_go_to_their_places_and_the_others_into_the_query(service: Receiver) -> None:
    service.answer(Reply(body="It is on its way."))
    its = tool(f"{service.url}/orders/{{number}}?lang=en", headers={"Authorization": "TOKEN"})
    assert await ask(its, {"number": "A 1/2?x=#&", "count": 3, "kind": "éa"}) == "It is on its way."
    [got] = service.received
    assert (got.method, got.body) == ("GET", "")
    assert got.path == "/orders/A%201%2F2%3Fx%3D%23%26?lang=en&count=3&kind=%C3%A9a"
    assert got.headers["authorization"] == "Bearer x"


async def test_a_post_has_the_other_arguments_in_its_body(service: Receiver) -> None:
    await ask(tool(f"{service.url}/orders/{{number}}", method="POST"), {"number": "7", "kind": "x", "count": [1, 2]})
    [got] = service.received
    assert (got.path, json.loads(got.body)) == ("/orders/7", {"kind": "x", "count": [1, 2]})


@pytest.mark.parametrize("number", ["..", ".", "", "a" * 501])
async def test_an_argument_cannot_climb_out_of_its_place(service: Receiver, number: str) -> None:
    with pytest.raises(ToolError, match="Nothing was done"):
        await ask(tool(f"{service.url}/orders/{{number}}/status"), {"number": number})
    assert service.received == []


@pytest.mark.parametrize(("path", "number", "kind"), [("{number}{kind}", ".", "."), (".{number}", ".", "")])
async def test_two_arguments_side_by_side_cannot_climb_either(
    service: Receiver, path: str, number: str, kind: str
) -> None:
    its = tool(f"{service.url}/orders/{path}/status", arguments=BOTH)
    with pytest.raises(ToolError, match="Nothing was done"):
        await ask(its, {"number": number, "kind": kind})
    assert service.received == []


async def test_an_argument_cannot_change_the_host(service: Receiver) -> None:
    await ask(tool(f"{service.url}/{{number}}"), {"number": "@evil.example.com/"})
    assert [got.path for got in service.received] == ["/%40evil.example.com%2F"]


ANSWER = {"items": [{"status": "sent", "days": 2}], "total": 12.5, "nothing": None, "all": {"a": 1}}
PARTS = {
    "a path": ("items.0.status", "sent"),
    "a number": ("total", "12.5"),
    "an object": ("all", '{"a": 1}'),
    "a text with paths": ("It is {items.0.status}, in {items.0.days} days.", "It is sent, in 2 days."),
    "all of it": ("", json.dumps(ANSWER)),
}


@pytest.mark.parametrize(("answer", "seen"), PARTS.values(), ids=PARTS)
async def test_the_model_sees_the_part_that_the_owner_wants(service: Receiver, answer: str, seen: str) -> None:
    service.answer(Reply(body=json.dumps(ANSWER)))
    assert await ask(tool(service.url, answer=answer), {"number": "1"}) == seen


async def test_a_long_answer_is_cut(service: Receiver) -> None:
    service.answer(Reply(body="a" * 5000))
    seen = await ask(tool(service.url), {"number": "1"})
    assert seen == "a" * request.LONGEST + "… (the rest was left out)"


FAILURES = {
    "an error": (Reply(status=500), {}, "answered with status 500 (Internal Server Error)"),
    "not found": (Reply(status=404), {}, "answered with status 404 (Not Found)"),
    "a redirection": (Reply(status=302), {}, "answered with status 302 (Found)"),
    "no JSON": (Reply(body="<html>Oops</html>"), {"answer": "status"}, "answered with something that is not JSON"),
    "other JSON": (Reply(body='{"state": 1}'), {"answer": "status"}, "answered with something else than expected"),
    "a list": (Reply(body="[]"), {"answer": "items.3"}, "answered with something else than expected"),
    "null": (Reply(body='{"status": null}'), {"answer": "status"}, "answered with something else than expected"),
    "too much": (Reply(body="a" * 70_000), {}, "answered with more than 65536 bytes"),
    "too late": (Reply(delay=3), {"timeout": 1}, "did not answer within 1 seconds"),
}


@pytest.mark.parametrize(("reply", "changes", "why"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_to_the_model_and_logged_without_arguments(
    service: Receiver, reply: Reply, changes: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    service.answer(reply)
    with pytest.raises(ToolError) as error:
        await ask(tool(f"{service.url}/{{number}}", **changes), {"number": "Ann-4711"})
    assert why in error.value.message
    assert "do not make up a result" in error.value.message
    assert f"The tool find_order failed: its service {why}" in caplog.text
    assert "4711" not in caplog.text


async def test_a_service_that_is_down_is_told_of(service: Receiver) -> None:
    await service.go_down()
    with pytest.raises(ToolError, match="could not be reached"):
        await ask(tool(service.url), {"number": "1"})


async def test_after_a_failure_of_a_tool_that_acts_it_is_not_known_whether_it_was_done(service: Receiver) -> None:
    acting = tool(service.url, safe=False, confirm="Shall I?")
    service.answer(Reply(status=500))
    with pytest.raises(NotKnownError, match="It is not known whether it was done"):
        await ask(acting, {"number": "1"})
    service.answer(Reply(status=409))  # which says that it was not
    with pytest.raises(ToolError, match="409") as error:
        await ask(acting, {"number": "1"})
    assert not isinstance(error.value, NotKnownError)


async def test_the_example_of_the_page_works_as_printed(service: Receiver) -> None:
    page = (ROOT / "docs/abilities/tools.md").read_text()
    find, book = (
        tool
        for block in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        for tool in parse(block, SECRETS)
    )
    [(order, path)] = re.findall(r"echo '(.*)' > /tmp/shop(/orders/4711)", page)
    service.answer(Reply(path, body=order))
    here = find.model_copy(update={"url": find.url.replace("http://host.docker.internal:8090", service.url)})
    assert await ask(here, {"number": "4711"}) == "The order is on its way and will arrive in 2 days."
    assert [got.path for got in service.received] == [path]
    assert (find.safe, book.safe) == (True, False)
