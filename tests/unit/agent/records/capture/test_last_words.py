"""What a caller says before hanging up is transcribed, if the call is recorded."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference
from livekit.agents.voice import io

from agent.conversation.session import HEARD_RATE, SEGMENT_PAUSE, new_session
from agent.records.capture.last_words import TRANSCRIBED_WITHIN, LastWords
from phone.audio import RATE, resample
from phone.sound.speech import synthesise
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import Loudspeaker, host, line, pipeline, until
from tests.unit.agent.never_silent import INSTANT

WORDS = "My card is four one one one."
pytestmark = [
    pytest.mark.real_time,  # voice activity detection is a thread of its own
    # The fake leaves an upload's temporary file to the collector when its request is cut off.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Phone(io.AudioInput):
    """Sends what is said at once, and nothing more after it: not even silence."""

    def __init__(self) -> None:
        super().__init__(label="phone")
        self._frames = asyncio.Queue[rtc.AudioFrame]()

    def say(self, text: str, silence: float) -> None:
        [pcm] = synthesise([text])
        sound = np.concatenate([np.zeros(RATE // 2, np.int16), pcm, np.zeros(round(silence * RATE), np.int16)])
        samples = resample(sound, RATE, HEARD_RATE)
        for start in range(0, len(samples) - 319, 320):
            self._frames.put_nowait(rtc.AudioFrame(samples[start : start + 320].tobytes(), HEARD_RATE, 1, 320))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()

    @property
    def has_sent_all(self) -> bool:
        return self._frames.empty()


class Talk:
    def __init__(self, endpoint: FakeOpenAI, *, recorded: bool) -> None:
        its = line(end_of_turn="words", wait_done=2.0, wait_unsure=2.0, wait_unfinished=2.0)
        models = pipeline(its, host(openai_base_url=endpoint.url))
        detector = inference.VAD(min_silence_duration=SEGMENT_PAUSE)
        self.session: AgentSession[None] = new_session(its, models, detector)
        self.phone = Phone()
        self.session.input.audio, self.session.output.audio = self.phone, Loudspeaker()
        self.last_words = LastWords(self.session, lambda: recorded)

    async def hang_up(self) -> float:
        """Return how many seconds the session takes to close."""
        since = time.monotonic()
        await self.last_words.wait()
        await self.session.aclose()
        return time.monotonic() - since

    @property
    def said(self) -> list[str | None]:
        messages = [item for item in self.session.history.items if item.type == "message"]
        return [message.text_content for message in messages if message.role == "user"]


@asynccontextmanager
async def talking(*, recorded: bool = True, stt_delay: float = 0.0) -> AsyncIterator[Talk]:
    async with FakeOpenAI(INSTANT.changed(transcripts=(WORDS,), stt_delay=stt_delay)) as endpoint:
        talk = Talk(endpoint, recorded=recorded)
        await talk.session.start(Agent(instructions="Be brief."), record=False)
        yield talk


@pytest.mark.parametrize("silence", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("stt_delay", [0.0, 1.0])
async def test_who_hangs_up_on_the_last_word_is_transcribed(silence: float, stt_delay: float) -> None:
    async with talking(stt_delay=stt_delay) as talk:
        talk.phone.say(WORDS, silence)
        await until(lambda: talk.session.user_state == "speaking" and talk.phone.has_sent_all)
        assert await talk.hang_up() < TRANSCRIBED_WITHIN
        assert talk.said == [WORDS]


async def test_an_engine_that_does_not_answer_is_given_up() -> None:
    async with talking(stt_delay=60.0) as talk:
        talk.phone.say(WORDS, 0.1)
        await until(lambda: talk.session.user_state == "speaking" and talk.phone.has_sent_all)
        assert await talk.hang_up() < TRANSCRIBED_WITHIN + 3
        assert talk.said == []


async def test_the_words_of_a_call_that_is_not_recorded_are_not_waited_for() -> None:
    async with talking(recorded=False, stt_delay=1.0) as talk:
        talk.phone.say(WORDS, 0.1)
        await until(lambda: talk.session.user_state == "speaking" and talk.phone.has_sent_all)
        assert await talk.hang_up() < 1
        assert talk.said == []


async def test_after_a_caller_who_has_said_nothing_nothing_is_waited_for() -> None:
    async with talking() as talk:
        assert await talk.hang_up() < 1
