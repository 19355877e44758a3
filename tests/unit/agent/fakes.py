"""A call without a network: who hears, thinks and speaks by script."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    llm,
    stt,
    vad,
)
from livekit.agents.llm import ChatChunk, ChatContext, ChoiceDelta, Tool, ToolChoice
from livekit.agents.utils import AudioBuffer
from livekit.agents.voice import io
from livekit.rtc._proto.stats_pb2 import ReceivedRtpStreamStats, RtcStats
from pydantic import SecretStr

from agent.conversation.announcer import Announcer
from agent.conversation.call import Call
from agent.conversation.transfer_state import TransferState
from agent.lines.line import Line
from agent.providers.pipeline import Pipeline
from agent.settings import Settings
from tests.support.lines import table_of

KEYS = {"OPENAI_API_KEY": SecretStr("sk-1")}


def host(**changes: Any) -> Settings:
    """The host's settings, with OpenAI's key unless `provider_keys` are given."""
    usual = {"livekit_api_key": "key", "livekit_api_secret": "secret", "provider_keys": KEYS}
    return Settings.model_validate(usual | changes)


def line(**changes: Any) -> Line:
    """A line, "coffee". A change is a table, or a setting's name alone, wherever it stands; no bound is checked."""
    made = Line.without_a_folder(changes.pop("name", "coffee"))
    tables: dict[str, Any] = {}
    for setting, value in changes.items():
        if table := table_of(setting):
            tables[table] = tables.get(table, getattr(made, table)).model_copy(update={setting: value})
        else:
            tables[setting] = value
    return made.model_copy(update=tables)


def pipeline(changed: Line | None = None, settings: Settings | None = None, **changes: Any) -> Pipeline:
    """The models of a line with these changes."""
    return Pipeline(changed or line(**changes), settings or host())


def in_call(**parts: Any) -> Call:
    """A call of which only these parts are there, and a line and a host with the usual settings."""
    call = Call.__new__(Call)
    room = parts.pop("room", None)
    usual = {
        "ctx": SimpleNamespace(room=room),
        "line": line(),
        "settings": host(),
        "first_agent": None,
        "before_greeting": None,
        "before_join": None,
        "order": None,
        "participant": SimpleNamespace(identity="caller"),
        "transfer": TransferState(),
    }
    for name, part in (usual | parts).items():
        setattr(call, name, part)
    return call


