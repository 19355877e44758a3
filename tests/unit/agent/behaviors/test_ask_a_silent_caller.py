"""A caller who says nothing is asked twice, and then the call is over."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.behaviors import ask_a_silent_caller as behavior
from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.wait_when_asked import wait_when_asked
from agent.conversation import hold
from agent.turns.speaker_gate import SHARED, SpeakerGate
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import settle, until
from tests.unit.agent.never_silent import FALLS_SILENT, INSTANT, QUESTION, SPEAKS, Call, calling

SILENCE = 0.4
SILENT = ("silent", "the caller was silent")


@pytest.fixture(autouse=True)
def quick_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behavior, "WORDS_WITHIN", 0.2)
    monkeypatch.setattr(behavior, "HOLD_CHECKED_EVERY", 0.05)
    monkeypatch.setattr(hold, "CHECKED_EVERY", 0.05)
    monkeypatch.setattr(hold, "NO_PACKETS_FOR", 0.12)


@asynccontextmanager
async def greeted(**changes: Any) -> AsyncIterator[Call]:
    def behave(call: Call) -> None:
        ask_a_silent_caller(call.call)

    async with calling(behave, silent_caller_after=SILENCE, **changes) as call:
        call.announcer.say("hello")
        await call.hears("hello")
        yield call


def sound(call: Call, level: float) -> None:
    """Sound of this level comes from the phone for several seconds, and no detector takes it for speech."""
    gate = call.session.vad
    assert isinstance(gate, SpeakerGate)
    for _ in range(SHARED):
        gate.listen(level)


async def test_a_silent_caller_is_asked_twice_and_said_goodbye_to() -> None:
    async with greeted() as call:
        await call.hears("hello", "still_there")
        assert not call.ending.begun
        await call.hears("hello", "still_there", "cannot_hear")
        await until(lambda: call.ending.asked == [SILENT])


async def test_who_answers_is_not_asked_the_second_question() -> None:
    async with greeted() as call:
        await call.hears("hello", "still_there")
        await call.says(QUESTION)
        await call.hears("hello", "still_there", "answer", "still_there")
        assert not call.ending.begun


async def test_sounds_without_words_are_silence() -> None:
    async with greeted() as call:
        for _ in range(6):
            await call.says("[Music]")
            await asyncio.sleep(SILENCE / 4)
        await until(lambda: call.telephone.heard[:2] == ["hello", "still_there"])


async def test_a_caller_on_hold_without_packets_is_not_asked_and_has_time_when_they_come_back() -> None:
    async with greeted() as call:
        call.phone.sends = False
        await asyncio.sleep(SILENCE * 3)
        assert call.telephone.heard == ["hello"]
        call.phone.sends = True
        back = asyncio.get_running_loop().time()
        await call.hears("hello", "still_there")
        assert asyncio.get_running_loop().time() - back > SILENCE
        assert not call.ending.begun


async def test_a_caller_who_talks_after_a_hold_is_answered() -> None:
    async with greeted() as call:
        call.phone.sends = False
        await asyncio.sleep(SILENCE * 2)
        call.phone.sends = True
        await call.says(QUESTION)
        await call.hears("hello", "answer")


async def test_a_phone_that_never_comes_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behavior, "LONGEST_WITHOUT_PACKETS", SILENCE * 2)
    async with greeted() as call:
        call.phone.sends = False
        await until(lambda: call.ending.asked == [("silent", "nothing came from the caller's phone")])
        assert call.telephone.heard == ["hello"]


async def test_nobody_is_asked_while_music_plays_and_music_without_end_is_ended() -> None:
    async with greeted(longest_talk=SILENCE * 4) as call:
        sound(call, 8000)
        await asyncio.sleep(SILENCE * 3)
        assert call.telephone.heard == ["hello"]
        assert not call.ending.begun
        await until(lambda: call.ending.asked == [("endless", "the caller was on hold")])


async def test_a_caller_is_asked_after_the_music() -> None:
    async with greeted() as call:
        sound(call, 8000)
        await asyncio.sleep(SILENCE * 2)
        sound(call, 0)
        await call.hears("hello", "still_there")


async def test_quiet_noise_is_silence() -> None:
    async with greeted() as call:
        sound(call, 100)
        await call.hears("hello", "still_there")


async def test_a_key_is_an_answer() -> None:
    async with greeted() as call:
        for _ in range(5):
            await asyncio.sleep(SILENCE / 2)
            call.room.emit("sip_dtmf_received", None)
        assert call.telephone.heard == ["hello"]
        await call.hears("hello", "still_there")


async def test_nobody_is_asked_while_they_speak() -> None:
    async with greeted() as call:
        await call.voice_activity.show(SPEAKS)
        await asyncio.sleep(SILENCE * 2)
        assert call.telephone.heard == ["hello"]
        await call.voice_activity.show(FALLS_SILENT)
        await call.hears("hello", "answer")


async def test_nobody_is_asked_while_the_agent_thinks() -> None:
    async with greeted() as call:
        call.endpoint.script = INSTANT.changed(first_token_delay=SILENCE * 2)
        await call.says(QUESTION)
        await call.hears("hello", "answer")


async def test_nobody_is_asked_before_the_greeting() -> None:
    async with FakeOpenAI(INSTANT) as endpoint:
        call = Call(endpoint, silent_caller_after=SILENCE)
        ask_a_silent_caller(call.call)
        await call.begin()
        await asyncio.sleep(SILENCE * 1.5)
        assert call.telephone.heard == []
        await call.end()


async def test_nobody_is_asked_once_the_call_ends() -> None:
    async with greeted() as call:
        call.ending.say("farewell", "test")
        await asyncio.sleep(SILENCE * 1.5)
        await settle()
        assert call.telephone.heard == ["hello"]


async def test_a_caller_who_has_asked_for_a_moment_is_left_in_peace_and_then_asked() -> None:
    def behave(call: Call) -> None:
        wait_when_asked(call.call)
        ask_a_silent_caller(call.call)

    async with calling(behave, silent_caller_after=SILENCE, hold_patience=60) as call:
        since = time.monotonic()
        await call.says("Hold on a second, let me get my card.")
        await call.hears("take_your_time")
        await asyncio.sleep(50)
        assert call.telephone.heard == ["take_your_time"]
        await call.hears("take_your_time", "still_there", within=20)
        assert 60 < time.monotonic() - since < 65
        await call.hears("take_your_time", "still_there", "cannot_hear")  # from here on as for any other caller
        await until(lambda: call.ending.asked == [SILENT])


async def test_the_patience_ends_when_the_caller_is_back() -> None:
    def behave(call: Call) -> None:
        wait_when_asked(call.call)
        ask_a_silent_caller(call.call)

    async with calling(behave, silent_caller_after=SILENCE, hold_patience=60) as call:
        await call.says("One moment, please.")
        await call.hears("take_your_time")
        await call.says(QUESTION)
        await call.hears("take_your_time", "answer", "still_there")


async def test_noise_that_is_heard_as_words_again_and_again_does_not_keep_the_call_alive() -> None:
    async with greeted() as call:
        call.endpoint.script = INSTANT.changed(transcripts=("You",))
        for _ in range(40):
            if call.ending.begun:
                break
            await call.voice_activity.show("^" + 8 * "w" + FALLS_SILENT)  # the sound bears the word
            await asyncio.sleep(SILENCE)
        assert call.ending.asked == [SILENT]
        assert call.telephone.heard.count("answer") <= 2


@pytest.mark.parametrize("muted", [True, False])
async def test_a_caller_by_browser_who_cannot_be_heard_has_the_time_to_type(muted: bool) -> None:
    def behave(call: Call) -> None:
        call.phone.identity, call.phone.attributes = "browser-0123456789abcdef", {"landline.caller": "browser"}
        call.phone.muted, call.phone.sends = muted, not muted
        ask_a_silent_caller(call.call)

    async with calling(behave, silent_caller_after=SILENCE, hold_patience=60) as call:
        since = time.monotonic()
        call.announcer.say("hello")
        await call.hears("hello", "still_there", within=90)
        assert (time.monotonic() - since > 59) is muted


async def test_who_types_an_answer_to_the_question_is_there() -> None:
    async with greeted() as call:
        for _ in range(3):
            await until(lambda: call.telephone.heard[-1] == "still_there")
            call.session.generate_reply(user_input=QUESTION)
            await until(lambda: call.telephone.heard[-1] == "answer")
        assert not call.ending.begun
        assert "cannot_hear" not in call.telephone.heard
