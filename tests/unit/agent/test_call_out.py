"""A call of the agent's own from its order to the first word, without a server."""

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import AMDCategory

from agent.conversation import call_out, who_answered
from agent.conversation.leg import NotReachedError
from agent.lines.outbound import Outbound
from agent.outbound.orders import ENDED, RINGING, Order, Orders
from agent.outbound.purpose import FIRST_WORDS, purpose_of
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import Loudspeaker, settle, spoken, until
from tests.unit.agent.test_answer import Stage, folder, stage

__all__ = ["folder", "stage"]  # fixtures

ANNA = "+12025550177"
SETTINGS = """
[outbound]
enabled = true
introduction = "This is the coffee shop."
quiet_from = "00:00"
quiet_until = "00:00"
quiet_days = []
ringing = 12
{more}
[turns]
end_of_turn = "words"
"""
ATTRIBUTES = {"sip.callID": "SCL_2", "sip.phoneNumber": ANNA, "sip.trunkPhoneNumber": "+12025550100"}


class Dialled:
    """What was dialled, and what became of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None

    async def __call__(self, _: object, room: str, number: str, **how: Any) -> None:
        self.calls.append((number, {"room": room} | how))
        if self.error:
            raise self.error


@pytest.fixture
def orders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Orders:
    (folder / "coffee/line.toml").write_text(SETTINGS.format(more=""))
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", folder.parent / "data"))
    return Orders("coffee")


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    made = Dialled()
    monkeypatch.setattr(call_out, "dial", made)

    async def listen(*_: Any) -> AMDCategory:
        return AMDCategory.HUMAN

    monkeypatch.setattr(who_answered, "machine_or_person", listen)
    return made


@pytest.fixture
async def job(stage: Stage, orders: Orders) -> Stage:
    stage.api = SimpleNamespace()  # type: ignore[attr-defined]
    person = stage.room.remote_participants["caller"]
    person.attributes, person.track_publications = ATTRIBUTES, {}
    return stage


def place(orders: Orders, name: str = "") -> Order:
    return orders.place(ANNA, name, "Her blue table is ready.", "k", Outbound())


async def call(job: Stage, order: Order) -> list[str]:
    return await job.answer(f'{{"line": "coffee", "order": "{order.id}"}}')


async def ended(job: Stage, orders: Orders, order: Order) -> tuple[str, str]:
    [reason] = set(job.reasons)
    for callback in job.callbacks:
        await (callback(reason) if inspect.signature(callback).parameters else callback())
    job.callbacks.clear()
    found = orders.read(order.id)
    assert found
    assert found.state == ENDED
    return found.result, found.reason


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("busy", "the number was busy"),
        ("no_answer", "nobody answered"),
        ("declined", "the call was declined"),
        ("unreachable", "the number could not be reached"),
    ],
)
async def test_who_is_not_reached_is_told_of_and_nothing_is_said(
    job: Stage, orders: Orders, dialled: Dialled, reason: Any, told: str
) -> None:
    dialled.error = NotReachedError(reason)
    order = place(orders)
    await call(job, order)
    [(number, how)] = dialled.calls
    assert (number, how["identity"], how["shown"], how["ringing"]) == (ANNA, "callee", "+12025550100", 12)
    assert job.sessions == []
    assert await ended(job, orders, order) == (reason, told)


async def test_the_list_is_looked_at_once_more_before_the_phone_rings(
    job: Stage, orders: Orders, dialled: Dialled
) -> None:
    order = place(orders)
    orders.do_not_call(ANNA, "caller")
    await call(job, order)
    assert dialled.calls == []
    assert await ended(job, orders, order) == ("refused", "the person has asked not to be called again")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("", "the line makes no calls"),
        ('prefixes = ["+49"]', "The number begins with none of outbound.prefixes in line.toml."),
    ],
)
async def test_settings_that_have_changed_since_hold(
    job: Stage, orders: Orders, dialled: Dialled, folder: Path, more: str, reason: str
) -> None:
    order = place(orders)
    (folder / "coffee/line.toml").write_text(SETTINGS.format(more=more) if more else "")
    await call(job, order)
    assert dialled.calls == []
    assert await ended(job, orders, order) == ("refused", reason)


async def test_a_line_that_is_full_calls_nobody(job: Stage, orders: Orders, dialled: Dialled) -> None:
    job.at_once = 0
    order = place(orders)
    await call(job, order)
    assert dialled.calls == []
    assert await ended(job, orders, order) == ("line_full", "all lines are busy")


async def test_a_second_job_for_the_same_order_calls_nobody_and_leaves_the_first_one_its_order(
    job: Stage, orders: Orders, dialled: Dialled
) -> None:
    order = place(orders)
    assert orders.take(order.id)  # by the first one
    await call(job, order)
    assert dialled.calls == []
    [reason] = job.reasons
    for callback in job.callbacks:
        await (callback(reason) if inspect.signature(callback).parameters else callback())
    assert orders.read(order.id).state == RINGING  # type: ignore[union-attr]


async def test_an_order_that_has_ended_is_not_called(
    job: Stage, orders: Orders, dialled: Dialled, caplog: pytest.LogCaptureFixture
) -> None:
    order = place(orders)
    orders.end(order.id, "interrupted", "the agent was stopped")
    await call(job, order)
    assert dialled.calls == []
    assert job.reasons == ["refused"]
    assert "there is no order for this call" in caplog.messages[0]


async def test_who_listens_is_told_why_and_everything_else_is_as_in_any_call(
    job: Stage, orders: Orders, dialled: Dialled, endpoint: FakeOpenAI
) -> None:
    endpoint.script = endpoint.script.changed(answers=("Your table is ready.",))
    job.loudspeaker = Loudspeaker()
    order = place(orders)
    answering = asyncio.ensure_future(call(job, order))
    await until(lambda: job.loudspeaker and job.loudspeaker._seconds)
    assert endpoint.asked("llm") == []
    await job.loudspeaker.play_to_the_end()
    done = await answering
    assert done[-1] == "bound_the_call"
    assert "refuse_strangers" not in done
    assert done.count("hang_up_together") == 0  # which `call_out` has attached by itself
    [made, *_] = job.given["Receptionist"]
    assert (made.order.id, made.sip.call_id, made.record.order) == (order.id, "SCL_2", order.id)
    assert made.words.persona.endswith(purpose_of(order))
    assert made.ending.farewell == "thanks"
    told = made.record.transcript("the talk was over")
    assert (told.direction, told.order, told.caller, told.dialled) == ("outbound", order.id, ANNA, "+12025550100")
    await job.loudspeaker.play_to_the_end()
    await settle()
    [session] = job.sessions
    assert spoken(session) == ["This is the coffee shop.", "Your table is ready."]
    [asked] = endpoint.asked("llm")
    assert FIRST_WORDS in str(asked.body["messages"])
    assert "blue table" in str(asked.body["messages"])
    job.reasons.append("the talk was over")
    assert await ended(job, orders, order) == ("talked", "the talk was over")
