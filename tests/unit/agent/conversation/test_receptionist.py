"""The agent's talk, with a scripted model in place of a real one."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, RunResult

from agent.conversation import receptionist
from agent.conversation.receptionist import Receptionist
from agent.lines.words import Words
from agent.providers.pipeline import Pipeline
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import Recorded, ScriptedLLM, host, in_call, line, settle, spoken, until
from tests.unit.agent.never_silent import Call

if TYPE_CHECKING:
    from livekit.agents import JobContext

    from agent.conversation.ending import Ending
    from agent.conversation.presynthesis import Presynthesis

PROMPTS = Words(persona="You know: the soup is tomato.", greeting="Hello, Landline.", goodbye="Goodbye.")


class Talk:
    """A session with the agent in it; whether the caller is on the line can be changed."""

    def __init__(self, **changes: Any) -> None:
        self.model = ScriptedLLM(lambda words: f"You said {words}")
        self.session: AgentSession[None] = AgentSession(
            llm=self.model, vad=None, turn_handling={"turn_detection": None}
        )
        self.caller = SimpleNamespace(identity="caller")
        self.remote_participants = {"caller": self.caller}
        room = SimpleNamespace(isconnected=lambda: True, remote_participants=self.remote_participants)
        self.call = in_call(
            session=self.session,
            words=PROMPTS,
            room=room,
            participant=self.caller,
            ending=SimpleNamespace(begun=False),
            announcer=Recorded(self.session, "en"),
            **changes,
        )
        self.agent = Receptionist(self.call)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    await talk.session.start(talk.agent, capture_run=True, record=False)
    yield talk
    await talk.session.aclose()


async def test_the_greeting_is_spoken_as_it_is_written_and_asks_no_model(talk: Talk) -> None:
    assert spoken(talk.session) == ["Hello, Landline."]
    assert talk.model.contexts == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("openai/gpt-4o-mini", "It is about your table."),
        ("speech/qwen2.5-coder-1.5b-instruct", "I have a message for you. Your blue table is ready."),
    ],
    ids=["a model to trust", "a small model"],
)
async def test_why_the_agent_calls_is_said_by_the_model_if_it_makes_up_no_reason(model: str, said: str) -> None:
    its = line(llm=model)
    talk = Talk(line=its, pipeline=Pipeline(its, host()), order=SimpleNamespace(purpose="Your blue table is ready."))
    talk.model.answer = lambda _: "It is about your table."
    await talk.session.start(talk.agent, record=False)
    await until(lambda: spoken(talk.session))
    assert spoken(talk.session) == [said]
    await talk.session.aclose()


async def test_the_model_is_given_the_persona_and_what_has_been_said(talk: Talk) -> None:
    result: RunResult[None] = await talk.session.run(user_input="Which soup?")
    result.expect.next_event().is_message(role="assistant")
    system, greeting, question = [item for item in talk.model.contexts[0].items if item.type == "message"]
    assert (system.role, system.text_content) == ("system", PROMPTS.persona)
    assert (greeting.text_content, question.text_content) == ("Hello, Landline.", "Which soup?")
    assert spoken(talk.session) == ["Hello, Landline.", "You said Which soup?"]


async def test_an_answer_without_end_is_ended_and_kept_as_it_was_spoken(talk: Talk) -> None:
    talk.model.answer = lambda _: "We open at nine. " * 1000
    await talk.session.run(user_input="When?")
    answer = spoken(talk.session)[-1]
    assert answer.rstrip().endswith("nine.")
    assert 150 <= len(answer.split()) < 160


async def test_a_call_that_the_agent_ends_ends_with_a_goodbye(talk: Talk) -> None:
    await talk.session.aclose()
    assert spoken(talk.session) == ["Hello, Landline.", "Goodbye."]


async def test_nobody_says_goodbye_to_a_caller_who_has_hung_up(talk: Talk) -> None:
    talk.remote_participants.clear()
    await talk.session.aclose()
    assert spoken(talk.session) == ["Hello, Landline."]


async def test_a_goodbye_that_cannot_be_spoken_is_not_waited_for(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receptionist, "GOODBYE_LIMIT", 0.05)

    async def no_words() -> AsyncIterator[str]:
        await asyncio.sleep(3600)
        yield ""

    say = talk.session.say
    monkeypatch.setattr(talk.session, "say", lambda _, **options: say(no_words(), **options))
    await asyncio.wait_for(talk.session.aclose(), 2)
    assert spoken(talk.session) == ["Hello, Landline."]


async def test_a_caller_who_hangs_up_before_the_greeting_has_its_sound_is_no_error(
    endpoint: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    class Late:
        def __init__(self) -> None:
            self.here = asyncio.Event()

        async def audio(self) -> AsyncIterator[rtc.AudioFrame]:
            await self.here.wait()
            return Recorded(call.session, "en").sound("hello")

    call, greeting = Call(endpoint), Late()
    conversation = call.call
    conversation.words, conversation.ending = PROMPTS, cast("Ending", SimpleNamespace(begun=True))
    conversation.ctx = cast("JobContext", SimpleNamespace(room=SimpleNamespace(isconnected=lambda: False)))
    agent = Receptionist(conversation, cast("Presynthesis", greeting))
    await call.session.start(agent, record=False)
    await settle()
    closing = asyncio.create_task(call.end())
    await settle()
    greeting.here.set()
    await closing
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
