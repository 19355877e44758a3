"""A call is summed up by the model, or it is not, in any case within a limit."""

import asyncio
import logging

import pytest
from livekit.agents.llm import ChatContext

from agent.records.capture.summary import LONGEST, summarize
from agent.records.transcript import Turn
from tests.unit.agent.fakes import ScriptedLLM, unreachable
from tests.unit.agent.records.test_finalize import transcript

TALK = [("agent", "Hello."), ("caller", "A table for\n4, please."), ("agent", "It is booked.")]


def turns(*talk: tuple[str, str]) -> list[Turn]:
    return [Turn.model_validate({"who": who, "text": text, "start": 1, "end": 2}) for who, text in talk]


def told(context: ChatContext) -> list[str]:
    return [item.text_content or "" for item in context.items if item.type == "message"]


async def test_the_model_is_told_the_talk_as_data_and_the_language() -> None:
    model = ScriptedLLM(lambda _: "Four people are coming. ")
    assert await summarize(model, transcript(turns=turns(*TALK))) == "Four people are coming."
    instructions, talk = told(model.contexts[0])
    assert "639-1 code is en" in instructions
    assert talk.splitlines()[1:-1] == ["agent: Hello.", "caller: A table for 4, please.", "agent: It is booked."]


async def test_a_caller_who_said_nothing_is_not_summed_up() -> None:
    model = ScriptedLLM(str)
    assert await summarize(model, transcript(turns=turns(TALK[0], TALK[2]))) is None
    assert model.contexts == []


async def test_of_a_long_talk_the_middle_is_left_out() -> None:
    model = ScriptedLLM(lambda _: "Long.")
    await summarize(
        model, transcript(turns=turns(("caller", "First."), ("agent", "x" * 2 * LONGEST), ("caller", "Last.")))
    )
    talk = told(model.contexts[0])[1]
    assert len(talk) < LONGEST + 100
    assert "First." in talk
    assert "Last." in talk


async def test_a_model_that_fails_costs_the_summary_only(caplog: pytest.LogCaptureFixture) -> None:
    assert await summarize(ScriptedLLM(unreachable), transcript(turns=turns(*TALK))) is None
    assert [record.levelno for record in caplog.records if "Could not sum up" in record.getMessage()] == [
        logging.WARNING
    ]


async def test_so_does_one_that_takes_too_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> str:
        await asyncio.sleep(3600)
        return ""

    monkeypatch.setattr("agent.records.capture.summary._ask", never)
    assert await summarize(ScriptedLLM(str), transcript(turns=turns(*TALK)), within=0.05) is None
    assert "more than 0.05 s" in caplog.text
