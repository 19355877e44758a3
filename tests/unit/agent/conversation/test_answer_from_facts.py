"""What a small model writes is checked on its way to the voice; other models and lines without facts are left alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit.agents import AgentSession, FlushSentinel, llm

from agent.aloud.reader import Reader
from agent.conversation.answer_from_facts import answer_from_facts
from agent.conversation.receptionist import Receptionist
from agent.knowledge.knowledge import Knowledge
from agent.lines.words import Words
from agent.providers.pipeline import Pipeline
from tests.unit.agent.fakes import ScriptedLLM, host, in_call, line, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FACTS = "- The soup is tomato.\n- We open at nine.\n"
WORDS = Words(persona=f"Be brief.\n\n{FACTS}", greeting="Hello.", goodbye="Goodbye.", facts=FACTS)
UNKNOWN = "I am sorry, I do not know that."


def chunk(text: str | None) -> llm.ChatChunk:
    return llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=text))


async def checked(asked: str, *parts: llm.ChatChunk | str | FlushSentinel) -> tuple[list[object], bool]:
    """What is passed on of these parts, and whether the model was stopped before it had written the last one."""
    stopped = True

    async def answer() -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        nonlocal stopped
        for part in parts:
            yield part
        stopped = False

    context = llm.ChatContext.empty()
    context.add_message(role="user", content=asked)
    knowledge = Knowledge(WORDS.facts, WORDS.persona, WORDS.greeting, "en", Reader.of("en"))
    return [part async for part in answer_from_facts(answer(), knowledge, context)], stopped


async def test_chunks_and_texts_are_checked_and_anything_else_is_passed_on() -> None:
    flush, usage = FlushSentinel(), chunk(None)
    passed, stopped = await checked("Which soup?", chunk("The soup is"), " tomato.", flush, usage)
    assert passed == [flush, usage, "The soup is tomato."]
    assert not stopped


async def test_the_model_is_stopped_when_nothing_more_can_be_said() -> None:
    passed, stopped = await checked("Which cake?", "We have carrot cake. ", "And apple cake.")
    assert passed == [UNKNOWN]
    assert stopped


async def test_a_call_without_a_question_is_answered_too() -> None:
    knowledge = Knowledge(WORDS.facts, WORDS.persona, WORDS.greeting, "en", Reader.of("en"))

    async def answer() -> AsyncGenerator[str, None]:
        yield "Can I help you?"

    assert [part async for part in answer_from_facts(answer(), knowledge, llm.ChatContext.empty())] == [
        "Can I help you?"
    ]


@pytest.mark.parametrize(
    ("model", "words", "expected"),
    [
        ("speech/qwen2.5-coder-1.5b-instruct", WORDS, UNKNOWN),
        ("openai/gpt-4o-mini", WORDS, "We have carrot cake."),
        ("speech/qwen2.5-coder-1.5b-instruct", Words("Be brief.", "Hello.", "Goodbye."), "We have carrot cake."),
    ],
    ids=["a small model", "a model to trust", "a line without facts"],
)
async def test_only_a_small_model_on_a_line_with_facts_is_checked(model: str, words: Words, expected: str) -> None:
    async with a_talk(model, words) as session:
        await session.run(user_input="Which cake do you have?")
        assert spoken(session)[-1] == expected


@pytest.mark.parametrize(("then", "expected"), [("", "We have carrot cake."), ("Which cake do you have?", UNKNOWN)])
async def test_an_answer_that_tells_a_tools_result_is_not_checked(then: str, expected: str) -> None:
    async with a_talk("speech/qwen2.5-coder-1.5b-instruct", WORDS) as session:
        context = session.current_agent.chat_ctx.copy()
        context.add_message(role="user", content="Which cake do you have?")
        context.insert(
            [
                llm.FunctionCall(call_id="1", name="find_cakes", arguments="{}"),
                llm.FunctionCallOutput(call_id="1", name="find_cakes", output="carrot", is_error=False),
            ]
        )
        await session.current_agent.update_chat_ctx(context, exclude_invalid_function_calls=False)
        await (session.generate_reply(user_input=then) if then else session.generate_reply())
        assert spoken(session)[-1] == expected


@asynccontextmanager
async def a_talk(model: str, words: Words) -> AsyncGenerator[AgentSession[None]]:
    """A session in which the model answers everything with carrot cake."""
    its = line(llm=model)
    session: AgentSession[None] = AgentSession(
        llm=ScriptedLLM(lambda _: "We have carrot cake."), vad=None, turn_handling={"turn_detection": None}
    )
    call = in_call(session=session, words=words, line=its, pipeline=Pipeline(its, host()))
    call.participant = call.ending = None  # type: ignore[assignment]
    agent = Receptionist(call)
    agent.on_exit = agent.on_enter = nothing  # type: ignore[method-assign]
    await session.start(agent, record=False)
    yield session
    await session.aclose()


async def nothing() -> None:
    pass
