"""Why a provider failed is in the log, once, and nothing of the call is."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager

import pytest

from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.log_failures import log_failures
from tests.unit.agent import never_silent
from tests.unit.agent.never_silent import INSTANT, Call

# The fake leaves an upload's temporary file to the collector when its request is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

QUESTION = "This is Bob Miller, when are you open?"
ANSWER = "We open at nine, Mister Miller."
WHO = {
    "stt": ("Speech to text", "gpt-4o-mini-transcribe"),
    "llm": ("The language model", "gpt-4o-mini"),
    "tts": ("Text to speech", "gpt-4o-mini-tts"),
}
ECHO = '{"error": {"message": "no such thing: \'SAID\'"}}'


def calling() -> AbstractAsyncContextManager[Call]:
    def behave(call: Call) -> None:
        fill_the_silence(call.call)
        log_failures(call.call)

    return never_silent.calling(behave, filler_after=8.0, apology_after=9.0)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name == "agent.behaviors.log_failures"]
    assert {record.levelno for record in records} <= {logging.WARNING}
    return [record.getMessage() for record in records]


@pytest.mark.parametrize("kind", WHO)
async def test_a_failure_is_logged_once_with_status_and_text(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(refusals={kind: (404, ECHO)}, answers=(ANSWER,))
        await call.says(QUESTION, heard=False)
        await call.hears("apology")
        address = call.endpoint.url.removeprefix("http://").removesuffix("/v1")
    who, model = WHO[kind]
    told = "no such thing: " + ("''" if kind == "stt" else "…")  # no words were sent to speech to text
    assert logged(caplog) == [f"{who} failed: {address}, asked for {model}, answered 404: {told}"]
    assert "Miller" not in caplog.text


@pytest.mark.parametrize("kind", WHO)
async def test_a_key_that_is_refused_is_told_and_not_shown(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    body = '{"error": {"message": "Incorrect API key provided: sk-1***sk-1."}}'
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(refusals={kind: (401, body)})
        await call.says("Hello?", heard=False)
        await call.hears("apology")
    [row] = logged(caplog)
    assert row.endswith("answered 401: Incorrect API key provided: …")
    assert "sk-1" not in caplog.text


async def test_a_voice_without_a_sound_is_told_without_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"tts": "empty"}, answers=(ANSWER,))
        await call.says(QUESTION)
        await call.hears("apology", within=8)
    [row] = logged(caplog)
    assert row.endswith("asked for gpt-4o-mini-tts, sent no sound")


async def test_a_call_without_a_failure_logs_none(caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as call:
        await call.says(QUESTION)
        await call.hears("answer")
        await asyncio.sleep(5)
    assert logged(caplog) == []
