"""Whose voice stops the agent: the caller's, not one across the room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit.agents import vad

from agent.turns import speaker_gate
from agent.turns.speaker_gate import SpeakerGate
from tests.unit.agent.fakes import ScriptedVoiceActivity, settle

OWN, FAR = "^sss..$", "vfff..$"


class Listening:
    """What is told of a film, with the agent speaking or not."""

    def __init__(self, within: float = 12) -> None:
        self.everything = ScriptedVoiceActivity()
        self.voice = SpeakerGate(self.everything, within)
        self.voice.follow_agent(lambda: self.agent_speaks)
        self.agent_speaks = False
        self.told: list[vad.VADEvent] = []

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[vad.VADStream]:
        stream = self.voice.stream()
        listening = asyncio.create_task(self._listen(stream))
        await settle()
        yield stream
        await stream.aclose()
        await listening

    async def of(self, film: str) -> str:
        """The same events as letters; `-`: a window in which nobody speaks."""
        before = len(self.told)
        await self.everything.show(film)
        return "".join(map(_letter, self.told[before:]))

    async def _listen(self, stream: vad.VADStream) -> None:
        async for event in stream:
            self.told.append(event)


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    listening = Listening()
    async with listening.stream():
        yield listening


async def test_a_far_voice_over_the_agent_is_not_told(listening: Listening) -> None:
    assert await listening.of(OWN) == "^sssss$"
    listening.agent_speaks = True
    assert await listening.of(FAR) == "-----"


@pytest.mark.parametrize(("film", "share"), [("h", 1), (".", 0), ("q", 0), ("h.", 0.5), ("^hh.$", 2 / 3)])
async def test_how_much_of_the_last_seconds_had_sound_is_known(
    monkeypatch: pytest.MonkeyPatch, film: str, share: float
) -> None:
    monkeypatch.setattr(speaker_gate, "SHARED", 12)
    listening = Listening()
    async with listening.stream():
        windows = len(film.strip("^$"))
        await listening.of(film * (12 // windows - 1))
        assert listening.voice.share_of_sound == 0  # not enough yet
        await listening.of(film)
        assert listening.voice.share_of_sound == pytest.approx(share)


@pytest.mark.parametrize(
    ("film", "times"), [("hhhh", 1), ("hhhhhhhh", 2), ("hhh.h", 0), ("^ssss", 0), ("hhh^shh", 0), ("qqqq", 0)]
)
async def test_the_detector_forgets_a_long_sound_without_speech(
    monkeypatch: pytest.MonkeyPatch, listening: Listening, film: str, times: int
) -> None:
    monkeypatch.setattr(speaker_gate, "FORGOTTEN_AFTER", 4)
    await listening.of(f"{film}.")
    assert listening.everything.streams[0].flushes == times


async def test_nor_does_it_count_towards_a_barge_in(listening: Listening) -> None:
    await listening.of(OWN)
    listening.agent_speaks = True
    await listening.of(FAR)
    assert all(event.speech_duration == 0 for event in listening.told[-5:])


async def test_the_caller_is_told_as_before(listening: Listening) -> None:
    await listening.of(OWN)
    listening.agent_speaks = True
    assert await listening.of(OWN) == "^sssss$"


async def test_while_the_agent_is_silent_every_voice_counts(listening: Listening) -> None:
    await listening.of(OWN)
    assert await listening.of(FAR) == "^sssss$"


async def test_as_long_as_nobody_knows_the_caller_every_voice_may_be_theirs(listening: Listening) -> None:
    listening.agent_speaks = True
    assert await listening.of(FAR) == "^sssss$"


async def test_what_was_held_back_is_told_whole_when_it_gets_louder(listening: Listening) -> None:
    await listening.of(OWN)
    listening.agent_speaks = True
    assert await listening.of("vfsss..$") == "-^sssss$"
    start = next(event for event in reversed(listening.told) if event.type is vad.VADEventType.START_OF_SPEECH)
    loudness = [int(np.frombuffer(frame.data, np.int16)[0]) for frame in start.frames]
    assert loudness == [800, 800]  # all but the window that is told next


async def test_what_was_held_back_is_told_when_the_agent_has_finished(listening: Listening) -> None:
    await listening.of(OWN)
    listening.agent_speaks = True
    assert await listening.of("vff") == "--"
    listening.agent_speaks = False
    assert await listening.of("f..$") == "^sss$"


async def test_a_loud_sound_once_does_not_make_the_caller_far_away(listening: Listening) -> None:
    for film in (FAR, FAR, OWN):
        await listening.of(film)
    listening.agent_speaks = True
    assert await listening.of(FAR) == "^sssss$"


async def test_how_far_is_far_can_be_set() -> None:
    listening = Listening(within=30)
    async with listening.stream():
        await listening.of(OWN)
        listening.agent_speaks = True
        assert await listening.of(FAR) == "^sssss$"


async def test_after_a_flush_nothing_is_held_back() -> None:
    listening = Listening()
    async with listening.stream() as stream:
        await listening.of(OWN)
        listening.agent_speaks = True
        await listening.of("vf")
        stream.flush()
        await settle()
        listening.agent_speaks = False
        assert await listening.of("s") == "s"


def _letter(event: vad.VADEvent) -> str:
    match event.type:
        case vad.VADEventType.START_OF_SPEECH:
            return "^"
        case vad.VADEventType.END_OF_SPEECH:
            return "$"
    return "s" if event.speaking else "-"
