"""A call whose agent has manners: what the caller hears is told by its length, for every sentence has its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import cache
from typing import Any

import av
from livekit import rtc
from livekit.agents import Agent, AgentSession

from agent import languages
from agent.conversation import call as conversation
from agent.conversation.announcer import Announcer
from agent.conversation.session import new_session
from agent.conversation.transfer_state import TransferState
from agent.providers.pipeline import Pipeline
from agent.turns.eager_stt import eager_engines
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.fakes import (
    Deaf,
    Loudspeaker,
    Phone,
    ScriptedVoiceActivity,
    host,
    in_call,
    line,
    settle,
    until,
)
from tests.unit.agent.recorded import recorded

INSTANT = Script(
    stt_delay=0,
    first_token_delay=0,
    words_per_second=1e6,
    first_audio_delay=0,
    seconds_per_character=0.01,
    answers=("At nine.",),
)
QUESTION = "When are you open?"
SPEAKS, FALLS_SILENT = "^sssss", "..$"
PLAYS_FOR = 0.02  # seconds, whatever it is
TOLERANCE = 0.024  # seconds that a codec may take from a sound or add to it
FILM = 2.0  # seconds of silence that the film of voice activity puts behind every piece of speech


class Telephone(Loudspeaker):
    """Plays everything by itself in no time, and tells what it was."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.busy = False
        self.plays_for = PLAYS_FOR
        self._playing: asyncio.Task[None] | None = None
        self._lengths = {name: _seconds(name) for name in asdict(languages.sentences("en"))}

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.busy = True
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self._seconds and (self._playing is None or self._playing.done()):
            self._playing = asyncio.create_task(self._play())

    def clear_buffer(self) -> None:
        if self._playing:
            self._playing.cancel()
        if self._seconds:
            self.heard.append(f"{self._name()} cut off")
        super().clear_buffer()
        self.busy = False

    async def _play(self) -> None:
        await asyncio.sleep(self.plays_for)
        self.heard.append(self._name())
        self._end("finished")
        self.busy = False

    def _name(self) -> str:
        near = [name for name, seconds in self._lengths.items() if abs(self._seconds - seconds) < TOLERANCE]
        return near[0] if near else "answer"


class Endings:
    """What `Ending` was asked for; only the first time counts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    @property
    def begun(self) -> bool:
        return bool(self.asked)

    def say(self, sentence: str, reason: str) -> None:
        if not self.begun:
            self.asked.append((sentence, reason))


class Call:
    """A caller, whose words the endpoint transcribes by script, an agent, and what the caller hears of it."""

    def __init__(self, endpoint: FakeOpenAI, *, speech_url: str = "http://speech:8000/v1", **changes: Any) -> None:
        self.line = line(**{"wait_done": 0.3} | changes)
        self.endpoint, self.voice_activity, self.telephone = endpoint, ScriptedVoiceActivity(), Telephone()
        self.session: AgentSession[None] = new_session(
            self.line,
            Pipeline(self.line, host(openai_base_url=endpoint.url, speech_url=speech_url)),
            self.voice_activity,
        )
        self.session.input.audio, self.session.output.audio = Deaf(), self.telephone
        self.announcer = Announcer(self.session, "en", recorded())
        self.ending: Any = Endings()
        self.room: Any = rtc.EventEmitter[str]()
        self.phone = Phone()
        self.transfer = TransferState()

    @property
    def call(self) -> conversation.Call:
        """What a behaviour is given."""
        parts = {"session": self.session, "announcer": self.announcer, "ending": self.ending, "room": self.room}
        parts |= {"participant": self.phone, "transfer": self.transfer}
        return in_call(**parts, line=self.line)

    async def begin(self) -> None:
        await self.session.start(Agent(instructions="Be brief."), record=False)
        [engine] = eager_engines(self.session.stt)
        await until(lambda: engine.is_listening)
        await settle()

    async def end(self) -> None:
        await self.session.aclose()
        for adapter in (self.session.tts, self.session.stt):
            if adapter:
                await adapter.aclose()

    async def says(self, *pieces: str, heard: bool = True) -> None:
        """The caller says something in as many pieces of speech; `heard`: speech to text has told what they were."""
        for words in pieces:
            before = len(self.endpoint.asked("stt"))
            self.endpoint.script = self.endpoint.script.changed(transcripts=(words,))
            await self.voice_activity.show(SPEAKS + FALLS_SILENT)
            if heard:
                await until(lambda before=before: self._transcribed(before))  # type: ignore[misc]
                await settle()

    async def hears(self, *sounds: str, within: float = 3.0) -> None:
        """Until the caller has heard exactly these."""
        try:
            await until(lambda: self.telephone.heard == list(sounds), within)
        except TimeoutError:
            raise AssertionError(f"heard {self.telephone.heard}, expected {list(sounds)}") from None

    def _transcribed(self, before: int) -> bool:
        return [request.outcome for request in self.endpoint.asked("stt")[before:]] == ["finished"]


@asynccontextmanager
async def calling(behave: Callable[[Call], None] = lambda _: None, **changes: Any) -> AsyncIterator[Call]:
    """A call in progress, to which `behave` has attached what is tested."""
    async with FakeOpenAI(INSTANT) as endpoint:
        call = Call(endpoint, **changes)
        behave(call)
        await call.begin()
        try:
            yield call
        finally:
            await call.end()


@cache
def _seconds(name: str) -> float:
    with av.open(str(recorded() / "en" / f"{name}.ogg")) as file:
        return float(sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))) - 0.01
