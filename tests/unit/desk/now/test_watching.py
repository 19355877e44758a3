"""The calls are asked for once a second for all viewers together, and not at all without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desk import server as asking
from desk.now import held_rooms
from desk.now import watching as module
from desk.now.watching import Seen, Watching
from desk.problem import Problem
from desk.server import MediaServer
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.unit.desk.now.people import AGENT_NAME, agent, phone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desk.settings import Settings

ROOM = "call-_+12025550143_abc"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeLiveKit]:
    monkeypatch.setattr(module, "EVERY", 0.02)
    fake = FakeLiveKit()
    fake.rooms[ROOM] = [phone(), agent()]
    async with fake.serving():
        yield fake


@pytest.fixture
def watching(server: FakeLiveKit, settings: Settings) -> Watching:
    given = {"livekit_url": server.url, "livekit_api_key": server.key, "livekit_api_secret": server.secret}
    its = type(settings).model_validate(settings.model_dump() | given)
    return Watching(MediaServer(its), AGENT_NAME, "call-")


async def next_change(following: AsyncIterator[Seen | None]) -> Seen:
    async with asyncio.timeout(20):
        async for seen in following:
            if seen is not None:
                return seen
    raise AssertionError


async def test_what_is_there_is_given_at_once_and_then_what_changes(watching: Watching, server: FakeLiveKit) -> None:
    following = watching.follow()
    first = await next_change(following)
    assert [call.line for call in first.calls] == ["coffee"]
    server.rooms[ROOM][1].attributes["lk.agent.state"] = "speaking"
    assert (await next_change(following)).calls[0].state == "speaking"
    server.rooms.clear()
    assert await next_change(following) == Seen()


async def test_nothing_new_is_said_to_a_viewer_as_nothing(watching: Watching, server: FakeLiveKit) -> None:
    following = watching.follow()
    await next_change(following)
    assert await anext(following) is None


async def test_two_viewers_share_one_look_and_without_any_there_is_none(
    watching: Watching, server: FakeLiveKit
) -> None:
    one, two = watching.follow(), watching.follow()
    await next_change(one)
    await next_change(two)
    task = watching._task
    await one.aclose()
    assert watching._task is task is not None
    await two.aclose()
    await asyncio.sleep(0.1)  # a look that had begun
    assert task.cancelled()
    before = len(server.calls)
    await asyncio.sleep(0.1)
    assert len(server.calls) == before


async def test_a_server_that_does_not_answer_is_said_and_then_that_it_does_again(
    watching: Watching, server: FakeLiveKit
) -> None:
    following = watching.follow()
    await next_change(following)
    server.refuse_next = 3
    seen = await next_change(following)
    assert seen.calls == ()
    assert seen.problem.startswith("The media server does not answer.")
    assert (await next_change(following)).problem == ""


async def test_a_server_that_is_there_and_silent_is_given_up_within_seconds(
    watching: Watching, server: FakeLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ANSWERS_WITHIN", 0.05)
    server.hang_next = 1
    following = watching.follow()
    assert (await next_change(following)).problem.startswith("The media server does not answer.")
    assert (await next_change(following)).problem == ""
    server.hang_next = 1
    with pytest.raises(Problem, match="The media server does not answer"):
        await watching.find(f"RM_{ROOM}")


async def test_a_fault_of_our_own_is_said_and_does_not_end_the_watching(
    watching: Watching, server: FakeLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("canary")

    with monkeypatch.context() as broken:
        broken.setattr(module, "call_of", faulty)
        following = watching.follow()
        seen = await next_change(following)
        assert seen.problem == "The calls in progress could not be read. This is tried again."
    assert len((await next_change(following)).calls) == 1


async def test_rooms_of_others_are_neither_looked_into_nor_shown(watching: Watching, server: FakeLiveKit) -> None:
    server.rooms = {"meeting-1": [phone(), agent()], "call-of-another": [phone(host="another"), agent("another")]}
    assert (await next_change(watching.follow())).calls == ()
    with pytest.raises(Problem, match="This call has ended"):
        await watching.find("RM_call-of-another")
    assert "DeleteRoom" not in server.calls


async def test_a_call_is_found_by_the_id_of_its_room(watching: Watching) -> None:
    assert (await watching.find(f"RM_{ROOM}")).room == ROOM


async def test_a_room_that_the_server_lists_and_does_not_have_is_no_call(
    watching: Watching, server: FakeLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_rooms, "AGAIN_AFTER", 0.1)
    server.rooms["call-_+12025550144_def"] = [phone(), agent()]
    server.gone.add(ROOM)
    following = watching.follow()
    assert [call.room for call in (await next_change(following)).calls] == ["call-_+12025550144_def"]
    with pytest.raises(Problem, match="has ended"):
        await watching.find(f"RM_{ROOM}")
    server.gone.clear()  # the server was only too busy to say so
    assert len((await next_change(following)).calls) == 2


async def test_a_call_that_is_there_is_asked_about_once_and_again_when_the_server_has_been_away(
    watching: Watching, server: FakeLiveKit
) -> None:
    following = watching.follow()
    assert len((await next_change(following)).calls) == 1
    for _ in range(3):
        await anext(following)
    assert server.calls.count("SendData") == 1
    server.refuse_next = 1
    assert (await next_change(following)).problem
    server.gone.add(ROOM)
    seen = await next_change(following)
    while seen.calls:
        seen = await next_change(following)
    assert not seen.problem
