"""Whether a caller who has fallen silent is going to go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from livekit import rtc
from livekit.agents.voice.turn import _StreamingTurnDetector, _StreamingTurnDetectorStream

from agent.turns.end_of_turn import EndOfTurn, Waits
from agent.turns.lexical_cue import Hint, LexicalCue

if TYPE_CHECKING:
    import numpy as np

    from agent.turns.prosody import Prosody

DONE, UNSURE, UNFINISHED = 0.5, 1.0, 2.0
WAITS = Waits(DONE, UNSURE, UNFINISHED)
ENGLISH = LexicalCue.of("en")
THRESHOLD = 0.36  # livekit-agents' own, for English


class ScriptedProsody:
    """Says what it is told to, once it may; None: cannot be asked."""

    def __init__(self, probability: float | None) -> None:
        self.says = probability
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.heard = self.forgotten = self.closed = 0

    def hear(self, samples: np.ndarray) -> None:
        self.heard += len(samples)

    def forget(self) -> None:
        self.forgotten += 1

    def close(self) -> None:
        self.closed += 1

    async def probability(self) -> float | None:
        await self.may_answer.wait()
        return self.says


def detector(prosody: ScriptedProsody | None, words: LexicalCue | None = ENGLISH) -> tuple[EndOfTurn, list[float]]:
    told: list[float] = []
    return EndOfTurn("en", WAITS, words, cast("Prosody | None", prosody), told.append), told


@pytest.mark.parametrize(
    ("hint", "prosody", "wait"),
    [
        (None, 1.5, DONE),
        (None, 1.3, UNSURE),
        (None, 0.8, (UNSURE + UNFINISHED) / 2),
        (None, None, DONE),
        (Hint.NUMBER, 2.5, UNSURE),
        (Hint.NUMBER, 0.9, UNSURE),
        (Hint.NUMBER, 0.8, UNFINISHED),
        (Hint.NUMBER, None, UNSURE),
        (Hint.PART_OF_NUMBER, 2.5, UNSURE),
        (Hint.PART_OF_NUMBER, 0.9, UNFINISHED),
        (Hint.PART_OF_NUMBER, None, UNFINISHED),
        (Hint.UNFINISHED, 2.5, UNFINISHED),
        (Hint.UNFINISHED, None, UNFINISHED),
    ],
)
def test_words_and_prosody_together_decide_how_long_to_wait(
    hint: Hint | None, prosody: float | None, wait: float
) -> None:
    assert WAITS.after(hint, prosody) == wait


@pytest.mark.parametrize(
    ("said", "prosody", "over", "wait"),
    [
        ("When are you open?", 0.7, True, DONE),
        ("When are you open?", 0.4, False, UNSURE),
        ("When are you open?", 0.2, False, (UNSURE + UNFINISHED) / 2),
        ("I would like to", 0.9, False, UNFINISHED),
        ("I would like a", None, False, UNFINISHED),
        ("", 0.7, True, DONE),
    ],
)
async def test_livekit_agents_asks_and_gets_the_wait_before_it_needs_it(
    said: str, prosody: float | None, over: bool, wait: float
) -> None:
    judge, told = detector(ScriptedProsody(prosody))
    judge.hear(said, final=True)
    stream = judge.stream()
    answer = await stream.predict()
    threshold = await stream.unlikely_threshold(None)
    assert threshold is not None
    assert (answer.end_of_turn_probability >= threshold) is over
    assert told == [wait]


async def test_without_words_the_prosody_decides_alone() -> None:
    judge, told = detector(ScriptedProsody(0.9), words=None)
    judge.hear("I would like to", final=True)
    stream = judge.stream()
    await stream.predict()
    await stream.unlikely_threshold(None)
    assert told == [DONE]


async def test_a_number_read_out_with_breaths_is_one_number_until_it_is_answered() -> None:
    judge, told = detector(ScriptedProsody(0.9))
    stream = judge.stream()
    judge.hear("My number is 202", final=False)
    judge.hear("My number is 202-555", final=True)
    judge.hear("0199", final=True)
    await stream.predict()
    await stream.unlikely_threshold(None)
    assert told == [DONE]
    stream.flush(reason="turn committed")
    judge.hear("0199", final=True)
    await stream.predict()
    await stream.unlikely_threshold(None)
    assert told == [DONE, UNSURE]


async def test_a_caller_who_goes_on_ends_the_question() -> None:
    prosody = ScriptedProsody(0.9)
    prosody.may_answer.clear()
    judge, _ = detector(prosody)
    stream = judge.stream()
    answer = stream.predict()
    stream.cancel_inference()
    assert (await answer).end_of_turn_probability == 0
    prosody.may_answer.set()
    assert (await stream.predict()).end_of_turn_probability == 0.9


async def test_what_is_heard_is_remembered_until_the_turn_is_answered() -> None:
    prosody = ScriptedProsody(0.9)
    judge, _ = detector(prosody)
    stream = judge.stream()
    stream.push_audio(rtc.AudioFrame(bytes(640), 16000, 1, 320))
    assert prosody.heard == 320
    stream.flush(reason="turn committed")
    assert prosody.forgotten == 1
    await stream.aclose()
    assert prosody.closed == 1


def test_livekit_agents_takes_it_for_a_detector_that_listens() -> None:
    judge, _ = detector(None)
    assert isinstance(judge, _StreamingTurnDetector)
    assert isinstance(judge.stream(), _StreamingTurnDetectorStream)