class ScriptedLLM(llm.LLM[Any]):
    """Answers what `answer` makes of the caller's last words, and keeps every context it was given."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self.answer = answer
        self.contexts: list[ChatContext] = []

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        self.contexts.append(chat_ctx.copy())
        return _Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, ScriptedLLM)
        words = [item.text_content for item in self._chat_ctx.items if item.type == "message" and item.role == "user"]
        text = model.answer((words or [""])[-1] or "")
        self._event_ch.send_nowait(ChatChunk(id="fake", delta=ChoiceDelta(role="assistant", content=text)))


def unreachable(_: str) -> str:
    raise APIConnectionError("scripted", retryable=False)


def spoken(session: AgentSession[Any]) -> list[str]:
    """What the agent said, in order."""
    return [
        item.text_content or "" for item in session.history.items if item.type == "message" and item.role == "assistant"
    ]


class ScriptedVoiceActivity(vad.VAD):
    """Voice activity as a film: each character is an event, and every listener gets all of them.

    `^` speech begins, `v` far from the telephone, `$` it has ended; each other one is a window of WINDOW seconds, see
    WINDOWS.
    """

    WINDOW = 0.032
    SAMPLES = 512
    WINDOWS: ClassVar = {  # probability of speech, amplitude
        "s": (0.99, 8000),  # speech
        ".": (0.01, 0),  # silence
        "q": (0.85, 100),  # quiet, of which the detector is not sure yet
        "n": (0.9, 8000),  # noise as loud as the speech
        "h": (0.01, 8000),  # a hum, which is none
        "d": (0.5, 100),  # the same, and it doubts more
        "p": (0.98, 0),  # the closure of a plosive
        "f": (0.99, 800),  # speech far from the telephone
        "v": (0.99, 800),
        "w": (0.99, 8000),  # speech whose colour changes from window to window, as that of words does
    }
    COLOURS = (400, 900, 1600, 2600)  # Hz

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=self.WINDOW))
        self.streams: list[_Windows] = []
        self._heard: list[rtc.AudioFrame] = []
        self._speaks = False

    def stream(self) -> vad.VADStream:
        self.streams.append(_Windows(self))
        return self.streams[-1]

    async def show(self, film: str) -> None:
        """All of it at once, but with time to react to each event."""
        for letter in film:
            event = self._event(letter)
            for stream in self.streams:
                stream.tell(event)
            await settle()

    async def show_to(self, letter: str, stream: "_Windows") -> None:
        """One event to one listener alone."""
        stream.tell(self._event(letter))
        await settle()

    def _event(self, letter: str) -> vad.VADEvent:
        probability, amplitude = self.WINDOWS.get(letter, (1.0, 8000))
        samples = np.full(self.SAMPLES, amplitude, np.int16)
        if letter == "w":
            colour = self.COLOURS[len(self._heard) % len(self.COLOURS)]
            samples = (amplitude * np.sin(2 * np.pi * colour * np.arange(self.SAMPLES) / 16000)).astype(np.int16)
        window = rtc.AudioFrame(samples.tobytes(), 16000, 1, self.SAMPLES)
        if letter in "^v$":
            self._speaks = letter != "$"
        if letter in "^v":
            self._heard.clear()
        if letter != "$":
            self._heard.append(window)
        start = vad.VADEventType.START_OF_SPEECH
        kinds = {"^": start, "v": start, "$": vad.VADEventType.END_OF_SPEECH}
        return vad.VADEvent(
            kinds.get(letter, vad.VADEventType.INFERENCE_DONE),
            samples_index=0,
            timestamp=time.time(),
            speech_duration=len(self._heard) * self.WINDOW,
            silence_duration=2.0 if letter == "$" else 0.0,  # long enough for any wait to be over
            frames=list(self._heard) if letter == "$" else [window],
            probability=probability,
            speaking=self._speaks,
        )


class _Windows(vad.VADStream):
    flushes = 0

    def tell(self, event: vad.VADEvent) -> None:
        if not self._event_ch.closed:
            self._event_ch.send_nowait(event)

    async def _main_task(self) -> None:
        async for frame in self._input_ch:
            self.flushes += not isinstance(frame, rtc.AudioFrame)


class ScriptedEar(stt.STT[Any]):
    """Hears the texts in turn, a whole utterance at a time; what it was asked is kept as numbers of samples."""

    def __init__(self, *texts: str | Exception) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.texts = list(texts)
        self.asked: list[int] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        frames = buffer if isinstance(buffer, list) else [buffer]
        text = self.texts[len(self.asked)]
        self.asked.append(sum(frame.samples_per_channel for frame in frames))
        await self.may_answer.wait()
        if isinstance(text, Exception):
            raise text
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[stt.SpeechData(LanguageCode("en"), text)]
        )


class Deaf(io.AudioInput):
    """A line on which nothing arrives: what there is to hear is told by ScriptedVoiceActivity."""

    def __init__(self) -> None:
        super().__init__(label="deaf")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.Event().wait()
        raise StopAsyncIteration


class Phone:
    """The phone in the call's room, as a participant: `sends` says whether packets come from it."""

    identity = "caller"
    muted = False

    def __init__(self) -> None:
        self.sends = True
        self.kind, self.track = rtc.TrackKind.KIND_AUDIO, self
        self.track_publications = {"TR_1": self}
        self.attributes: dict[str, str] = {}
        self._packets = 0

    async def get_stats(self) -> list[RtcStats]:
        self._packets += 50 * self.sends
        received = ReceivedRtpStreamStats(packets_received=self._packets)
        return [RtcStats(), RtcStats(inbound_rtp=RtcStats.InboundRtp(received=received))]


class Loudspeaker(io.AudioOutput):
    """Begins to play at once, can pause, and is through when a test says so."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=24000)
        self.played = b""
        self.paused = False
        self.endings: list[str] = []  # of each sound that is over
        self._seconds = 0.0
        self._complete = asyncio.Event()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._seconds:
            self.on_playback_started(created_at=time.time())
        self.played += bytes(frame.data)
        self._seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        self._complete.set()

    def clear_buffer(self) -> None:
        if self._seconds:
            self._end("interrupted")

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    async def play_to_the_end(self) -> None:
        await asyncio.wait_for(self._complete.wait(), 5)
        assert self._seconds, "there is nothing to play"
        assert not self.paused
        self._end("finished")
        await settle()

    def _end(self, how: str) -> None:
        seconds, self._seconds = self._seconds, 0.0
        self.endings.append(how)
        self._complete.clear()
        self.on_playback_finished(playback_position=seconds, interrupted=how == "interrupted")


class Recorded(Announcer):
    """Its sentences are a tenth of a second of silence each."""

    async def sound(self, name: str) -> AsyncIterator[rtc.AudioFrame]:
        yield rtc.AudioFrame(bytes(2 * 2400), 24000, 1, 2400)

    def _path(self, name: str) -> Path:
        return Path(__file__)  # which is there


async def settle() -> None:
    """Let everything that is ready to run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - of code that knows of no event
            await asyncio.sleep(0.005)
