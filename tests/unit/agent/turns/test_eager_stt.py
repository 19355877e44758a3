"""A transcript that is asked for while the caller may still go on."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, inference, stt

from agent.turns.eager_stt import EagerSTT
from phone.audio import RATE, resample
from phone.sound.speech import synthesise
from tests.unit.agent.fakes import ScriptedEar, ScriptedVoiceActivity, settle, until

PAUSE = 0.05  # two windows
START, EARLY, END, FINAL = "start_of_speech", "preflight_transcript", "end_of_speech", "final_transcript"
TWICE = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=1)


@pytest.fixture(autouse=True)
async def complaints() -> AsyncIterator[None]:
    """What goes wrong where nobody waits for it would only be logged."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    yield
    await settle()
    assert found == []


class Listening:
    """A stream of transcripts, and what it has told so far."""

    def __init__(self, ear: ScriptedEar, pause: float = PAUSE) -> None:
        self.ear, self.voice_activity = ear, ScriptedVoiceActivity()
        self.transcripts = EagerSTT(ear, self.voice_activity, pause)
        self.events: list[stt.SpeechEvent] = []

    @property
    def told(self) -> list[str]:
        return [" ".join([e.type.value, *(said.text for said in e.alternatives)]) for e in self.events]

    @property
    def asked(self) -> list[int]:
        """Windows of sound in each request."""
        return [samples // ScriptedVoiceActivity.SAMPLES for samples in self.ear.asked]

    @asynccontextmanager
    async def hears(self, film: str) -> AsyncIterator[stt.RecognizeStream]:
        async with self.transcripts.stream(conn_options=TWICE) as stream:
            listening = asyncio.create_task(self.listen(stream))
            await settle()
            await self.voice_activity.show(film)
            yield stream
            await settle()
            with suppress(RuntimeError):  # it is closed already
                stream.end_input()
            await asyncio.wait_for(listening, 5)

    async def listen(self, stream: stt.RecognizeStream) -> None:
        async for event in stream:
            self.events.append(event)


async def test_the_transcript_is_asked_once_at_the_pause_and_told_early_and_again_at_the_end() -> None:
    listening = Listening(ScriptedEar("At nine."))
    async with listening.hears("^sss."):
        assert (listening.asked, listening.told) == ([], [START])
        await listening.voice_activity.show(".")
        assert (listening.asked, listening.told) == ([6], [START, f"{EARLY} At nine."])
        await listening.voice_activity.show("......$")
    assert listening.told == [START, f"{EARLY} At nine.", END, f"{FINAL} At nine."]
    assert listening.asked == [6]


@pytest.mark.parametrize(("pause", "windows"), [(0.02, 1), (0.064, 2), (0.065, 3), (0.3, 10)])
async def test_the_pause_is_as_long_as_it_is_set(pause: float, windows: int) -> None:
    listening = Listening(ScriptedEar("At nine."), pause)
    async with listening.hears("^sss" + 12 * "."):
        assert listening.asked == [4 + windows]


@pytest.mark.parametrize(
    ("film", "asked"),
    [
        ("^ss...$", [5]),  # the detector is sure that this is silence
        ("^sshhh$", [5]),  # however loud
        ("^ssqqq$", [5]),  # it is not, but it is far quieter than the speech
        ("^ssq..$", [5]),
        ("^ssdq...$", [7]),  # a faint last consonant
        ("^sspppp...$", [9]),  # a plosive's closure is short and surely speech
        ("^ssnnnn$", [7]),  # noise: asked at the end, when the detector has decided
        ("^ss.s.s.$", [8]),  # no pause is long enough
        ("^ss$", [3]),
    ],
)
async def test_what_counts_as_a_pause(film: str, asked: list[int]) -> None:
    listening = Listening(ScriptedEar("Hello."))
    async with listening.hears(film):
        pass
    assert listening.asked == asked
    assert listening.told[-2:] == [END, f"{FINAL} Hello."]


async def test_what_was_asked_too_early_is_not_told_when_the_caller_has_gone_on() -> None:
    listening = Listening(ScriptedEar("I would", "I would like tea."))
    listening.ear.may_answer.clear()
    async with listening.hears("^ss..ss"):
        listening.ear.may_answer.set()
        await settle()
        assert listening.told == [START]
        await listening.voice_activity.show("....$")
    assert listening.told == [START, f"{EARLY} I would like tea.", END, f"{FINAL} I would like tea."]
    assert listening.asked == [5, 11]  # the second has heard all of it


async def test_a_caller_who_goes_on_after_the_early_transcript_gets_a_new_one() -> None:
    listening = Listening(ScriptedEar("I would", "I would like tea."))
    async with listening.hears("^ss..ss....$"):
        pass
    final = f"{FINAL} I would like tea."
    assert listening.told == [START, f"{EARLY} I would", f"{EARLY} I would like tea.", END, final]


async def test_each_further_request_waits_for_twice_the_silence() -> None:
    listening = Listening(ScriptedEar("I would", "I would like", "I would like tea."), pause=0.02)  # one window
    async with listening.hears("^s."):
        assert listening.asked == [3]
        await listening.voice_activity.show("s.")
        assert listening.asked == [3]
        await listening.voice_activity.show(".s..")
        assert listening.asked == [3, 6]
        await listening.voice_activity.show(".$")
        assert listening.asked == [3, 6, 10]


async def test_a_slow_engine_is_waited_for_and_not_asked_again() -> None:
    listening = Listening(ScriptedEar("At nine."))
    listening.ear.may_answer.clear()
    async with listening.hears("^ss....$"):
        assert listening.told == [START, END]
        listening.ear.may_answer.set()
    assert listening.asked == [5]
    assert (listening.told[-1], listening.told.count(listening.told[-1])) == (f"{FINAL} At nine.", 1)


async def test_two_pieces_of_speech_are_told_in_order_even_if_the_first_is_slow() -> None:
    listening = Listening(ScriptedEar("One.", "Two."))
    listening.ear.may_answer.clear()
    async with listening.hears("^ss..$^sss..$"):
        assert listening.told == [START, END]
        listening.ear.may_answer.set()
    words = [told for told in listening.told if FINAL in told or told in (START, END)]
    assert words == [START, END, f"{FINAL} One.", START, END, f"{FINAL} Two."]
    assert listening.asked == [5, 6]  # each has its own sound only


@pytest.mark.parametrize("text", ["", "  "])
async def test_a_sound_without_words_is_no_transcript(text: str) -> None:
    listening = Listening(ScriptedEar(text))
    async with listening.hears("^ss..$"):
        pass
    assert listening.told == [START, END]


async def test_a_segment_that_the_filter_drops_has_no_final_transcript() -> None:
    listening = Listening(ScriptedEar("Mm-hm.", "At nine."))
    listening.transcripts.filter_segments(lambda heard: heard != "Mm-hm.")
    async with listening.hears("^ss..$^ss..$"):
        pass
    words = [START, f"{EARLY} Mm-hm.", END, START, f"{EARLY} At nine.", END, f"{FINAL} At nine."]
    assert listening.told == words


@pytest.mark.parametrize("retryable", [True, False])
@pytest.mark.parametrize("film", ["^ss..$", "^ss$"])
async def test_an_engine_that_fails_fails_as_it_does_without_an_early_transcript(film: str, retryable: bool) -> None:
    async def failure(adapter: Callable[[ScriptedEar, ScriptedVoiceActivity], stt.StreamAdapter]) -> list[object]:
        listening = Listening(ScriptedEar(*[APIConnectionError("scripted", retryable=retryable)] * 2))
        transcripts = adapter(listening.ear, listening.voice_activity)
        errors: list[stt.STTError] = []
        transcripts.on("error", errors.append)
        async with transcripts.stream(conn_options=TWICE) as stream:
            await settle()
            await listening.voice_activity.show(film)
            with pytest.raises(APIError) as raised:
                await listening.listen(stream)
        told = [(type(it.error), str(it.error), it.recoverable) for it in errors]
        return [type(raised.value), str(raised.value), told, len(listening.asked), listening.told]

    early = await failure(lambda ear, voice_activity: EagerSTT(ear, voice_activity, PAUSE))
    late = await failure(lambda ear, voice_activity: stt.StreamAdapter(stt=ear, vad=voice_activity))
    assert early == late
    assert early[3:] == [2 if retryable else 1, [START, END]]


async def test_a_failure_that_the_caller_has_talked_over_harms_nobody() -> None:
    listening = Listening(ScriptedEar(APIConnectionError("scripted", retryable=False), "I would like tea."))
    async with listening.hears("^ss..ss..$"):
        pass
    assert listening.told[-1] == f"{FINAL} I would like tea."


@pytest.mark.parametrize("ending", ["end_input", "aclose"])
async def test_a_call_may_end_while_the_early_transcript_is_under_way(ending: str) -> None:
    listening = Listening(ScriptedEar("At nine."))
    listening.ear.may_answer.clear()
    async with listening.hears("^ss..") as stream:
        if ending == "aclose":
            await stream.aclose()
    assert listening.asked == [5]
    listening.ear.may_answer.set()
    await settle()


async def test_where_others_see_a_turn_end_the_voice_activity_detection_begins_anew() -> None:
    listening = Listening(ScriptedEar())
    async with listening.hears("") as stream:
        stream.push_frame(rtc.AudioFrame(bytes(64), 16000, 1, 32))
        stream.flush()
        await settle()
        assert listening.voice_activity.streams[0].flushes == 1


async def test_a_real_voice_is_transcribed_before_its_end_is_seen() -> None:
    [telephone] = synthesise(["I would like a table for two."])
    sound = np.concatenate([resample(telephone, RATE, 16000), np.zeros(16000, np.int16)])
    ear = ScriptedEar(*["A table for two."] * 9)
    seen: list[str] = []
    async with EagerSTT(ear, inference.VAD(min_silence_duration=0.3), 0.02).stream() as stream:

        async def listen() -> None:
            async for event in stream:
                seen.append(f"{event.type.value} after {len(ear.asked)}")  # noqa: PERF401 - it is read meanwhile

        listening = asyncio.create_task(listen())
        for start in range(0, len(sound) - 319, 320):
            stream.push_frame(rtc.AudioFrame(sound[start : start + 320].tobytes(), 16000, 1, 320))
        await until(lambda: seen and seen[-1].startswith(FINAL), 10)
        listening.cancel()
    requests = len(ear.asked)
    assert seen[0] == f"{START} after 0"
    assert f"{EARLY} after {requests}" in seen
    assert seen[-2:] == [f"{END} after {requests}", f"{FINAL} after {requests}"]
    assert ear.asked[-1] / 16000 > len(telephone) / RATE - 0.2  # all the words ...
    assert ear.asked[-1] / 16000 < len(telephone) / RATE + 0.2  # ... and not the silence that ended them


async def test_what_was_asked_in_vain_is_left_to_finish_although_nothing_waits_for_it() -> None:
    finished = asyncio.Event()
    waiting: list[weakref.ref[asyncio.Future[None]]] = []

    class Slow(ScriptedEar):
        async def recognize(self, *_: object, **__: object) -> stt.SpeechEvent:
            if not waiting:
                answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                waiting.append(weakref.ref(answered))  # nobody else holds what this waits for
                await answered
                finished.set()
            return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT)

    listening = Listening(Slow("I would"))
    async with listening.hears("^ss..ss"):
        gc.collect()
        answered = waiting[0]()
        assert answered is not None
        answered.set_result(None)
        await asyncio.wait_for(finished.wait(), 1)
