"""What the agent does with the sounds it hears while it speaks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from livekit.agents import Agent

from agent.behaviors import go_on_after_a_backchannel as behavior
from agent.behaviors.go_on_after_a_backchannel import go_on_after_a_backchannel
from agent.conversation.session import new_session
from agent.turns.eager_stt import EagerSTT, eager_engines
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.fakes import (
    Deaf,
    Loudspeaker,
    ScriptedEar,
    ScriptedVoiceActivity,
    host,
    in_call,
    line,
    pipeline,
    settle,
    spoken,
    until,
)

SPEAKS, FALLS_SILENT = "^sssss", "..$"  # longer than BARGE_IN
INSTANT = Script(
    stt_delay=0, first_token_delay=0, words_per_second=1e6, first_audio_delay=0, seconds_per_character=0.01
)
PITCH = "The soup of the day is tomato."


class Call:
    """A caller, whose words the endpoint transcribes by script, and an agent that speaks till a test says `through`."""

    def __init__(self, endpoint: FakeOpenAI, **changes: Any) -> None:
        made = line(**{"wait_done": 0.3} | changes)
        self.endpoint, self.voice_activity, self.loudspeaker = endpoint, ScriptedVoiceActivity(), Loudspeaker()
        self.session = new_session(made, pipeline(made, host(openai_base_url=endpoint.url)), self.voice_activity)
        self.session.input.audio, self.session.output.audio = Deaf(), self.loudspeaker
        go_on_after_a_backchannel(in_call(session=self.session))

    async def agent_says(self, words: str) -> None:
        self.session.say(words)
        await until(lambda: self.session.agent_state == "speaking")

    async def caller_says(self, words: str, over: bool = False) -> None:
        """`over` the agent's words, who has to fall silent till it is known what they are."""
        before = len(self.endpoint.asked("stt"))
        self.endpoint.script = self.endpoint.script.changed(transcripts=(words,))
        await self.voice_activity.show(SPEAKS)
        assert self.loudspeaker.paused is over
        await self.voice_activity.show(FALLS_SILENT)
        await until(lambda: [it.outcome for it in self.endpoint.asked("stt")][before:] == ["finished"])
        await asyncio.sleep(0.05)

    @property
    def asked(self) -> list[str]:
        """What the model was to answer, one entry a request."""
        return [request.body["messages"][-1]["content"] for request in self.endpoint.asked("llm")]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    async with FakeOpenAI(INSTANT.changed(answers=("At nine.",))) as endpoint:
        call = Call(endpoint)
        await call.session.start(Agent(instructions="Be brief."), record=False)
        await settle()
        yield call
        await call.session.aclose()


@pytest.mark.parametrize("sound", ["Mm-hm.", "Yeah, okay.", "I see.", "", "..."])
async def test_the_agent_goes_on_after_a_sound_that_only_listens(call: Call, sound: str) -> None:
    await call.agent_says(PITCH)
    await call.caller_says(sound, over=True)
    assert not call.loudspeaker.paused
    assert call.loudspeaker.endings == []  # the same sound, where it was
    assert call.asked == []


async def test_it_may_be_stopped_after_it_has_gone_on(call: Call) -> None:
    await call.agent_says(PITCH)
    await call.caller_says("Mm-hm.", over=True)
    await call.caller_says("Stop.", over=True)
    await until(lambda: call.asked == ["Stop."])
    await asyncio.sleep(0.1)
    assert call.asked == ["Stop."]  # and the sound before it is not answered, now or later
    assert call.loudspeaker.endings == ["interrupted"]


async def test_the_agent_stops_for_words_and_answers_them(call: Call) -> None:
    await call.agent_says(PITCH)
    await call.caller_says("No, when are you open?", over=True)
    await until(lambda: call.asked == ["No, when are you open?"])
    assert call.loudspeaker.endings == ["interrupted"]


@pytest.mark.parametrize("words", ["Yes.", "When are you open?"])
async def test_while_the_agent_is_silent_every_word_counts(call: Call, words: str) -> None:
    await call.caller_says(words)
    await until(lambda: call.asked == [words])
    await until(lambda: call.session.agent_state == "speaking")


async def test_while_the_agent_is_silent_a_sound_without_words_does_not(call: Call) -> None:
    await call.caller_says("")
    await asyncio.sleep(0.4)
    assert call.asked == []


