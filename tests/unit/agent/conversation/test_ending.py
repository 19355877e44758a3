"""How a call ends: once, with a last sentence that is heard to its end."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, JobContext

from agent.conversation import ending as module
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from tests.unit.agent.fakes import Loudspeaker, Recorded, ScriptedLLM, settle, spoken, unreachable, until

FAREWELL = "Thank you for calling. Goodbye."
SILENT = "I still cannot hear you, so I will hang up now. Please call again. Goodbye."
TIME_IS_UP = "I am sorry, our time is up. Thank you for calling. Goodbye."


class Call:
    """A call in which words are sound only where they are canned; what was done with its job is in `done`."""

    def __init__(self) -> None:
        self.model = ScriptedLLM(lambda words: f"You said {words}")
        self.session: AgentSession[None] = AgentSession(
            llm=self.model, vad=None, turn_handling={"turn_detection": None}, aec_warmup_duration=None
        )
        self.done: list[str] = []
        self.room = rtc.EventEmitter[str]()
        self.room.isconnected = lambda: True  # type: ignore[attr-defined]
        ctx = SimpleNamespace(
            room=self.room,
            shutdown=lambda reason: self.done.append(reason),
            delete_room=lambda: self.done.append("the room is deleted"),
        )
        job = cast("JobContext", ctx)
        self.ending = Ending(job, self.session, Recorded(self.session, "en"), HangUp(job))

    async def begins(self, agent: Agent | None = None) -> None:
        await self.session.start(agent or Agent(instructions="Be brief."), record=False)

    def with_sound(self) -> Loudspeaker:
        self.session.output.audio = speaker = Loudspeaker()
        return speaker


@pytest.fixture
async def call(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Call]:
    monkeypatch.setattr(module, "LAST_AUDIO", 0.01)
    call = Call()
    yield call
    await call.session.aclose()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_WORDS_LIMIT", 0.05)
    monkeypatch.setattr(module, "GOODBYE_BEGINS_WITHIN", 0.05)


async def test_the_last_sentence_is_said_to_its_end_and_then_job_and_room_go(call: Call) -> None:
    speaker = call.with_sound()
    await call.begins()
    call.ending.say("silent", "the caller was silent")
    assert call.ending.begun
    await until(lambda: speaker.played)
    await asyncio.sleep(0.05)
    assert call.done == []
    await speaker.play_to_the_end()
    await until(lambda: len(call.done) == 2)
    assert speaker.endings == ["finished"]
    assert call.done == ["the caller was silent", "the room is deleted"]
    assert spoken(call.session) == [SILENT]


async def test_what_is_being_said_is_broken_off_even_if_it_must_not_be_interrupted(call: Call) -> None:
    speaker = call.with_sound()
    await call.begins()
    notice = Recorded(call.session, "en").say("recorded", allow_interruptions=False)
    await until(lambda: speaker.played)
    call.ending.say("time_is_up", "the call took too long")
    assert notice.interrupted
    await until(lambda: speaker.endings)
    await speaker.play_to_the_end()
    await until(lambda: call.done)
    assert speaker.endings == ["interrupted", "finished"]
    assert spoken(call.session)[-1] == TIME_IS_UP


async def test_the_caller_cannot_interrupt_the_last_sentence(call: Call) -> None:
    speaker = call.with_sound()
    await call.begins()
    call.ending.say("silent", "the caller was silent")
    await until(lambda: speaker.played)
    with pytest.raises(RuntimeError):
        call.session.interrupt()
    await speaker.play_to_the_end()


async def test_only_the_first_reason_counts(call: Call) -> None:
    await call.begins()
    call.ending.say("silent", "the caller was silent")
    call.ending.say("time_is_up", "the call took too long")
    call.ending.hang_up_after(call.session.say("Goodbye."), "the talk was over")
    await until(lambda: call.done)
    await settle()
    assert call.done == ["the caller was silent", "the room is deleted"]


def who_never_answers() -> Agent:
    async def never(*_: Any, **__: Any) -> AsyncIterator[str]:
        await asyncio.sleep(3600)
        yield ""

    agent = Agent(instructions="Be brief.")
    agent.llm_node = never  # type: ignore[method-assign]
    return agent


@pytest.mark.usefixtures("hasty")
async def test_a_sentence_that_cannot_be_said_is_not_waited_for(call: Call) -> None:
    call.with_sound()  # which never comes to the end of it
    await call.begins()
    call.ending.say("silent", "the caller was silent")
    await until(lambda: call.done, within=2)
    assert call.done[0] == "the caller was silent"


async def test_a_reply_that_hangs_does_not_keep_the_last_sentence(call: Call) -> None:
    await call.begins(who_never_answers())
    call.session.generate_reply(user_input="When are you open?")
    await until(lambda: call.session.agent_state == "thinking")
    call.ending.say("failed", "the providers failed")
    await until(lambda: call.done, within=2)
    assert spoken(call.session)[-1].endswith("Please call again later. Goodbye.")


async def test_a_call_whose_talk_has_not_begun_is_ended_all_the_same(call: Call) -> None:
    call.ending.say("silent", "the caller was silent")
    await until(lambda: call.done)
    assert call.done[0] == "the caller was silent"


async def test_a_caller_who_hangs_up_first_is_not_kept_waiting_for(call: Call) -> None:
    speaker = call.with_sound()
    await call.begins()
    call.ending.say("silent", "the caller was silent")
    await until(lambda: speaker.played)
    call.room.isconnected = lambda: False  # type: ignore[attr-defined]
    await call.session.aclose()  # as the job does when the caller has left
    await until(lambda: call.done)
    assert call.done == ["the caller was silent"]  # there is no room to be deleted


async def test_a_goodbye_of_the_models_is_heard_to_its_end_and_cannot_be_interrupted(call: Call) -> None:
    await call.begins()
    goodbye = call.session.generate_reply(user_input="goodbye")
    call.ending.hang_up_after(goodbye, "the talk was over")
    assert not goodbye.allow_interruptions
    await until(lambda: call.done)
    assert spoken(call.session) == ["You said goodbye"]
    assert call.done[0] == "the talk was over"


async def test_a_goodbye_that_the_caller_has_broken_off_is_made_up_for(call: Call) -> None:
    await call.begins()
    goodbye = call.session.generate_reply(user_input="goodbye")
    goodbye.interrupt()
    call.ending.hang_up_after(goodbye, "the talk was over")
    await until(lambda: call.done)
    assert spoken(call.session)[-1] == FAREWELL


async def test_a_model_that_finds_no_goodbye_does_not_end_the_call_in_silence(call: Call) -> None:
    await call.begins()
    call.model.answer = unreachable
    call.ending.hang_up_after(call.session.generate_reply(user_input="goodbye"), "the talk was over")
    await until(lambda: call.done)
    assert spoken(call.session) == [FAREWELL]


@pytest.mark.usefixtures("hasty")
async def test_a_model_that_hangs_over_its_goodbye_does_not_keep_the_call_open(call: Call) -> None:
    await call.begins(who_never_answers())
    call.ending.hang_up_after(call.session.generate_reply(user_input="goodbye"), "the talk was over")
    await until(lambda: call.done, within=2)
    assert spoken(call.session) == [FAREWELL]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("begun", [False, True])
async def test_a_goodbye_that_has_begun_may_last_longer_than_one_may_be_thought_about(call: Call, begun: bool) -> None:
    speaker = call.with_sound()
    await call.begins()
    goodbye = Recorded(call.session, "en").say("recorded")
    if begun:
        await until(lambda: call.session.agent_state == "speaking")
    call.ending.hang_up_after(goodbye, "the talk was over")
    await until(lambda: speaker.played)
    await asyncio.sleep(0.15)
    assert call.done == speaker.endings == []
    await speaker.play_to_the_end()
    await until(lambda: call.done)
    assert speaker.endings == ["finished"]
    assert FAREWELL not in spoken(call.session)


@pytest.mark.usefixtures("hasty")
async def test_a_goodbye_without_end_is_broken_off(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_GOODBYE", 0.1)
    speaker = call.with_sound()
    await call.begins()
    call.ending.hang_up_after(Recorded(call.session, "en").say("recorded"), "the talk was over")
    await until(lambda: speaker.endings == ["interrupted"])
    await until(lambda: call.done, within=2)
    assert call.done == ["the talk was over", "the room is deleted"]
