"""Who is left without an agent is hung up on, by a server whose rooms the test fills, on a clock that is turned."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from livekit import api

from bootstrap.mark import Mark
from bootstrap.server import RetryPolicy, connect_to
from bootstrap.watch import callers as module
from bootstrap.watch.agent import Agent
from bootstrap.watch.callers import Callers
from tests.support.fakes.livekit_sip import FakeLiveKit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

pytestmark = pytest.mark.usefixtures("clock")

OURS = "inbound-voice-agent"
CALL = "call-_+12025550123_x"
Kind = api.ParticipantInfo.Kind


def caller(*, agent: str = OURS, status: str = "active", **attributes: str) -> api.ParticipantInfo:
    """Somebody who came in by the rule of a host."""
    its = {"sip.callStatus": status, "sip.ruleID": "SDR_1", **attributes}
    return api.ParticipantInfo(kind=Kind.SIP, metadata=str(Mark(agent, "coffee")), attributes=its)


def leg(*, agent: str = OURS, joined: str = "") -> api.ParticipantInfo:
    """Somebody whom the agent of a host has called."""
    return api.ParticipantInfo(kind=Kind.SIP, attributes={"landline.leg": agent, "landline.joined": joined})


AGENT = api.ParticipantInfo(kind=Kind.AGENT)


@pytest.fixture
async def server() -> AsyncIterator[FakeLiveKit]:
    fake = FakeLiveKit()
    async with fake.serving():
        yield fake


@pytest.fixture
def agent() -> Agent:
    return Agent("http://agent:8082")


@pytest.fixture
async def watcher(server: FakeLiveKit, agent: Agent) -> AsyncIterator[Callers]:
    policy = RetryPolicy(attempts=1, request_seconds=2)
    async with connect_to(server.url, server.key, server.secret, policy) as client:
        yield Callers(client, agent, OURS, "call-")


def put(server: FakeLiveKit, *people: api.ParticipantInfo, room: str = CALL, job: str = "AJ_1", to: str = OURS) -> None:
    """Put these people into a room to which an agent was sent for this job; "": it was not."""
    server.rooms[room] = list(people)
    state = api.AgentDispatch(agent_name=to).state
    if job:
        state.jobs.add(id=job)
    server.dispatches[room] = [api.AgentDispatch(agent_name=to, state=state)]


async def look_for(watcher: Callers, seconds: float, jobs: Sequence[str] | None = None, process: str = "first") -> None:
    """Look every second; `jobs` is what the agent names meanwhile, and None: that it says nothing."""
    for _ in range(round(seconds)):
        if jobs is not None:
            watcher._agent.hear(process, frozenset(jobs))
        await watcher.look()
        await asyncio.sleep(1)


async def test_a_caller_is_hung_up_on_within_seconds_when_the_agent_of_their_call_is_gone(
    server: FakeLiveKit, agent: Agent, watcher: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    put(server, caller(), AGENT)  # the server does not know yet
    await look_for(watcher, 20, ["AJ_1"])
    assert CALL in server.rooms
    agent.close()
    await look_for(watcher, 4)
    assert CALL in server.rooms
    await look_for(watcher, 4)
    assert CALL not in server.rooms
    [message] = [record.getMessage() for record in caplog.records if record.name.startswith("bootstrap")]
    assert message == "A caller was left without an agent, so the watcher hung up."


async def test_a_caller_whose_agent_was_started_again_is_hung_up_on_although_an_agent_is_there(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 3)
    await look_for(watcher, 5, [], "second")
    assert CALL not in server.rooms


async def test_a_call_that_the_agent_has_goes_on_however_long_its_connection_is_away(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 4)
    await look_for(watcher, 20, ["AJ_1"])
    await look_for(watcher, 30)  # it is busy, and says nothing, but nothing says that it is gone
    assert CALL in server.rooms


async def test_a_call_of_another_hosts_agent_goes_on_when_ours_is_gone(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), AGENT, job="AJ_elsewhere")  # its AGENT_NAME is the same
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 30)
    assert CALL in server.rooms


async def test_a_caller_whose_agent_is_not_known_is_hung_up_on_when_the_server_has_noticed(
    server: FakeLiveKit, watcher: Callers
) -> None:
    put(server, caller(), AGENT)
    await look_for(watcher, 20)
    put(server, caller())
    await look_for(watcher, 7)
    assert CALL in server.rooms
    await look_for(watcher, 3)
    assert CALL not in server.rooms


async def test_a_call_to_which_an_agent_is_sent_anew_goes_on(server: FakeLiveKit, watcher: Callers) -> None:
    for _ in range(3):  # the seconds without an agent are counted anew each time
        put(server, caller())
        await look_for(watcher, 6)
        put(server, caller(), AGENT)
        await look_for(watcher, 2)
    assert CALL in server.rooms


@pytest.mark.parametrize("status", ["ringing", ""])
async def test_a_caller_whose_phone_still_rings_is_left_to_the_gateway(
    server: FakeLiveKit, watcher: Callers, status: str
) -> None:
    put(server, caller(status=status), job="")
    await look_for(watcher, 30)
    assert CALL in server.rooms


async def test_two_who_were_joined_talk_on_and_the_one_who_is_left_is_hung_up_on(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), leg(joined="yes"), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 30)
    put(server, caller(), leg(joined="yes"))
    await look_for(watcher, 30)
    assert CALL in server.rooms
    put(server, leg(joined="yes"))
    await look_for(watcher, 2)
    assert CALL not in server.rooms


async def test_a_caller_who_waits_for_a_person_is_hung_up_on_with_them(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), leg(), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 7)
    assert CALL not in server.rooms


async def test_somebody_whom_a_killed_agent_was_calling_is_not_called_any_more(
    server: FakeLiveKit, watcher: Callers
) -> None:
    put(server, leg(), room="call-out-1f2e3d")
    await look_for(watcher, 10)
    assert server.rooms == {}


async def test_rooms_of_others_are_left_alone(server: FakeLiveKit, agent: Agent, watcher: Callers) -> None:
    meeting = api.ParticipantInfo(kind=Kind.STANDARD)
    dialled_in = api.ParticipantInfo(kind=Kind.SIP, attributes={"sip.callStatus": "active", "sip.ruleID": "SDR_2"})
    put(server, caller(), room="sales-conference")  # by its name
    put(server, caller(agent="theirs"), room="call-of-another-host")
    put(server, leg(agent="theirs"), room="call-to-somebody")
    put(server, dialled_in, room="call-by-a-rule-without-our-mark")
    put(server, meeting, room="call-of-browsers")
    put(server, caller(), room=CALL)
    agent.hear("first", frozenset(["AJ_1"]))
    agent.close()
    await look_for(watcher, 30)
    assert sorted(server.rooms) == [
        "call-by-a-rule-without-our-mark",
        "call-of-another-host",
        "call-of-browsers",
        "call-to-somebody",
        "sales-conference",
    ]


async def test_a_job_of_somebody_elses_agent_in_the_room_is_no_sign(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), AGENT, to="their-agent")
    agent.hear("first", frozenset(["AJ_1"]))
    agent.close()
    await look_for(watcher, 30)
    assert CALL in server.rooms


async def test_who_gets_an_agent_at_the_last_moment_is_not_hung_up_on(
    server: FakeLiveKit, watcher: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(server, caller())
    await look_for(watcher, 8)
    asked = server.list_participants
    times = 0

    async def list_participants(request: api.ListParticipantsRequest) -> object:
        nonlocal times
        times += 1
        if times == 2:
            server.rooms[CALL].append(AGENT)
        return await asked(request)

    monkeypatch.setattr(server, "list_participants", list_participants)
    await look_for(watcher, 1)
    assert times == 2
    assert CALL in server.rooms


async def test_a_room_that_cannot_be_looked_at_holds_up_no_other(
    server: FakeLiveKit, watcher: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(server, caller(), room="call-slow")
    put(server, caller(), room=CALL)
    asked = server.list_dispatch

    async def list_dispatch(request: api.ListAgentDispatchRequest) -> object:
        if request.room == "call-slow":
            await asyncio.Event().wait()
        return await asked(request)

    monkeypatch.setattr(server, "list_dispatch", list_dispatch)
    await look_for(watcher, 5)  # each of which takes as long as a request may
    assert list(server.rooms) == ["call-slow"]


async def test_a_room_that_goes_meanwhile_is_no_error_and_is_not_told_of(
    server: FakeLiveKit, watcher: Callers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    put(server, caller())
    await look_for(watcher, 8)
    deleted = server.delete_room

    async def delete_room(request: api.DeleteRoomRequest) -> object:
        server.rooms.clear()
        return await deleted(request)

    monkeypatch.setattr(server, "delete_room", delete_room)
    await look_for(watcher, 1)
    assert "DeleteRoom" in server.calls
    assert caplog.messages == []


async def test_a_call_that_goes_on_costs_two_requests_each_time(server: FakeLiveKit, watcher: Callers) -> None:
    put(server, caller(), AGENT)
    await look_for(watcher, 1, ["AJ_1"])
    server.calls.clear()
    await look_for(watcher, 10, ["AJ_1"])
    assert server.calls == ["ListRooms", "ListParticipants"] * 10


async def test_rooms_that_are_gone_are_forgotten(server: FakeLiveKit, watcher: Callers) -> None:
    put(server, caller())
    await look_for(watcher, 2)
    server.rooms.clear()
    await watcher.look()
    assert (watcher._jobs, watcher._alone) == ({}, {})


def test_how_long_it_takes_is_within_the_bound() -> None:
    from bootstrap.watch import agent, rounds

    looks = 2 * rounds.EVERY  # the agent may have gone just after one, and the server may be slow in the next
    assert agent.LOST_AFTER + agent.TRIED_EVERY + looks < 15
    assert module.ALONE_FOR + looks < 15


BROWSERS = "call-browser-0123456789abcdef"


def browser(**attributes: str) -> api.ParticipantInfo:
    its = {"landline.caller": "browser"} | attributes
    return api.ParticipantInfo(kind=Kind.STANDARD, identity="browser-0123456789abcdef", attributes=its)


def operator(state: str = "yes") -> api.ParticipantInfo:
    attributes = {"landline.operator": state}
    return api.ParticipantInfo(kind=Kind.STANDARD, identity="operator-0123456789abcdef", attributes=attributes)


async def test_a_caller_by_browser_is_hung_up_on_within_seconds_when_the_agent_of_their_call_is_gone(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, browser(), AGENT, room=BROWSERS)
    await look_for(watcher, 20, ["AJ_1"])
    assert BROWSERS in server.rooms
    agent.close()
    await look_for(watcher, 8)
    assert BROWSERS not in server.rooms


async def test_a_caller_by_browser_to_whom_no_agent_comes_is_hung_up_on(server: FakeLiveKit, watcher: Callers) -> None:
    put(server, browser(), room=BROWSERS, job="")
    await look_for(watcher, 7)
    assert BROWSERS in server.rooms
    await look_for(watcher, 3)
    assert BROWSERS not in server.rooms


async def test_browsers_of_others_are_left_alone(server: FakeLiveKit, agent: Agent, watcher: Callers) -> None:
    put(server, browser(), room=BROWSERS, to="their-agent")
    put(server, browser(**{"landline.caller": ""}), room="call-browser-without-the-attribute")
    put(server, operator(), room="call-of-an-operator-alone")
    agent.hear("first", frozenset(["AJ_1"]))
    agent.close()
    await look_for(watcher, 30)
    assert len(server.rooms) == 3


@pytest.mark.parametrize("their", [caller(), browser()], ids=["phone", "browser"])
async def test_a_caller_and_an_operator_talk_on_and_the_caller_who_is_left_is_hung_up_on(
    server: FakeLiveKit, agent: Agent, watcher: Callers, their: api.ParticipantInfo
) -> None:
    put(server, their, operator(), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 30)
    assert CALL in server.rooms
    put(server, their)
    await look_for(watcher, 2)
    assert CALL not in server.rooms


async def test_an_operator_who_only_listens_keeps_no_caller_in_silence(
    server: FakeLiveKit, agent: Agent, watcher: Callers
) -> None:
    put(server, caller(), operator("listens"), AGENT)
    await look_for(watcher, 2, ["AJ_1"])
    agent.close()
    await look_for(watcher, 8)
    assert CALL not in server.rooms
