"""A server that limits its requests gets fewer of them, and the caller waits instead of being sent away."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from agent.behaviors.fill_the_silence import fill_the_silence
from agent.providers.rate_limit import LONGEST, RateLimits, limits, seconds_named
from tests.unit.agent import never_silent
from tests.unit.agent.fakes import until
from tests.unit.agent.never_silent import FALLS_SILENT, FILM, INSTANT, QUESTION, SPEAKS
from tests.unit.agent.providers.dialect.other_server import ask, sound_of, voice_of

if TYPE_CHECKING:
    from tests.support.fakes.openai_api import FakeOpenAI

# The fake leaves an upload's temporary file to the collector when its request is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FILLER, APOLOGY = 1.0, 5.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_the_seconds_to_wait_are_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_named(headers) == seconds


def test_the_moment_to_wait_for_is_read_from_a_date() -> None:
    at = datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=30)
    seconds = seconds_named({"retry-after": format_datetime(at, usegmt=True)})
    assert seconds == pytest.approx(30, abs=1.1)


def test_a_limit_that_no_caller_can_wait_for_is_none() -> None:
    its = RateLimits()
    its.note("there", LONGEST + 1)
    its.note("there", None)
    its.note("there", 0)
    assert not its.any_in_force


@pytest.mark.parametrize("refusal", [429, 503])
async def test_a_request_during_a_limit_waits_for_its_end(endpoint: FakeOpenAI, refusal: int) -> None:
    endpoint.script = INSTANT.changed(most_requests={"llm": 0}, retry_after=3, refusal=refusal)
    began = time.monotonic()
    with pytest.raises(APIConnectionError, match=str(refusal)):
        await ask(endpoint)  # asks twice, and has waited before the second time
    assert 3 < time.monotonic() - began < 3.5
    assert len(endpoint.asked("llm")) == 2
    endpoint.script = INSTANT
    assert (await ask(endpoint)).text == "At nine."


async def test_during_a_longer_limit_the_server_is_not_asked_at_all(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(most_requests={"tts": 0}, retry_after=30)
    voice = voice_of(endpoint)
    for _ in range(3):
        with pytest.raises(APIStatusError) as failed:
            await sound_of(voice, "At nine.")
        assert failed.value.status_code == 429
    assert len(endpoint.asked("tts")) == 1
    assert (await ask(endpoint)).text == "At nine."  # the limit is that endpoint's alone


@pytest.mark.parametrize("kind", ["stt", "llm", "tts"])
async def test_a_caller_is_asked_for_a_moment_and_then_answered(kind: str) -> None:
    times = {"filler_after": FILLER + FILM, "apology_after": APOLOGY + FILM}
    async with never_silent.calling(lambda call: fill_the_silence(call.call), **times) as call:
        call.endpoint.script = INSTANT.changed(most_requests={kind: 0}, retry_after=3)
        await call.says(QUESTION, heard=False)
        await until(lambda: call.endpoint.asked(kind))
        call.endpoint.script = call.endpoint.script.changed(most_requests={})
        await call.hears("filler", "answer", within=8)
        assert len(call.endpoint.asked(kind)) == 2


async def test_no_number_of_failures_during_a_limit_ends_the_call() -> None:
    async with never_silent.calling(lambda call: fill_the_silence(call.call), failures=2) as call:
        call.endpoint.script = INSTANT.changed(most_requests={"stt": 0}, retry_after=40)
        for count in (1, 2, 3, 4):
            await call.says(QUESTION, heard=False)
            await call.hears(*["apology"] * count)
        assert not call.ending.begun
        assert len(call.endpoint.asked("stt")) == 1


async def test_a_limit_without_an_end_counts_as_a_failure() -> None:
    async with never_silent.calling(lambda call: fill_the_silence(call.call), failures=2) as call:
        call.endpoint.script = INSTANT.changed(most_requests={"stt": 0}, retry_after=3600)
        await call.says(QUESTION, heard=False)
        await call.hears("apology")
        await call.says(QUESTION, heard=False)
        await until(lambda: call.ending.begun)


async def test_during_a_limit_a_turn_takes_one_request_and_prepares_no_reply() -> None:
    async with never_silent.calling() as call:
        hesitates = SPEAKS + "....ssss....ssss....ssss"
        await call.voice_activity.show(hesitates + FALLS_SILENT)
        await until(lambda: call.endpoint.asked("llm"))
        assert len(call.endpoint.asked("stt")) > 1
        await call.hears("answer")
        limits.note("elsewhere", 30)
        before = {kind: len(call.endpoint.asked(kind)) for kind in ("stt", "llm")}
        await call.voice_activity.show(hesitates + FALLS_SILENT)
        await call.hears("answer", "answer")
        assert {kind: len(call.endpoint.asked(kind)) - count for kind, count in before.items()} == {"stt": 1, "llm": 1}
        assert not call.session.options.preemptive_generation["enabled"]
