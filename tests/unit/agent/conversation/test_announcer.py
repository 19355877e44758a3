"""The sentences that need no provider, whatever else is being said."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit import rtc

from agent import languages
from agent.conversation.announcer import Announcer
from agent.conversation.interjection import Interjection
from speech.sentences import ESPEAK
from tests.unit.agent.fakes import Loudspeaker, settle, spoken, until
from tests.unit.agent.never_silent import INSTANT, QUESTION, calling

# The fake leaves an upload's temporary file to the collector when its request is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize("fault", ["error", "hang"])
async def test_a_sentence_needs_no_provider_and_joins_the_conversation(fault: str) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults=dict.fromkeys(("stt", "llm", "tts"), fault))
        call.announcer.say("still_there")
        await call.hears("still_there")
        await until(lambda: spoken(call.session) == ["Are you still there?"])


@pytest.mark.parametrize("kind", ["llm", "tts"])
async def test_it_can_take_the_place_of_an_answer_that_never_comes(kind: str) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={kind: "hang"})
        await call.says(QUESTION)
        await until(lambda: call.session.agent_state == "thinking")
        call.announcer.say_instead("apology")
        await call.hears("apology", within=1.0)


async def test_said_aside_it_does_not_wait_for_the_answer_and_the_answer_comes_after_it() -> None:
    async with calling() as call:
        call.telephone.plays_for = 0.3
        call.endpoint.script = INSTANT.changed(first_audio_delay=0.2)
        await call.says(QUESTION)
        await until(lambda: call.session.agent_state == "thinking")
        call.announcer.interject("filler")
        await call.hears("filler", "answer")
        await until(lambda: spoken(call.session) == ["At nine."])


async def test_nothing_is_said_aside_over_the_agents_own_words() -> None:
    async with calling() as call:
        call.telephone.plays_for = 0.3
        call.announcer.say("hello")
        await until(lambda: call.session.agent_state == "speaking")
        call.announcer.interject("filler")
        await call.hears("hello")
        call.announcer.say("still_there")
        call.announcer.interject("filler")
        await until(lambda: "still_there" in call.telephone.heard)


async def test_a_sentence_without_sound_is_left_to_text_to_speech(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with calling() as call:
        announcer = Announcer(call.session, "en", tmp_path)
        announcer.interject("filler")  # which nobody needs that much
        await asyncio.wait_for(announcer.say("farewell").wait_for_playout(), 3)
        assert [request.text for request in call.endpoint.asked("tts")] == ["Thank you for calling.", "Goodbye."]
        assert f"{tmp_path}/en/farewell.ogg is missing" in caplog.text


async def test_when_the_talk_is_over_nothing_is_said_and_nothing_fails() -> None:
    async with calling() as call:
        await call.session.aclose()
        speech = call.announcer.say_instead("apology")
        assert speech.done()
        await asyncio.wait_for(speech.wait_for_playout(), 1)


async def test_a_caller_who_leaves_while_it_rings_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with calling() as call:
        monkeypatch.setattr(call.telephone, "capture_frame", _never_picked_up)
        call.announcer.say("hello")
        await settle()
        async with asyncio.timeout(2):
            await call.session.aclose()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_what_is_said_aside_ends_with_the_call_and_nothing_is_said_aside_after_it() -> None:
    async with calling() as call:
        call.telephone.plays_for = 3
        call.announcer.interject("filler")
        await until(lambda: call.telephone.busy)
        await call.session.aclose()
        call.announcer.interject("filler")
        await settle()
        [sound] = call.telephone.heard
        assert sound.endswith("cut off")
        assert not call.telephone.busy


async def test_the_sessions_own_sound_waits_for_what_is_said_aside_and_is_not_told_of_it() -> None:
    output = Loudspeaker()
    aside = Interjection(output)
    told: list[str] = []
    aside.on("playback_started", lambda _: told.append("started"))
    aside.on("playback_finished", lambda _: told.append("finished"))
    saying = asyncio.create_task(aside.play(_tenths(2)))
    await settle()
    own = asyncio.create_task(aside.capture_frame(_frame()))
    await settle()
    assert not own.done()
    await output.play_to_the_end()
    await asyncio.wait_for(asyncio.gather(saying, own), 1)
    assert told == ["started"]
    aside.flush()
    await output.play_to_the_end()
    assert told == ["started", "finished"]
    assert aside.captured_playout_segments == 1


async def test_what_is_said_aside_can_be_cut() -> None:
    output = Loudspeaker()
    aside = Interjection(output)
    saying = asyncio.create_task(aside.play(_tenths(2)))
    await settle()
    aside.cut()
    await asyncio.wait_for(saying, 1)
    assert output.endings == ["interrupted"]


async def test_a_sound_aside_whose_end_is_never_told_does_not_mute_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Loudspeaker):
        def clear_buffer(self) -> None:
            """As the room's output within the first 50 ms of a sound."""

    monkeypatch.setattr("agent.conversation.interjection.GRACE", 0.02)
    output = Forgetful()
    aside = Interjection(output)
    saying = asyncio.create_task(aside.play(_tenths(1)))
    await settle()
    aside.cut()
    await asyncio.wait_for(saying, 1)
    await asyncio.wait_for(aside.capture_frame(_frame()), 1)
    aside.flush()
    await output.play_to_the_end()
    await asyncio.wait_for(aside.wait_for_playout(), 1)
    monkeypatch.setattr("agent.conversation.interjection.GRACE", 60)
    again = asyncio.create_task(aside.play(_tenths(1)))  # does not wait for the lost end of the first one
    await settle()
    await output.play_to_the_end()
    await asyncio.wait_for(again, 1)


@pytest.mark.parametrize("language", languages.known())
def test_a_language_has_all_sentences_and_something_to_speak_them(language: str) -> None:
    languages.sentences(language)
    assert language == "en" or language in ESPEAK


async def _never_picked_up(_: rtc.AudioFrame) -> None:
    await asyncio.Event().wait()


def _frame() -> rtc.AudioFrame:
    return rtc.AudioFrame(bytes(2 * 2400), 24000, 1, 2400)


async def _tenths(count: int) -> AsyncIterator[rtc.AudioFrame]:
    for _ in range(count):
        yield _frame()
