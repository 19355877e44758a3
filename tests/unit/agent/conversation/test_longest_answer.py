"""An answer without end is ended politely."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from livekit.agents import llm

from agent.conversation.longest_answer import WORDS_A_SECOND, end_in_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SECONDS = 10
MOST = int(SECONDS * WORDS_A_SECOND)
SENTENCE = "We open at nine, and we close at five. "


async def heard(text: str, length: int) -> str:
    """What is left of an answer that comes in pieces of so many characters."""

    async def answer() -> AsyncGenerator[str, None]:
        for at in range(0, len(text), length):
            yield text[at : at + length]

    return "".join([part async for part in end_in_time(answer(), SECONDS)])


@pytest.mark.parametrize("length", [1, 2, 5, 13, 100_000])
async def test_it_ends_with_the_sentence_in_which_its_time_is_over(length: int) -> None:
    said = await heard(SENTENCE * 100, length)
    assert said.endswith("five. ")
    assert MOST <= len(said.split()) <= MOST + 9


@pytest.mark.parametrize("length", [1, 5, 100_000])
async def test_without_sentences_it_ends_at_a_comma(length: int) -> None:
    said = await heard("we open at nine and at ten, " * 100, length)
    assert said.endswith("ten, ")
    assert MOST < len(said.split()) <= MOST * 1.2 + 8


@pytest.mark.parametrize("length", [1, 5, 100_000])
@pytest.mark.parametrize("text", ["nine " * 1000, "ha" * 5000, "九時に開きます" * 300])
async def test_without_any_mark_it_ends_all_the_same(text: str, length: int) -> None:
    said = await heard(text, length)
    assert MOST / 2 < len(said) / 5 < MOST * 4


@pytest.mark.parametrize("length", [1, 5, 100_000])
async def test_an_answer_of_a_usual_length_is_left_alone(length: int) -> None:
    text = SENTENCE * 2
    assert await heard(text, length) == text


async def test_a_tool_call_after_a_usual_answer_is_passed_on_and_the_model_is_stopped_after_an_endless_one() -> None:
    stopped = False

    async def answer(times: int) -> AsyncGenerator[llm.ChatChunk, None]:
        nonlocal stopped
        try:
            for _ in range(times):
                yield llm.ChatChunk(id="x", delta=llm.ChoiceDelta(role="assistant", content=SENTENCE))
            call = llm.FunctionToolCall(name="end_call", arguments="{}", call_id="1")
            yield llm.ChatChunk(id="x", delta=llm.ChoiceDelta(role="assistant", tool_calls=[call]))
        finally:
            stopped = True

    usual = [part async for part in end_in_time(answer(2), SECONDS)]
    assert usual[-1].delta
    assert usual[-1].delta.tool_calls
    stopped = False
    endless = [part async for part in end_in_time(answer(10**6), SECONDS)]
    assert stopped
    assert all(part.delta and re.fullmatch(re.escape(SENTENCE), part.delta.content or "") for part in endless)
