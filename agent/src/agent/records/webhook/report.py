"""Somebody is told of every call that has ended: recorded or not, rejected or talked with.

This leaves the event of a call without a record in the outbox, `records.finalize` that of a call with one; the main
process delivers them from there (`delivery`).
"""

import asyncio
import logging

from livekit.agents import JobContext

from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.webhook import event

logger = logging.getLogger(__name__)


def report_the_call(ctx: JobContext, record: CallRecord) -> None:
    """Leave the event when the job ends, unless there is a record, or something that becomes one later."""

    async def report(reason: str) -> None:
        await record.settled.wait()
        folders = Folders(record.line.name)
        if record.kept or folders.work_of(record.name).exists():
            return
        try:
            await asyncio.to_thread(event.post_call, record.name, record.transcript(reason), folders)
        except OSError as error:  # raised, it would keep the job from its other last duties
            logger.error("The webhook is not told of this call: %s", error)

    if record.line.webhook.url:
        ctx.add_shutdown_callback(report)
