"""While a caller waits for a person, or talks with one, the agent's own manners rest; afterwards they are back."""

import asyncio
from typing import Any

from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.end_endless_talk import end_endless_talk
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.wait_when_asked import wait_when_asked
from tests.unit.agent.never_silent import INSTANT, QUESTION, SPEAKS, calling

SOON = 0.6  # seconds


async def test_a_caller_who_says_nothing_while_they_wait_is_asked_only_afterwards() -> None:
    async with calling(lambda call: ask_a_silent_caller(call.call), silent_caller_after=SOON) as call:
        call.announcer.say("hello")
        await call.hears("hello")
        call.transfer.begun = True
        await asyncio.sleep(4 * SOON)
        assert call.telephone.heard == ["hello"]
        call.transfer.begun = False
        await call.hears("hello", "still_there")


async def test_a_caller_whose_line_is_on_hold_while_they_wait_is_left_alone() -> None:
    async with calling(lambda call: ask_a_silent_caller(call.call), silent_caller_after=SOON) as call:
        call.announcer.say("hello")
        await call.hears("hello")
        call.transfer.begun = True
        call.phone.sends = False
        await asyncio.sleep(4 * SOON)
        assert (call.telephone.heard, call.ending.begun) == (["hello"], False)


async def test_nobody_is_apologised_to_for_an_answer_that_is_not_to_come() -> None:
    changes: dict[str, Any] = {"filler_after": SOON, "apology_after": 2 * SOON, "failures": 1}
    async with calling(lambda call: fill_the_silence(call.call), **changes) as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        call.transfer.begun = True
        await call.says(QUESTION, heard=False)
        await asyncio.sleep(4 * SOON)
        assert (call.telephone.heard, call.ending.begun) == ([], False)


async def test_a_caller_may_talk_for_as_long_as_they_like_while_they_wait() -> None:
    async with calling(lambda call: end_endless_talk(call.call), longest_talk=SOON) as call:
        call.transfer.begun = True
        await call.voice_activity.show(SPEAKS)
        await asyncio.sleep(3 * SOON)
        assert not call.ending.begun


async def test_what_a_machine_says_does_not_end_a_call_that_waits() -> None:
    async with calling(lambda call: end_endless_talk(call.call)) as call:
        call.transfer.begun = True
        await call.says("Please leave a message after the tone.", heard=False)
        await asyncio.sleep(SOON)
        assert not call.ending.begun


async def test_a_request_to_wait_is_not_answered_while_they_wait() -> None:
    async with calling(lambda call: wait_when_asked(call.call)) as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        call.transfer.begun = True
        await call.says("One moment, please.", heard=False)
        await asyncio.sleep(SOON)
        assert "take_your_time" not in call.telephone.heard
