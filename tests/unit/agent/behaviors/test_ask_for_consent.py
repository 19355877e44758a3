"""Who asks for consent needs no model, hears the answer as the line hears, and leaves the talk to the receptionist."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest
from livekit import rtc
from livekit.agents import Agent, JobContext

from agent import languages
from agent.behaviors.ask_for_consent import Consent
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.conversation.yes_or_no import judge_answer
from agent.records.capture.events import CallEvents
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT, Call
from tests.unit.agent.fakes import Recorded, in_call, line, settle, spoken, until

QUESTION, GREETING = "May I record this call? Please say yes or no.", "Hello."
NOT_RECORDED = "All right, this call is not recorded."


class Receptionist(Agent):
    async def on_enter(self) -> None:
        self.session.say(GREETING)


class Asked(Call):
    """A call that begins with the question."""

    def __init__(self, endpoint: FakeOpenAI) -> None:
        super().__init__(endpoint)
        self.room = rtc.EventEmitter[str]()
        self.happened = CallEvents(self.session, cast("rtc.Room", self.room))
        self.granted = False
        announcer = Recorded(self.session, "en")
        ctx = cast("JobContext", SimpleNamespace(room=self.room, shutdown=lambda reason: None))
        self.ending = Ending(ctx, self.session, announcer, HangUp(ctx))
        its = line(failures=1, silent_caller_after=6)
        call = in_call(ctx=ctx, session=self.session, announcer=announcer, ending=self.ending, line=its)
        fill_the_silence(call)
        self.consent = Consent(call, on_granted=self._grant, next_agent=Receptionist(instructions="Be brief."))

    async def _grant(self) -> None:
        self.granted = True

    async def plays(self) -> None:
        """The next thing that the agent says, to its end."""
        await until(lambda: self.loudspeaker._seconds)
        await self.loudspeaker.play_to_the_end()


@pytest.fixture
async def call() -> AsyncIterator[Asked]:
    async with FakeOpenAI(INSTANT.changed(answers=("At nine.",))) as endpoint:
        call = Asked(endpoint)
        await call.session.start(call.consent, record=False)
        await until(lambda: call.session.agent_state == "speaking")
        yield call
        await call.session.aclose()


async def test_a_spoken_yes_is_one_and_then_the_model_has_the_talk_to_itself(call: Asked) -> None:
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert (spoken(call.session), call.granted, call.asked) == ([QUESTION, GREETING], True, [])
    assert not call.ending.begun  # to answer with nothing is no failure here
    await call.caller_says("At nine?")
    await until(lambda: call.asked)
    contexts = [request.body["messages"] for request in call.endpoint.asked("llm")]
    assert QUESTION not in str(contexts)


async def test_a_yes_over_the_last_words_of_the_question_counts(call: Asked) -> None:
    await call.caller_says("Yes.", over=True)  # a listener's word too, so the agent goes on
    await call.plays()
    await call.plays()
    assert (spoken(call.session), call.granted) == ([QUESTION, GREETING], True)


async def test_a_spoken_no_is_one(call: Asked) -> None:
    await call.plays()
    await call.caller_says("No.")
    await call.plays()
    await call.plays()
    assert (spoken(call.session), call.granted) == ([QUESTION, NOT_RECORDED, GREETING], False)
    assert call.asked == []


async def test_nobody_greets_once_the_call_is_ending(call: Asked) -> None:
    call.ending.say("silent", "the caller was silent")
    await settle()
    await call.caller_says("Yes.")
    await until(lambda: call.loudspeaker._seconds)
    await call.loudspeaker.play_to_the_end()
    assert GREETING not in spoken(call.session)
    assert not call.granted


async def test_what_was_said_without_known_times_is_the_speech_that_was_heard(call: Asked) -> None:
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    [turn] = [turn for turn in call.happened.turns(0) if turn.who == "caller"]
    [piece] = call.happened.speech(0)
    assert (turn.text, turn.start, turn.end) == ("Yes.", *piece)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("Yes.", True),
        ("Yes, no problem.", True),
        ("Okay, go ahead!", True),
        ("No.", False),
        ("Yes... no, rather not.", False),
        ("I don't want that.", False),
        ("Yes, that's right.", True),
        ("That's correct, please do.", True),
        ("Yes please, goodbye.", True),
        ("Please.", None),
        ("Bye.", None),
        ("(keys pressed) 1", True),
        ("(keys pressed) 2", False),
        ("What for?", None),
        ("", None),
        ("Yes, you may.", True),
        ("Yes, thank you.", True),
        ("No, please don't.", False),
        ("I'm not okay with that.", False),
        ("That is not all right with me.", False),
        ("You can not record this.", False),
        ("I'm not sure.", False),
        ("Of course not!", False),
        ("Certainly not.", False),
        ("Hi, is this the right number?", None),
        ("Thank you.", None),
        ("I'd like a table for 12 at 7:15.", None),
        ("I have 1 question first.", None),
        ("Could I book 2 seats?", None),
        ("(keys pressed) 1 #", True),
        ("(keys pressed) 1 2", None),
        ("(keys pressed) 4 7 1 1", None),
    ],
)
def test_a_yes_is_one_with_nothing_beside_it_and_a_no_is_one_anywhere(answer: str, meaning: bool | None) -> None:
    assert judge_answer(answer, languages.phrases("en")) is meaning


@pytest.mark.parametrize(
    ("language", "answer", "meaning"),
    [
        ("de", "Ja, das ist in Ordnung.", True),
        ("de", "Kein Problem.", True),
        ("de", "Ja, das stimmt so, bitte.", None),
        ("de", "Ja, das stimmt, vielen Dank.", True),
        ("es", "Sí, es correcto, gracias.", True),
        ("fr", "Oui, c'est bien ça.", True),
        ("de", "Das ist nicht in Ordnung.", False),
        ("de", "Natürlich nicht.", False),
        ("es", "Sí, claro, no hay problema.", True),
        ("es", "Claro que no.", False),
        ("fr", "Oui, allez-y.", True),
        ("fr", "Pas de problème, merci.", True),
        ("fr", "Certainement pas.", False),
    ],
)
def test_so_it_is_in_every_language(language: str, answer: str, meaning: bool) -> None:
    assert judge_answer(answer, languages.phrases(language)) is meaning
