"""The greeting, put into sound while the phone still rings."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from agent.aloud.reader import Reader
from agent.conversation.announcer import Announcer
from agent.conversation.presynthesis import Presynthesis
from agent.conversation.receptionist import Receptionist
from agent.conversation.session import connect_options, new_session
from agent.lines.words import Words
from tests.support.fakes import voice
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.fakes import (
    Loudspeaker,
    ScriptedVoiceActivity,
    host,
    in_call,
    line,
    pipeline,
    spoken,
    until,
)
from tests.unit.agent.recorded import recorded

if TYPE_CHECKING:
    from livekit.agents import AgentSession

PROMPTS = Words(persona="Be brief.", greeting="Hello.", goodbye="Goodbye.")
SECONDS_PER_CHARACTER = 0.02
SOUND = voice.speech(len(PROMPTS.greeting) * SECONDS_PER_CHARACTER)


class Call:
    """A call that rings: its greeting is being prepared, and nobody has answered yet."""

    def __init__(self, endpoint: FakeOpenAI, greeting: str = PROMPTS.greeting, patience: float = 5.0) -> None:
        chosen = pipeline(settings=host(openai_base_url=endpoint.url))
        self.loudspeaker = Loudspeaker()
        self.session: AgentSession[None] = new_session(line(), chosen, ScriptedVoiceActivity())
        self.session.output.audio = self.loudspeaker
        self.patience = patience
        self.greeting = Presynthesis(greeting, chosen.new_tts(), connect_options("tts", chosen), Reader.of("en"))

    async def is_answered(self) -> None:
        call = in_call(
            session=self.session,
            words=PROMPTS,
            line=line(filler_after=self.patience),
            announcer=Announcer(self.session, "en", recorded()),
            ending=SimpleNamespace(begun=True),
            room=SimpleNamespace(isconnected=lambda: False),
        )
        await self.session.start(Receptionist(call, self.greeting), record=False)


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(Script(first_audio_delay=0, seconds_per_character=SECONDS_PER_CHARACTER)) as endpoint:
        yield endpoint


def asked(endpoint: FakeOpenAI) -> list[str]:
    return [request.text for request in endpoint.asked("tts")]


async def test_the_prepared_sound_is_what_is_spoken_and_is_asked_for_once(endpoint: FakeOpenAI) -> None:
    call = Call(endpoint)
    await until(lambda: [request.outcome for request in endpoint.asked("tts")] == ["finished"])
    await call.is_answered()
    await call.loudspeaker.play_to_the_end()
    await until(lambda: spoken(call.session) == ["Hello."])
    assert asked(endpoint) == ["Hello."]
    assert call.loudspeaker.played.strip(b"\0") == SOUND.strip(b"\0")
    await call.session.aclose()


async def test_the_caller_hears_its_beginning_before_its_end_is_made(endpoint: FakeOpenAI) -> None:
    greeting = "Hello. " * 30
    endpoint.script = endpoint.script.changed(seconds_per_character=0.1)
    call = Call(endpoint, greeting)
    await call.is_answered()
    await until(lambda: call.loudspeaker.played)
    assert endpoint.asked("tts")[0].outcome == "running"
    await call.session.aclose()


async def test_a_call_that_is_answered_at_once_waits_for_the_sound(endpoint: FakeOpenAI) -> None:
    endpoint.script = endpoint.script.changed(first_audio_delay=0.1)
    call = Call(endpoint)
    await call.is_answered()
    await call.loudspeaker.play_to_the_end()
    assert asked(endpoint) == ["Hello."]
    await call.session.aclose()


@pytest.mark.parametrize("fault", ["error", "busy", "empty"])
async def test_what_could_not_be_prepared_is_tried_once_more(endpoint: FakeOpenAI, fault: str) -> None:
    endpoint.script = endpoint.script.changed(faults={"tts": fault})
    call = Call(endpoint)
    assert await call.greeting.audio() is None
    await call.greeting._synthesis  # which has not failed: nobody looks after it
    assert asked(endpoint) == ["Hello."] * 2
    endpoint.script = endpoint.script.changed(faults={})
    await call.is_answered()
    await call.loudspeaker.play_to_the_end()
    await until(lambda: spoken(call.session) == ["Hello."])
    assert asked(endpoint) == ["Hello."] * 3
    assert call.loudspeaker.played.strip(b"\0") == SOUND.strip(b"\0")
    await call.session.aclose()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error", ": text to speech answered 500: scripted failure"),
        ("empty", ": text to speech sent no sound"),
        ("hang", " within 0.3 s"),
    ],
)
async def test_a_voice_that_fails_then_too_leaves_the_greeting_to_what_was_recorded(
    endpoint: FakeOpenAI, fault: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.script = endpoint.script.changed(faults={"tts": fault})
    call = Call(endpoint, patience=0.3)
    await call.is_answered()
    await call.loudspeaker.play_to_the_end()
    await until(lambda: spoken(call.session) == ["Hello. How can I help you?"])
    await call.session.aclose()
    rows = [row.getMessage() for row in caplog.records if row.name.startswith("agent.conversation.receptionist")]
    assert rows == [f"Could not synthesize the greeting{reason}"]
