"""Who has answered a call of the agent's own is known before anything private is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AMDCategory, JobContext

from agent import languages
from agent.conversation import who_answered as module
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.conversation.transfer_state import TransferState
from agent.conversation.who_answered import WhoAnswered, judge_person
from agent.outbound.orders import FILE, WAITING, Order, Orders
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT, Call
from tests.unit.agent.fakes import Recorded, in_call, line, pipeline, settle, spoken, until

ANNA = "+12025550123"
INTRODUCTION, MESSAGE = "This is the coffee shop.", "Please call us back."
QUESTION, SORRY = "Am I speaking with Anna Smith?", "All right, sorry to have disturbed you. Goodbye."
NO_MORE = "All right, we will not call you again. Goodbye."

ANSWERS = {
    "en": {
        "yes": [
            "Yes.",
            "Yes, speaking.",
            "Speaking.",
            "This is she.",
            "Yes, this is Anna.",
            "Hello, this is Anna Smith.",
            "That's me.",
            "Anna Smith.",
            "Smith.",
            "I'm Anna.",
            "Yeah, sure.",
            "(keys pressed) 1",
            "Oh, hi, yes, it's me.",
            "Um, yes, Anna speaking.",
        ],
        "no": [
            "No.",
            "No, she's not here.",
            "Anna isn't here.",
            "Wrong number, no.",
            "This is not Anna.",
            "(keys pressed) 2",
            "I'm not Anna, no.",
            "She can't come to the phone.",
        ],
        "stop": [
            "Do not call me again.",
            "Yes, but don't call me again!",
            "Please take me off your list.",
            "Stop calling me",
        ],
        "": [
            "Hello?",
            "Who is this?",
            "Anna? She is at work.",
            "Yes, who is calling?",
            "This is Ben.",
            "What do you want?",
            "I am her mother.",
            "This is Anna's husband.",
            "Mm.",
            "Say that again?",
            "Do you know Anna Smith?",
        ],
    },
    "de": {
        "yes": [
            "Ja.",
            "Am Apparat.",
            "Ja, am Apparat.",
            "Ja, das bin ich.",
            "Hier ist Anna.",
            "Smith, guten Tag.",
            "Tun Sie.",
        ],
        "no": ["Nein.", "Nein, das bin ich nicht.", "Sie ist nicht da."],
        "stop": ["Rufen Sie mich nicht mehr an.", "Nehmen Sie mich von der Liste!"],
        "": ["Hallo?", "Wer ist da?", "Hier ist Ben.", "Worum geht es?"],
    },
    "es": {
        "yes": ["Sí.", "Sí, soy yo.", "Al habla.", "Soy Anna.", "Hola, habla Anna Smith."],
        "no": ["No.", "No está en casa."],
        "stop": ["No me llame más.", "No vuelvan a llamarme."],
        "": ["¿Quién es?", "Soy Ben.", "¿De parte de quién?"],
    },
    "fr": {
        "yes": ["Oui.", "Oui, c'est moi.", "Elle-même.", "C'est Anna.", "Oui, Anna Smith à l'appareil."],
        "no": ["Non.", "Elle n'est pas là."],
        "stop": ["Ne m'appelez plus.", "Arrêtez de m'appeler."],
        "": ["C'est qui ?", "C'est Ben.", "De la part de qui ?"],
    },
}


@pytest.mark.parametrize(
    ("language", "meant", "said"),
    [(language, meant, said) for language, its in ANSWERS.items() for meant, all_ in its.items() for said in all_],
)
def test_only_a_clear_yes_is_one(language: str, meant: str, said: str) -> None:
    assert (judge_person(said, "Anna Smith", languages.phrases(language)) or "") == meant


def order(name: str = "Anna Smith") -> Order:
    return Order("o1", "coffee", ANNA, name, "Her table is ready.", "k", 0, WAITING)


class Called(Call):
    """A call of the agent's, from the moment at which somebody has answered."""

    def __init__(self, endpoint: FakeOpenAI, asked_for: Order, **settings: Any) -> None:
        super().__init__(endpoint)
        self.room = rtc.EventEmitter[str]()
        self.reasons: list[str] = []
        announcer = Recorded(self.session, "en")
        room = cast("Any", self.room)
        room.isconnected, room.remote_participants = lambda: True, {"callee": None}
        ctx = cast(
            "JobContext",
            SimpleNamespace(room=room, shutdown=lambda reason: self.reasons.append(reason), delete_room=asyncio.Event),
        )
        ending = Ending(ctx, self.session, announcer, HangUp(ctx))
        its = line(introduction=INTRODUCTION, silent_caller_after=6, **{"message": MESSAGE} | settings)
        call = in_call(
            ctx=ctx,
            session=self.session,
            announcer=announcer,
            ending=ending,
            line=its,
            pipeline=pipeline(its),
            participant=SimpleNamespace(identity="callee", track_publications={}),
            order=asked_for,
            transfer=TransferState(),
        )
        self.who = WhoAnswered(call, asked_for)

    async def plays(self) -> None:
        """The next thing that the agent says, to its end."""
        await until(lambda: self.loudspeaker._seconds)
        await self.loudspeaker.play_to_the_end()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path))
    return tmp_path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[AMDCategory]:
    """Who has answered, as if it had been listened to."""
    found = [AMDCategory.HUMAN]

    async def listen(*_: Any) -> AMDCategory:
        return found[-1]

    monkeypatch.setattr(module, "machine_or_person", listen)
    monkeypatch.setattr(module, "BEEP_WITHIN", 0.3)
    return found


