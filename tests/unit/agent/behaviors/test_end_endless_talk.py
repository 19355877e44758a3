"""Who never comes to an end, and machines, are said goodbye to."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from livekit import rtc
from livekit.agents import UserInputTranscribedEvent

from agent import languages
from agent.behaviors.end_endless_talk import end_endless_talk
from tests.unit.agent import never_silent
from tests.unit.agent.fakes import in_call, line, until
from tests.unit.agent.never_silent import FALLS_SILENT, INSTANT, SPEAKS, Call, Endings

LONGEST = 0.5
TOO_LONG = [("endless", "the caller never came to an end")]
MACHINE = [("endless", "a machine was on the line")]


def calling(longest: float = LONGEST) -> AbstractAsyncContextManager[Call]:
    return never_silent.calling(lambda call: end_endless_talk(call.call), longest_talk=longest)


async def test_a_monologue_without_a_pause_is_ended() -> None:
    async with calling() as call:
        await call.voice_activity.show(SPEAKS)
        await asyncio.sleep(LONGEST / 2)
        assert not call.ending.begun
        await until(lambda: call.ending.asked == TOO_LONG)


async def test_so_is_one_that_comes_piece_after_piece() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        for town in ("Rome", "Turin", "Milan", "Pisa"):
            await call.says(f"and then I went to {town} and", heard=False)
            await asyncio.sleep(LONGEST / 4)
        await call.voice_activity.show(SPEAKS)
        await until(lambda: call.ending.asked == TOO_LONG)


async def test_a_talk_in_which_the_agent_has_its_say_may_last() -> None:
    async with calling() as call:
        heard = []
        for number in range(4):
            await call.says(f"Question {number}?")
            heard.append("answer")
            await call.hears(*heard)
            await asyncio.sleep(LONGEST / 3)
        assert not call.ending.begun


async def test_a_caller_who_lets_the_agent_say_nothing_to_its_end_talks_all_the_time() -> None:
    async with calling() as call:
        call.telephone.plays_for = 60
        call.announcer.say("hello")
        await until(lambda: call.session.agent_state == "speaking")
        await call.says("No, listen to me.")
        await until(lambda: call.session.agent_state == "speaking")
        await asyncio.sleep(LONGEST)
        await call.voice_activity.show(SPEAKS)
        await until(lambda: call.ending.asked == TOO_LONG)


@pytest.mark.parametrize(
    "pieces",
    [
        ("Please leave a message after the tone.",),
        ("Your call is important to us.",),
        ("Hi. The person you are trying", "to reach is not available."),
        ("Please state your name and why you are calling.",),
    ],
)
async def test_a_machine_is_known_by_what_it_says(pieces: tuple[str, ...]) -> None:
    async with calling(longest=60) as call:
        await call.says(*pieces)
        await until(lambda: call.ending.asked == MACHINE)


@pytest.mark.parametrize(
    "said", ["Can I leave a message?", "Is this an answering machine?", "Please hold on a second."]
)
async def test_a_caller_is_not_taken_for_one(said: str) -> None:
    async with calling(longest=60) as call:
        await call.says(said)
        await call.hears("answer")
        assert not call.ending.begun


@pytest.mark.parametrize("refrain", ["Thank you for watching.", "You are number 3 in the queue."])
async def test_the_same_words_three_times_over_the_agent_are_a_machine(refrain: str) -> None:
    async with calling(longest=60) as call:
        call.telephone.plays_for = 60
        for _ in range(2):
            await call.says(refrain)
            await until(lambda: call.session.agent_state == "speaking")
            assert not call.ending.begun
        await call.says(refrain)
        await until(lambda: call.ending.asked == MACHINE)


@pytest.mark.parametrize("asked", [(), ("still_there",)], ids=["answered", "answered, and asked by a canned question"])
async def test_a_caller_may_say_the_same_again_after_an_answer_as_often_as_they_like(asked: tuple[str, ...]) -> None:
    async with calling(longest=60) as call:
        heard: list[str] = []
        for _ in range(7):
            await call.says("I want to talk to a person.")
            heard.append("answer")
            await call.hears(*heard)
            for question in asked:
                call.announcer.say(question)
                heard.append(question)
                await call.hears(*heard)
        assert not call.ending.begun


async def test_an_answer_that_was_heard_makes_the_count_begin_anew() -> None:
    async with calling(longest=60) as call:
        await call.says("I want to talk to a person.")
        await call.hears("answer")
        call.telephone.plays_for = 60
        for _ in range(2):
            await call.says("I want to talk to a person.")
            await until(lambda: call.session.agent_state == "speaking")
        assert not call.ending.begun


def hears(language: str, *said: str) -> list[tuple[str, str]]:
    """How a call ends in which the agent comes to say nothing."""
    session, ending = rtc.EventEmitter[str](), Endings()
    end_endless_talk(in_call(session=session, ending=ending, line=line(language=language)))
    for words in said:
        session.emit("user_input_transcribed", UserInputTranscribedEvent(transcript=words, is_final=True))
    return ending.asked


@pytest.mark.parametrize(
    ("language", "group"),
    [
        ("en", "Double five."),
        ("en", "12 12 12."),
        ("en", "Um, five five, okay."),
        ("en", "Oh seven oh seven."),
        ("de", "Doppel fünf."),
        ("de", "Zwölf zwölf."),
        ("de", "Null eins, null eins."),
        ("es", "Doble cinco."),
        ("es", "Seis doce, seis doce."),
        ("fr", "Double cinq."),
        ("fr", "Quatre-vingt-dix-neuf, douze."),
    ],
)
def test_a_number_that_is_dictated_in_groups_that_are_alike_is_no_refrain(language: str, group: str) -> None:
    assert hears(language, *[group] * 5) == []


@pytest.mark.parametrize(
    ("language", "refrain"),
    [
        ("en", "Press one for sales."),
        ("de", "Ein Moment bitte."),
        ("de", "Sie sind an Platz drei."),
        ("es", "Pulse uno para ventas."),
        ("fr", "Tapez un pour les ventes."),
    ],
)
def test_a_refrain_is_one_in_every_language_although_it_has_a_number_in_it(language: str, refrain: str) -> None:
    assert hears(language, *[refrain] * 2) == []
    assert hears(language, *[refrain] * 3) == MACHINE


@pytest.mark.parametrize("answer", ["Yes.", "No, thanks.", "Hello?"])
async def test_a_short_answer_may_be_given_as_often_as_it_is_asked_for(answer: str) -> None:
    async with calling(longest=60) as call:
        heard = []
        for _ in range(4):
            await call.says(answer)
            heard.append("answer")
            await call.hears(*heard)
        assert not call.ending.begun


async def test_music_has_no_words_but_may_last_no_longer_than_talk() -> None:
    async with calling() as call:
        for _ in range(4):
            await call.says("\u266a", heard=False)
            await asyncio.sleep(LONGEST / 4)
        await call.voice_activity.show(SPEAKS + FALLS_SILENT)
        await until(lambda: call.ending.asked == TOO_LONG)


@pytest.mark.parametrize("language", languages.known())
def test_every_language_knows_machines_by_phrases_that_no_answer_is(language: str) -> None:
    heard = languages.phrases(language)
    assert all(len(phrase.split()) > 1 or len(phrase) > 12 for phrase in heard.machines)
    assert not heard.machines & (heard.yes | heard.no | heard.goodbyes)
