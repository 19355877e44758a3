"""The outcome's fields of a call that is not recorded are filled in, and nothing else of the call is kept."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from livekit.agents import APIConnectionError

from agent.behaviors.fill_in_the_outcome import fill_in_the_outcome
from agent.lines.outcome import OutcomeField
from agent.lines.webhook import Webhook
from agent.records.folders import Folders
from tests.unit.agent.behaviors.test_record_the_call import GREETING, NOT_RECORDED, QUESTION, Talk, folders
from tests.unit.agent.fakes import in_call, spoken, until

__all__ = ["folders"]

OUTCOME = {"outcome": {"order": OutcomeField(meaning="The number of the order.", kind="number")}}
CARD = "4111 1111 1111 1111"

pytestmark = pytest.mark.real_time


def a_talk(folders: Folders, answer: Callable[[str], str] = lambda _: '{"order": 4711}', **changes: Any) -> Talk:
    talk = Talk(folders, **{"enabled": False, **OUTCOME} | changes)
    talk.model.answer = lambda words: answer(words) if "caller:" in words else f"You said {words}"
    call = in_call(ctx=talk.ctx, session=talk.session, record=talk.record, line=talk.record.line)
    call.before_end = None
    fill_in_the_outcome(call)
    return talk


async def through(talk: Talk, words: str = "My order is 4711.") -> dict[str, Any]:
    await talk.begin()
    await talk.hear(GREETING)
    await talk.says(words)
    await until(lambda: spoken(talk.session)[-1:] == [f"You said {words}"] or talk.loudspeaker._seconds)
    await talk.hear(f"You said {words}")
    await talk.end()
    return dict(talk.news["data"])


async def test_the_webhook_is_told_the_fields_and_no_word_of_the_call(folders: Folders) -> None:
    told = await through(a_talk(folders))
    assert told["outcome_fields"] == {"values": {"order": 4711}, "left_out": []}
    assert (told["recording"], told["transcript"]) == (None, None)
    assert "My order" not in json.dumps(told)
    assert not folders.calls.exists()


async def test_the_model_is_asked_about_the_call_without_card_numbers(folders: Folders) -> None:
    asked: list[str] = []
    await through(a_talk(folders, lambda words: asked.append(words) or "{}"), f"It is {CARD}.")  # type: ignore[func-returns-value]
    assert "[redacted]" in asked[-1]
    assert "1111" not in asked[-1]


def refuse(_: str) -> str:
    raise APIConnectionError("scripted", retryable=False)


async def test_a_model_that_fails_does_not_keep_the_call_from_being_told(folders: Folders) -> None:
    told = await through(a_talk(folders, refuse))
    assert told["outcome_fields"]["values"] is None
    assert told["outcome"] == "the caller hung up"


@pytest.mark.parametrize("changes", [{"webhook": Webhook()}, {"outcome": {}}])
async def test_nobody_is_asked_where_nobody_is_told_or_nothing_is_wanted(
    folders: Folders, changes: dict[str, Any]
) -> None:
    talk = a_talk(folders, **changes)
    await talk.begin()
    await talk.hear(GREETING)
    await talk.says("Hello.")
    await asyncio.sleep(0.1)
    await talk.end()
    assert not any("caller:" in str(context.items) for context in talk.model.contexts)


async def test_of_a_caller_who_has_not_consented_nothing_is_filled_in(folders: Folders) -> None:
    talk = a_talk(folders, enabled=True, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.says("No.")
    await talk.hear(NOT_RECORDED, GREETING)
    await talk.says("My order is 4711.")
    await talk.hear("You said My order is 4711.")
    await talk.end()
    assert talk.news["data"]["outcome_fields"]["values"] is None
    assert not any("caller:" in str(context.items) for context in talk.model.contexts)


async def test_the_fields_of_a_recorded_call_are_in_its_transcript_with_the_summary(folders: Folders) -> None:
    talk = a_talk(folders, lambda _: '{"SUMMARY": "An order.", "order": "many"}', enabled=True, notice="no")
    told = await through(talk)
    assert told["outcome_fields"] == {"values": {"order": None}, "left_out": ["order"]}
    assert talk.transcript["outcome_fields"] == told["outcome_fields"]
    assert talk.transcript["summary"] == "An order."