@asynccontextmanager
async def called(asked_for: Order, **settings: Any) -> AsyncIterator[Called]:
    async with FakeOpenAI(INSTANT) as endpoint:
        call = Called(endpoint, asked_for, **settings)
        await call.session.start(call.who, record=False)
        yield call
        await call.session.aclose()


@pytest.fixture
async def call(answers: list[AMDCategory], data: Path) -> AsyncIterator[Called]:
    async with called(order()) as one:
        yield one


async def test_who_says_yes_is_listening_and_no_model_was_asked(call: Called) -> None:
    await call.plays()
    await call.plays()
    assert not call.who.settled.is_set()
    await call.caller_says("Yes, this is Anna.")
    await until(call.who.settled.is_set)
    assert (call.who.listening, call.who.result) == (True, "talked")
    assert spoken(call.session) == [INTRODUCTION, QUESTION]
    assert (call.asked, call.reasons) == ([], [])


async def test_a_key_says_yes_too(call: Called) -> None:
    await call.plays()
    await call.plays()
    call.room.emit("sip_dtmf_received", rtc.SipDTMF(code=1, digit="1"))
    await until(call.who.settled.is_set)
    assert call.who.listening


async def test_somebody_else_is_let_go(call: Called) -> None:
    await call.plays()
    await call.plays()
    await call.caller_says("No, she is not here.")
    await call.plays()
    await until(lambda: call.reasons)
    assert (call.who.listening, call.who.result) == (False, "wrong_person")
    assert call.reasons == ["somebody else had answered"]
    assert spoken(call.session) == [INTRODUCTION, QUESTION, SORRY]


async def test_what_is_said_before_the_question_is_no_answer_to_it(call: Called) -> None:
    await until(lambda: call.loudspeaker._seconds)
    await call.caller_says("Yes?", over=True)  # over the introduction, which is then not said again
    await call.plays()
    if QUESTION not in spoken(call.session):
        await call.plays()
    assert not call.who.settled.is_set()
    await call.caller_says("No.")
    await call.plays()
    await until(lambda: call.reasons)
    assert call.who.result == "wrong_person"


async def test_a_yes_in_the_middle_of_the_question_is_no_answer_to_it(call: Called) -> None:
    await call.plays()
    await until(lambda: call.loudspeaker._seconds)  # the question is being said
    call.loudspeaker._seconds /= 2  # so much of it has been played when it is cut off: not the name
    await call.caller_says("Yes, speaking.", over=True)
    await until(lambda: call.loudspeaker.endings[-1] == "interrupted" and call.loudspeaker._seconds)
    assert not call.who.settled.is_set()
    await call.plays()
    await call.plays()
    assert spoken(call.session)[-2:] == [INTRODUCTION, QUESTION]
    await call.caller_says("No.")
    await call.plays()
    await until(lambda: call.reasons)
    assert call.who.result == "wrong_person"


async def test_who_does_not_say_who_they_are_is_asked_three_times(call: Called) -> None:
    for _ in range(3):
        await call.plays()
        await call.plays()
        await call.caller_says("Who is this?")
    await call.plays()
    await until(lambda: call.reasons)
    assert call.who.result == "not_confirmed"
    assert spoken(call.session) == [*[INTRODUCTION, QUESTION] * 3, SORRY]


async def test_who_wants_no_more_calls_is_written_down(call: Called) -> None:
    await call.plays()
    await call.plays()
    await call.caller_says("Don't call me again.")
    await call.plays()
    await until(lambda: call.reasons)
    assert spoken(call.session)[-1] == NO_MORE
    assert call.reasons == ["the person asked not to be called again"]
    assert [it.number for it in Orders("coffee").listed()] == [ANNA]


async def test_who_wants_no_more_calls_is_promised_nothing_if_it_cannot_be_written_down(
    call: Called, data: Path
) -> None:
    (data / FILE).write_bytes(b"no database at all, but longer than one page of it would need" * 20)
    await call.plays()
    await call.plays()
    await call.caller_says("Don't call me again.")
    await call.plays()
    await until(lambda: call.reasons)
    assert spoken(call.session)[-1] == SORRY
    assert call.reasons == ["the person asked not to be called again, which could not be written down"]


