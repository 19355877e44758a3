"""A model that does not search by itself is told what is found for the caller's words."""

from typing import Any

import pytest
from livekit.agents import AgentSession
from livekit.agents.llm import ChatContext

from agent.conversation.receptionist import Receptionist
from agent.lines.words import Words
from agent.providers.pipeline import Pipeline
from tests.unit.agent.fakes import ScriptedLLM, host, in_call, line, spoken
from tests.unit.agent.knowledge.test_search import MANY, SHOP

WORDS = Words(persona="Be brief.", greeting="Hello.", goodbye="Goodbye.", searched=SHOP + MANY)
SMALL = "speech/qwen2.5-coder-1.5b-instruct"
FOUND = "## Returns\n- Goods may be returned within thirty days. We pay the postage."


async def talk(
    *questions: str, answer: str = "I see.", words: Words = WORDS, **settings: Any
) -> tuple[ScriptedLLM, str]:
    """The model after these questions, and what the agent has said last."""
    its = line(**settings)
    model = ScriptedLLM(lambda _: answer)
    session: AgentSession[None] = AgentSession(llm=model, vad=None, turn_handling={"turn_detection": None})
    call = in_call(session=session, words=words, line=its, pipeline=Pipeline(its, host()))
    call.participant = call.ending = None  # type: ignore[assignment]
    agent = Receptionist(call)
    agent.on_exit = agent.on_enter = nothing  # type: ignore[method-assign]
    await session.start(agent, record=False)
    for question in questions:
        await session.run(user_input=question)
    last = spoken(session)[-1]
    assert FOUND not in str(session.history.to_dict())  # the talk itself has nothing of it
    await session.aclose()
    return model, last


async def nothing() -> None:
    pass


def told(context: ChatContext) -> list[tuple[str, str]]:
    return [(item.role, item.text_content or "") for item in context.items if item.type == "message"]


@pytest.mark.parametrize("settings", [{"llm": SMALL}, {}], ids=["a model without tools", "a line without the tool"])
async def test_what_is_found_stands_before_the_callers_last_words(settings: dict[str, Any]) -> None:
    model, _ = await talk("Hello?", "Can I return it?", **settings)
    *_, (role, facts), (last, question) = told(model.contexts[-1])
    assert (role, last, question) == ("system", "user", "Can I return it?")
    assert FOUND in facts
    assert "from these facts only" in facts
    assert sum(FOUND in text for _, text in told(model.contexts[-1])) == 1


async def test_a_question_that_finds_nothing_alone_is_searched_with_the_one_before() -> None:
    model, _ = await talk("Can I return it?", "And what then?", llm=SMALL)
    assert FOUND in told(model.contexts[-1])[-2][1]


async def test_a_model_that_searches_by_itself_is_told_nothing() -> None:
    model, _ = await talk("Can I return it?", tools=["search_facts"])
    assert FOUND not in str(told(model.contexts[-1]))


async def test_facts_that_fit_are_not_searched() -> None:
    model, _ = await talk("Can I return it?", llm=SMALL, words=Words("Be brief.", "Hello.", "Bye.", facts=SHOP))
    assert len(told(model.contexts[-1])) == 2


@pytest.mark.parametrize(
    ("answer", "spoken"),
    [
        ("You may return goods within thirty days.", "You may return goods within thirty days."),
        ("You may return goods within ninety days.", "Goods may be returned within thirty days. We pay the postage."),
    ],
)
async def test_a_small_models_answer_is_checked_against_what_was_found(answer: str, spoken: str) -> None:
    _, said = await talk("Within how many days may goods be returned?", answer=answer, llm=SMALL)
    assert said == spoken
