"""What was done on a call is in its record and in its event, even if it is done only after the call."""

import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import SecretStr

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.records import call_record, report
from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.transcript import Action
from tests.unit.agent.fakes import line, pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from livekit.agents import JobContext


@pytest.fixture
def record() -> CallRecord:
    its = line(webhook=line().webhook.model_copy(update={"url": SecretStr("https://example.com")}))
    return CallRecord(SipCall.from_attributes({"sip.callID": "SCL_1"}), Caller("", anonymous=True), its, pipeline())


async def begun(record: CallRecord, for_seconds: float) -> Action:
    action = Action(what="book_table", outcome="unclear", at=time.time())
    record.actions.append(action)

    async def work() -> str:
        await asyncio.sleep(for_seconds)
        action.outcome = "done"
        return "It is booked."

    record.keep_until_done(asyncio.create_task(work()))
    return action


async def test_an_action_has_its_time_in_the_record(record: CallRecord) -> None:
    record.actions.append(Action(what="book_table", outcome="declined", at=record.began + 12.345))
    assert record.transcript("").actions == [Action(what="book_table", outcome="declined", at=12.35)]
    assert record.transcript("", since=record.began + 2).actions[0].at == 10.35  # of the recording


async def test_the_event_waits_for_what_is_being_done(
    record: CallRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders("coffee", tmp_path)
    monkeypatch.setattr(report, "Folders", lambda _: folders)
    last: list[Callable[[str], Coroutine[Any, Any, None]]] = []
    report.report_the_call(cast("JobContext", SimpleNamespace(add_shutdown_callback=last.append)), record)
    await begun(record, 20)
    await last[0]("the caller hung up")
    [file] = folders.outbox.glob("*.json")
    [action] = json.loads(file.read_text())["data"]["actions"]
    assert (action["what"], action["outcome"]) == ("book_table", "done")


async def test_what_never_ends_is_not_waited_for_for_ever(record: CallRecord) -> None:
    action = await begun(record, 1000)
    began = asyncio.get_running_loop().time()
    await record.wait_for_actions()
    assert asyncio.get_running_loop().time() - began == pytest.approx(call_record.ACTIONS_DONE_WITHIN, abs=1)
    assert action.outcome == "unclear"


def test_the_outcome_says_that_an_operator_took_over(record: CallRecord) -> None:
    assert record.transcript("the caller hung up").outcome == "the caller hung up"
    record.taken_over = True
    assert record.transcript("the caller hung up").outcome == "the caller hung up, after an operator took over"
