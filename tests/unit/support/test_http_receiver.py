"""The receiver itself: what tests of webhooks and look-ups rest on."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.fakes.http_receiver import Receiver, Reply

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def test_it_keeps_what_came_and_says_it_is_well(http: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        answer = await http.post(f"{receiver.url}/hook?a=1", data=b'{"b": 2}', headers={"X-Signature": "s"})
        assert (answer.status, await answer.json()) == (200, {})
    [received] = receiver.received
    assert (received.method, received.path, json.loads(received.body)) == ("POST", "/hook?a=1", {"b": 2})
    assert received.headers["x-signature"] == "s"


async def test_replies_hold_for_what_they_match_and_as_often_as_they_say(http: aiohttp.ClientSession) -> None:
    known = Reply("caller=.*123", body='{"name": "Ada"}')
    async with Receiver([Reply(only=(1,), status=503), known]) as receiver:
        told = []
        for caller in ("123", "123", "456"):
            async with http.get(f"{receiver.url}/?caller={caller}") as answer:
                told.append((answer.status, await answer.json()))
    assert told == [(503, {}), (200, {"name": "Ada"}), (200, {})]


async def test_it_may_be_down_and_come_back_under_the_same_address(http: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        await receiver.go_down()
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(receiver.url)
        await receiver.come_up()
        async with http.get(receiver.url) as answer:
            assert answer.status == 200
