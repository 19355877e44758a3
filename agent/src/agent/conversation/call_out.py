"""A call of the agent's own, from its order to the moment at which somebody listens who may hear what it is about."""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from livekit.agents import JobContext

from agent.admission.admission import Admission
from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.admission.written_number import country_of
from agent.conversation.call import Call
from agent.conversation.call_room import wait_for_caller
from agent.conversation.do_not_call import ASKED_NOT_TO_BE_CALLED
from agent.conversation.hang_up_together import hang_up_together
from agent.conversation.leg import NotReachedError, dial
from agent.conversation.reject_when_full import REASONS
from agent.conversation.session import room_options
from agent.conversation.who_answered import WhoAnswered
from agent.lines.line import Line
from agent.outbound.orders import ANSWERED, LEASE_RENEWED_EVERY, Order, Orders
from agent.outbound.purpose import purpose_of
from agent.outbound.rules import refusal_of_moment, refusal_of_number
from agent.records.call_record import CallRecord
from agent.records.note_the_call import note_the_call
from agent.records.report import report_the_call
from agent.settings import Settings

logger = logging.getLogger(__name__)

IDENTITY = "callee"  # of the person, in the call's room
NOT_REACHED = {
    "busy": "the number was busy",
    "no_answer": "nobody answered",
    "declined": "the call was declined",
    "unreachable": "the number could not be reached",
}


def ordered(line: Line, metadata: str) -> Order | None:
    """Return the order that a job's metadata names, as `worker.place_calls` wrote it; None for an inbound call.

    Raises:
        ValueError: there is no such order any more, or it has ended.
    """
    try:
        given = json.loads(metadata)
    except ValueError:
        return None
    name = given.get("order") if isinstance(given, dict) else None
    if name is None:
        return None
    try:
        order = Orders(line.name, line.timezone).read(str(name))
    except (sqlite3.Error, OSError) as error:
        raise ValueError(f"the orders for calls cannot be read: {error}") from None
    if not order or order.ended:
        raise ValueError("there is no order for this call: it was made by another host, or has ended already")
    return order


async def call_out(
    ctx: JobContext,
    settings: Settings,
    order: Order,
    record: CallRecord,
    admission: Admission,
    new_call: Callable[..., Call],
) -> Call | None:
    """Call the person, and find out who has answered; None if there is nobody to talk with, and the job ends then.

    `new_call` makes the call, and is given what is known only now: participant, sip, slot and record.
    """
    progress = _Progress(ctx, order, record.line)
    report_the_call(ctx, record)
    note_the_call(ctx, record)
    if objection := await progress.objection(settings):
        progress.end("refused", objection)
        return None
    # Callers' own limits do not count calls that we have made to them.
    slot = admission.slot(ctx.job.id, Caller(f"to {order.number}", anonymous=False))
    if sentence := await slot.take():
        progress.end("line_full", REASONS[sentence])
        return None
    slot.keep(ctx)
    if not await progress.take():
        return None
    shown = next(iter(record.line.numbers), settings.phone_numbers.split(",")[0])
    longest = record.line.longest_call(settings.max_call_duration)
    try:
        await dial(
            ctx.api,
            ctx.room.name,
            order.number,
            agent=settings.agent_name,
            identity=IDENTITY,
            shown=shown,
            ringing=record.line.outbound.ringing,
            longest=record.line.outbound.ringing + longest,
        )
    except NotReachedError as error:
        progress.end(error.reason, NOT_REACHED[error.reason])
        return None
    record.began = time.time()  # a call that is answered begins then
    await progress.note(ANSWERED)
    if not (participant := await wait_for_caller(ctx)):
        return None
    record.call = SipCall.from_attributes(participant.attributes)
    ctx.log_context_fields = {"line": record.line.name, "call_id": record.call.call_id}
    call = new_call(participant=participant, sip=record.call, slot=slot, record=record)
    call.order = order
    record.measures.follow(call.session)
    call.ending.farewell = "thanks"
    if not await _somebody_listens(call, order, progress):
        return None
    call.words = call.words.with_section(purpose_of(order))
    return call


async def _somebody_listens(call: Call, order: Order, progress: "_Progress") -> bool:
    asking = WhoAnswered(call, order)
    hang_up_together(call)
    logger.info("Call answered by the person's phone")
    options = room_options(call.participant.identity, call.line, with_captions=True)
    await call.session.start(asking, room=call.room, room_options=options, session_host=False, record=False)
    progress.follow(asking)
    await asking.settled.wait()
    return asking.listening


class _Progress:
    """Writes down what becomes of an order: while the job goes on, and once more when it ends."""

    def __init__(self, ctx: JobContext, order: Order, line: Line) -> None:
        self._ctx, self._order, self._line = ctx, order, line
        self._orders = Orders(line.name, line.timezone)
        self._result = "failed"
        self._taken = False
        self._asking: WhoAnswered | None = None
        self._renewing = asyncio.create_task(self._renew())
        ctx.add_shutdown_callback(self._close)

    async def objection(self, settings: Settings) -> str | None:
        """Return why the person must not be called now, which may have changed since the order was placed, or None."""
        outbound, country = self._line.outbound, country_of(self._line, settings)
        if not outbound.enabled:
            return "the line makes no calls"
        refusal = refusal_of_number(self._order.number, outbound, country) or refusal_of_moment(
            self._order.number, outbound, datetime.now(UTC)
        )
        if refusal:
            return refusal.sentence
        try:
            may = await asyncio.to_thread(self._orders.may_be_called, self._order.number)
        except (sqlite3.Error, OSError) as error:
            return f"the do-not-call list cannot be read ({error})"
        return None if may else "the person has asked not to be called again"

    async def take(self) -> bool:
        """Take the order, which one job alone does; if that cannot be known, nobody is called."""
        try:
            self._taken = await asyncio.to_thread(self._orders.take, self._order.id)
        except (sqlite3.Error, OSError) as error:
            logger.error("Could not take an order for a call: %s", error)
        if not self._taken:
            self.end("failed", "another job makes this call, or the order for it cannot be used")
        return self._taken

    async def note(self, state: str) -> None:
        """Note a new state; a file that cannot be written ends no call."""
        try:
            await asyncio.to_thread(self._orders.note, self._order.id, state)
        except (sqlite3.Error, OSError) as error:
            logger.error("Could not note what becomes of an order for a call: %s", error)

    def follow(self, asking: WhoAnswered) -> None:
        """Take the result from the agent that finds out who has answered."""
        self._asking = asking

    def end(self, result: str, reason: str) -> None:
        """End the job: nobody is reached."""
        self._result = result
        logger.info("Call not made: %s", result)
        self._ctx.shutdown(reason=reason)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_RENEWED_EVERY)
            await self.note("")

    async def _close(self, reason: str) -> None:
        self._renewing.cancel()
        result = self._asking.result if self._asking else self._result
        if reason == ASKED_NOT_TO_BE_CALLED:
            result = "do_not_call"
        try:
            end = partial(self._orders.end, self._order.id, result, reason, taken=self._taken)
            await asyncio.to_thread(end)
        except (sqlite3.Error, OSError) as error:
            logger.error("Could not note how an order for a call has ended: %s", error)
