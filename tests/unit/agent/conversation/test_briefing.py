"""A person hears what a call is about, and takes it only by a yes or a key."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference

from agent.conversation import briefing as briefings
from agent.conversation import ending as ending_module
from agent.conversation.briefing import Briefing, sum_up_for_a_person
from agent.conversation.session import new_session
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.fakes import (
    Deaf,
    Loudspeaker,
    Recorded,
    ScriptedVoiceActivity,
    host,
    in_call,
    line,
    pipeline,
    spoken,
    until,
)

INSTANT = Script(
    stt_delay=0, first_token_delay=0, words_per_second=1e6, first_audio_delay=0, seconds_per_character=0.01
)
SUMMARY = "The caller would like a table for six."
HELLO = "Hello, this is the automatic assistant. I have a caller for you."
QUESTION = "To take the call, press one or say yes. To decline it, press two or say no."


class Person:
    """A person who has picked up, and the briefing that they hear."""

    def __init__(self, endpoint: FakeOpenAI) -> None:
        self.endpoint = endpoint
        self.voice_activity, self.loudspeaker = ScriptedVoiceActivity(), Loudspeaker()
        self.room = rtc.EventEmitter[str]()
        process = SimpleNamespace(userdata={"voice_activity": {"builtin": self.voice_activity}})
        settings = host(openai_base_url=endpoint.url)
        its = line(wait_done=0.3)
        ctx = SimpleNamespace(room=self.room, proc=process)
        call = in_call(ctx=ctx, line=its, settings=settings, pipeline=pipeline(its, settings))
        self.briefing = Briefing(call, "person-1")
        self.session = self.briefing._session
        self.briefing._announcer = Recorded(self.session, "en")
        self.session.input.audio, self.session.output.audio = Deaf(), self.loudspeaker
        self.summary: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.answering: asyncio.Future[Any] | None = None

    def is_asked(self) -> "asyncio.Future[Any]":
        return asyncio.ensure_future(self.briefing.ask(self.summary))

    async def hears(self, times: int) -> None:
        for _ in range(times):
            await until(lambda: self.loudspeaker._seconds)
            await self.loudspeaker.play_to_the_end()

    async def says(self, words: str) -> None:
        before = len(self.endpoint.asked("stt"))
        self.endpoint.script = self.endpoint.script.changed(transcripts=(words,))
        await self.voice_activity.show("^sssss..$")
        await until(lambda: [it.outcome for it in self.endpoint.asked("stt")][before:] == ["finished"])
        await asyncio.sleep(0.05)

    def presses(self, digit: str, who: str = "person-1") -> None:
        participant = SimpleNamespace(identity=who)
        self.room.emit("sip_dtmf_received", SimpleNamespace(digit=digit, participant=participant))


@pytest.fixture
async def person(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Person]:
    monkeypatch.setattr(ending_module, "LAST_AUDIO", 0.01)
    start = AgentSession.start

    async def without_a_room(session: Any, agent: Agent, *, record: bool, **_: Any) -> None:
        await start(session, agent, record=record)

    monkeypatch.setattr(AgentSession, "start", without_a_room)
    async with FakeOpenAI(INSTANT) as endpoint:
        person = Person(endpoint)
        yield person
        await person.session.aclose()


async def test_a_person_who_says_yes_after_the_question_has_accepted(person: Person) -> None:
    person.summary.set_result(SUMMARY)
    asked = person.is_asked()
    await person.hears(3)
    await person.says("Yes, please.")
    assert await asked == "accepted"
    assert spoken(person.session) == [HELLO, SUMMARY, QUESTION]
    assert person.endpoint.asked("llm") == []


@pytest.mark.parametrize("words", ["No.", "No, not now, sorry."])
async def test_a_person_who_says_no_has_declined(person: Person, words: str) -> None:
    person.summary.set_result(SUMMARY)
    asked = person.is_asked()
    await person.hears(3)
    await person.says(words)
    assert await asked == "declined"


@pytest.mark.parametrize(("digit", "answer"), [("1", "accepted"), ("2", "declined")])
async def test_a_key_counts_from_the_beginning(person: Person, digit: str, answer: str) -> None:
    asked = person.is_asked()
    await until(lambda: person.loudspeaker._seconds)
    person.presses("7")
    person.presses(digit, who="caller")
    await asyncio.sleep(0.05)
    assert not asked.done()
    person.presses(digit)
    assert await asked == answer


async def test_a_yes_with_which_a_person_picks_up_is_no_answer_to_what_they_have_not_heard(person: Person) -> None:
    person.summary.set_result(SUMMARY)
    person.endpoint.script = INSTANT.changed(transcripts=["Yes."])
    asked = person.is_asked()
    await until(lambda: person.loudspeaker._seconds)
    await person.voice_activity.show("^sssss..$")
    await person.hears(3)
    await asyncio.sleep(0.1)
    assert not asked.done()
    asked.cancel()


async def test_a_yes_that_began_before_the_question_is_none(person: Person) -> None:
    person.summary.set_result(SUMMARY)
    asked = person.is_asked()
    await person.hears(1)
    await until(lambda: person.loudspeaker._seconds)  # the summary is being said
    person.endpoint.script = person.endpoint.script.changed(transcripts=("Yes?",), stt_delay=1)
    await person.voice_activity.show("^sssss..$")
    await person.loudspeaker.play_to_the_end()
    await until(lambda: person.loudspeaker._seconds)  # now the question
    await until(lambda: "finished" in [it.outcome for it in person.endpoint.asked("stt")])
    await asyncio.sleep(0.4)
    assert not asked.done()
    person.presses("2")
    assert await asked == "declined"


async def test_whoever_neither_says_yes_nor_no_is_asked_once_more_and_has_not_accepted(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(briefings, "ANSWER_WITHIN", 0.2)
    person.summary.set_result(None)
    asked = person.is_asked()
    await person.hears(2)
    await person.says("You have reached the office of Anna.")
    await person.hears(1)
    assert await asked == "not_accepted"
    assert spoken(person.session) == [HELLO, QUESTION, QUESTION]


async def test_an_answering_machine_is_not_talked_to_for_long(person: Person) -> None:
    person.summary.set_result(None)
    asked = person.is_asked()
    await person.hears(2)
    await person.says("Please leave a message after the tone.")
    assert await asked == "not_accepted"


async def test_a_summary_that_is_late_is_left_out(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefings, "SUMMARY_LATE", 0.05)
    asked = person.is_asked()
    await person.hears(2)
    person.presses("1")
    assert await asked == "accepted"
    assert spoken(person.session) == [HELLO, QUESTION]


async def summed_up(endpoint: FakeOpenAI, *turns: tuple[str, str]) -> str | None:
    chosen = pipeline(settings=host(openai_base_url=endpoint.url))
    session = new_session(line(), chosen, inference.VAD(model="silero"))
    for role, words in turns:
        session.history.add_message(role=cast("Any", role), content=words)
    return await sum_up_for_a_person(in_call(session=session, pipeline=chosen))


TURNS = (
    ("assistant", "How can I help?"),
    ("user", "I need a table for six."),
    ("user", "(keys pressed) 4 7 1 1"),
)


async def test_the_summary_is_the_models(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(answers=[SUMMARY])
    assert await summed_up(endpoint, *TURNS) == SUMMARY
    [asked] = endpoint.asked("llm")
    instructions, said = asked.body["messages"]
    assert "language whose ISO 639-1 code is en" in instructions["content"]
    assert "4 7 1 1" not in said["content"]
    assert "agent: How can I help?\ncaller: I need a table for six." in said["content"]


async def test_a_model_that_fails_costs_the_summary_alone(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(faults={"llm": "error"})
    assert await summed_up(endpoint, *TURNS) is None


async def test_of_a_caller_who_has_said_nothing_there_is_no_summary(endpoint: FakeOpenAI) -> None:
    assert await summed_up(endpoint, ("assistant", "How can I help?")) is None
    assert endpoint.asked("llm") == []