async def test_a_yes_just_before_the_agent_is_through_is_answered(call: Call) -> None:
    await call.agent_says("Shall I book it?")
    await call.caller_says("Yes.", over=True)
    assert call.asked == []
    await call.loudspeaker.play_to_the_end()
    await until(lambda: call.asked == ["Yes."])
    await until(lambda: call.session.agent_state == "speaking")
    await call.loudspeaker.play_to_the_end()
    await until(lambda: spoken(call.session) == ["Shall I book it?", "At nine."])


async def test_a_yes_before_the_agent_says_more_is_not(call: Call) -> None:
    call.session.say(PITCH)
    call.session.say("And there is bread.")
    await until(lambda: call.session.agent_state == "speaking")
    await call.caller_says("Yes.", over=True)
    await call.loudspeaker.play_to_the_end()
    await until(lambda: call.session.agent_state == "speaking")
    assert spoken(call.session) == [PITCH]
    await call.loudspeaker.play_to_the_end()
    await asyncio.sleep(0.1)
    assert call.asked == []


async def test_a_yes_long_before_the_agent_is_through_is_not(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behavior, "ANSWER_WITHIN", 0.02)
    await call.agent_says(PITCH)
    await call.caller_says("Yes.", over=True)
    await call.loudspeaker.play_to_the_end()
    await asyncio.sleep(0.1)
    assert call.asked == []
    assert spoken(call.session) == [PITCH]


@pytest.mark.parametrize("sound", ["", "Mm-hm."])
async def test_nothing_of_a_sound_that_only_listens_is_left_for_the_next_turn(
    call: Call, sound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behavior, "ANSWER_WITHIN", 0.02)
    await call.agent_says(PITCH)
    await call.caller_says(sound, over=True)
    await call.loudspeaker.play_to_the_end()
    await call.caller_says("When are you open?")
    await until(lambda: call.asked == ["When are you open?"])


async def test_a_goodbye_goes_on_whatever_is_said(call: Call) -> None:
    call.session.say("Goodbye.", allow_interruptions=False)
    await until(lambda: call.session.agent_state == "speaking")
    await call.caller_says("Okay.")
    await call.loudspeaker.play_to_the_end()
    assert call.loudspeaker.endings == ["finished"]


@pytest.mark.parametrize(
    ("speech", "heard", "told"),
    [
        (None, "Yes.", True),
        (None, "", False),
        (Mock(done=lambda: True, interrupted=False), "Yes.", True),
        (Mock(done=lambda: False, interrupted=True), "Yes.", True),  # it has been stopped, and is not silent yet
        (Mock(done=lambda: False, interrupted=True), "", False),
        (Mock(done=lambda: False, interrupted=False), "", False),
        (Mock(done=lambda: False, interrupted=False), "Stop.", True),
    ],
)
async def test_what_is_told_depends_on_who_speaks(speech: Mock | None, heard: str, told: bool) -> None:
    session = Mock(stt=EagerSTT(ScriptedEar(), ScriptedVoiceActivity(), 0.1), current_speech=speech)
    go_on_after_a_backchannel(in_call(session=session))
    assert session.stt.keep_or_drop(heard) is told


MIXED = {"stt": "openai-realtime/gpt-4o-mini-transcribe", "stt_fallback": "openai/gpt-4o-mini-transcribe"}


async def test_an_engine_that_stands_in_for_a_streaming_one_is_listened_to_as_well() -> None:
    async with FakeOpenAI(INSTANT) as endpoint:  # which knows no streaming speech to text
        call = Call(endpoint, **MIXED)
        await call.session.start(Agent(instructions="Be brief."), record=False)
        [engine] = eager_engines(call.session.stt)
        await until(lambda: engine.is_listening)
        await settle()
        await call.agent_says(PITCH)
        await call.caller_says("Mm-hm.", over=True)
        assert not call.loudspeaker.paused
        assert call.asked == []
        await call.session.aclose()
        assert call.session.stt is not None
        await call.session.stt.aclose()


async def test_without_an_early_transcript_nothing_is_changed() -> None:
    async with FakeOpenAI(INSTANT) as endpoint:
        call = Call(endpoint, early_transcript=0)
        assert eager_engines(call.session.stt) == []
        await call.session.start(Agent(instructions="Be brief."), record=False)
        await settle()
        await call.agent_says(PITCH)
        await call.caller_says("Mm-hm.", over=True)
        await until(lambda: call.asked == ["Mm-hm."])
        await call.session.aclose()