@pytest.mark.parametrize(
    ("who", "settings", "said", "reason"),
    [
        (AMDCategory.MACHINE_VM, {}, [MESSAGE], "a message was left on an answering machine"),
        (AMDCategory.MACHINE_VM, {"message": ""}, [], "an answering machine had answered"),
        (AMDCategory.MACHINE_UNAVAILABLE, {}, [], "an answering machine had answered"),
        (AMDCategory.MACHINE_IVR, {}, [], "an answering machine had answered"),
    ],
)
async def test_a_machine_gets_the_message_where_it_takes_one(
    answers: list[AMDCategory], data: Path, who: AMDCategory, settings: dict[str, str], said: list[str], reason: str
) -> None:
    answers.append(who)
    async with called(order(), **settings) as call:
        if said:
            await call.plays()
        await until(lambda: call.reasons)
        assert call.reasons == [reason]
        assert spoken(call.session) == said
        assert call.who.result == ("message_left" if said else "machine")
        assert not call.who.listening


async def test_the_message_waits_for_the_beep(
    answers: list[AMDCategory], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEEP_WITHIN", 60.0)
    answers.append(AMDCategory.MACHINE_VM)
    async with called(order()) as call:
        await asyncio.sleep(2)
        assert spoken(call.session) == []
        assert not call.loudspeaker._seconds
        call.who._beep.ended.set()
        await call.plays()
        await until(lambda: call.reasons)
        assert spoken(call.session) == [MESSAGE]


async def test_without_a_name_whoever_answers_may_be_told(answers: list[AMDCategory], data: Path) -> None:
    async with called(order(name="")) as call:
        await call.plays()
        await until(call.who.settled.is_set)
        assert call.who.listening
        assert spoken(call.session) == [INTRODUCTION]


async def test_who_hangs_up_meanwhile_leaves_nobody_waiting(call: Called) -> None:
    await call.plays()
    await call.session.aclose()
    await until(call.who.settled.is_set)
    assert not call.who.listening
    assert call.who.result == "not_confirmed"


async def test_who_hangs_up_before_anything_is_known_is_asked_nothing(
    answers: list[AMDCategory], data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    left = asyncio.Event()

    async def listen(*_: Any) -> AMDCategory:
        await left.wait()
        return AMDCategory.UNCERTAIN

    monkeypatch.setattr(module, "machine_or_person", listen)
    async with called(order()) as call:
        cast("Any", call.room).remote_participants.clear()
        left.set()
        await until(call.who.settled.is_set)
        assert (spoken(call.session), call.reasons, caplog.messages) == ([], [], [])
        assert not call.who.listening


async def test_an_error_ends_the_call(
    answers: list[AMDCategory], data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> AMDCategory:
        raise OSError("scripted")

    monkeypatch.setattr(module, "machine_or_person", fail)
    async with called(order()) as call:
        await until(lambda: call.reasons)
        assert call.reasons == ["the agent could not ask who had answered"]
        assert not call.who.listening
    assert "Could not find out who has answered the call" in caplog.messages


async def test_whoever_comes_next_speaks_when_it_is_known_who_listens(call: Called) -> None:
    class Next(Agent):
        async def on_enter(self) -> None:
            self.session.say("Your table is ready.")

    await call.plays()
    await call.plays()
    await call.caller_says("Speaking.")
    await until(call.who.settled.is_set)
    call.session.update_agent(Next(instructions=""))
    await settle()
    await call.plays()
    assert spoken(call.session)[-1] == "Your table is ready."


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        ("Hello?", INTRODUCTION),
        ("", INTRODUCTION),  # nobody says anything
        ("You have reached the voicemail of Anna. Please leave a message after the tone.", MESSAGE),
    ],
)
async def test_how_the_phone_is_answered_is_listened_to(
    data: Path, monkeypatch: pytest.MonkeyPatch, greeting: str, said: str
) -> None:
    """With livekit-agents' own answering machine detection."""
    monkeypatch.setattr(module, "BEEP_WITHIN", 1.0)
    async with called(order()) as call:
        await settle()
        if greeting:
            await speaks_for(call, len(greeting) / 15, greeting)
        await call.plays()
        assert spoken(call.session) == [said]
        assert call.asked == []


async def speaks_for(call: Called, seconds: float, words: str) -> None:
    call.endpoint.script = call.endpoint.script.changed(transcripts=(words,))
    await call.voice_activity.show("^sssss")
    await asyncio.sleep(seconds + 2.0)  # of which the detector takes the last two for the silence after it
    await call.voice_activity.show("..$")


async def test_a_machine_that_pauses_in_its_greeting_is_told_by_its_next_words(call: Called) -> None:
    await call.plays()
    await call.plays()
    await call.caller_says("Please leave a message after the tone.")
    await call.plays()
    await until(lambda: call.reasons)
    assert spoken(call.session) == [INTRODUCTION, QUESTION, MESSAGE]
    assert (call.who.result, call.who.listening) == ("message_left", False)
