"""An operator takes the call over: the agent is silent, and goes on when the operator has left."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from agent.behaviors import give_way_to_the_operator as module
from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.bound_the_call import _CallLimit
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.give_way_to_the_operator import give_way_to_the_operator
from agent.behaviors.hang_up_after_goodbye import hang_up_after_goodbye
from agent.conversation.announcer import Announcer
from agent.conversation.participants import OPERATOR
from tests.unit.agent.conversation.test_hang_up_together import Room
from tests.unit.agent.fakes import settle, until
from tests.unit.agent.never_silent import INSTANT, QUESTION, Call, calling

SOON = 0.1  # seconds
FIRST, SECOND = "operator-0123456789abcdef", "operator-fedcba9876543210"


def somebody(identity: str, **attributes: str) -> Any:
    return SimpleNamespace(identity=identity, attributes=attributes, disconnect_reason=None)


def operator(identity: str = FIRST, state: str = "yes") -> Any:
    return somebody(identity, **{OPERATOR: state})


class Watched:
    """A call with an operator's place in its room."""

    def __init__(self, call: Call) -> None:
        self.call, self.room = call, Room("caller")
        call.room = self.room
        self.hang_up, self.record = SimpleNamespace(spares=False), SimpleNamespace(taken_over=False)

    def attach(self) -> None:
        given = self.call.call
        given.hang_up, given.record = self.hang_up, self.record  # type: ignore[assignment]
        give_way_to_the_operator(given)

    def enter(self, who: Any) -> None:
        self.room.remote_participants[who.identity] = who
        self.room.emit("participant_connected", who)

    @property
    def state(self) -> str:
        return self.room.local_participant.attributes.get(OPERATOR, "")

    @property
    def rests(self) -> bool:
        return self.call.transfer.taken_over


@asynccontextmanager
async def watched(
    *, there: Any = None, also: Callable[[Any], Any] = lambda _: None, **changes: Any
) -> AsyncIterator[Watched]:
    made: list[Watched] = []

    def behave(call: Call) -> None:
        made.append(Watched(call))
        if there:
            made[0].room.remote_participants[there.identity] = there
        made[0].attach()
        also(call.call)

    async with calling(behave, **changes):
        await settle()
        yield made[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_WITHIN", SOON)


async def test_the_agent_stops_in_the_middle_of_a_sentence_and_says_so_by_its_attribute() -> None:
    async with watched() as on:
        on.call.telephone.plays_for = 60
        on.call.announcer.say("hello", allow_interruptions=False)
        await until(lambda: on.call.telephone.busy)
        on.enter(operator())
        await on.call.hears("hello cut off")
        await settle()
        assert (on.state, on.rests, on.hang_up.spares, on.record.taken_over) == ("yes", True, True, True)


async def test_what_the_caller_says_is_kept_and_not_answered() -> None:
    async with watched(also=fill_the_silence, filler_after=SOON, apology_after=2 * SOON) as on:
        on.call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        on.enter(operator())
        await on.call.says(QUESTION)
        await until(lambda: any(getattr(it, "text_content", "") == QUESTION for it in on.call.session.history.items))
        on.call.announcer.say("hello")
        on.call.announcer.interject("filler")
        await settle()
        assert on.call.telephone.heard == []


async def test_a_caller_who_says_goodbye_to_the_operator_or_nothing_at_all_is_not_hung_up_on() -> None:
    def also(call: Any) -> None:
        hang_up_after_goodbye(call)
        ask_a_silent_caller(call)

    async with watched(also=also, silent_caller_after=SOON) as on:
        on.call.announcer.say("hello")
        await on.call.hears("hello")
        on.enter(operator())
        on.call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        await on.call.says(QUESTION)
        await on.call.says("Goodbye.")
        await until(lambda: len([it for it in on.call.session.history.items if it.type == "message"]) >= 3)
        assert (on.call.ending.asked, on.call.telephone.heard) == ([], ["hello"])


async def test_when_the_operator_has_left_the_agent_says_so_and_goes_on() -> None:
    async with watched() as on:
        on.enter(operator())
        on.room.leave(FIRST)
        await settle()
        assert (on.state, on.rests, on.call.telephone.heard) == ("", True, [])
        await on.call.hears("operator_left")
        assert (on.rests, on.hang_up.spares, on.record.taken_over) == (False, False, True)
        await on.call.says(QUESTION)
        await on.call.hears("operator_left", "answer")


async def test_a_call_is_taken_over_as_often_as_an_operator_comes() -> None:
    async with watched() as on:
        for _ in range(2):
            on.enter(operator())
            assert on.rests
            on.room.leave(FIRST)
            await until(lambda: not on.rests)
        on.enter(operator(SECOND))
        on.call.announcer.say("hello")
        await _pass()
        assert (on.state, "hello" in on.call.telephone.heard) == ("yes", False)


async def test_an_operator_who_comes_back_and_one_who_joins_another_end_nothing() -> None:
    async with watched() as on:
        on.enter(operator())
        on.enter(operator(SECOND))
        on.room.leave(FIRST)
        await _pass()
        on.room.leave(SECOND)
        on.enter(operator(FIRST))
        await _pass()
        assert (on.call.telephone.heard, on.rests, on.state) == ([], True, "yes")


async def test_an_operator_who_was_there_before_the_talk_began_has_it() -> None:
    async with watched(there=operator()) as on:
        assert on.rests


@pytest.mark.parametrize(
    "who",
    [operator(state="listens"), somebody("browser-0123456789abcdef", **{OPERATOR: "yes"}), somebody(FIRST)],
    ids=["listens", "a caller who claims to be one", "no attribute"],
)
async def test_nobody_else_silences_the_agent(who: Any) -> None:
    async with watched() as on:
        on.enter(who)
        on.room.leave(who.identity)
        await _pass()
        assert (on.rests, on.call.telephone.heard, on.state) == (False, [], "")


async def test_a_goodbye_that_has_begun_is_finished() -> None:
    async with watched() as on:
        on.call.ending.say("farewell", "the caller said goodbye")
        on.enter(operator())
        assert not on.rests


async def test_a_caller_and_a_person_who_were_joined_talk_on_without_the_operator() -> None:
    async with watched() as on:
        on.call.transfer.joined = True
        on.enter(operator())
        on.room.leave(FIRST)
        await _pass()
        assert (on.call.telephone.heard, on.call.ending.asked) == ([], [])


async def test_the_end_of_the_time_is_not_announced_and_comes_without_a_word() -> None:
    async with watched() as on:
        on.enter(operator())
        await _CallLimit(_with_time(on.call))._announce()
        on.call.announcer.say("time_is_up")
        await settle()
        assert on.call.telephone.heard == []


def _with_time(call: Call) -> Any:
    given = call.call
    given.slot, given.record = SimpleNamespace(seconds_left=lambda: None), SimpleNamespace(began=0.0)  # type: ignore[assignment]
    return given


async def _pass() -> None:
    """Wait longer than an operator may be away, by the loop's own clock."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(3 * SOON, passed.set)
    await passed.wait()


def test_a_silent_announcer_is_not_the_usual_one() -> None:
    assert not Announcer.silent
