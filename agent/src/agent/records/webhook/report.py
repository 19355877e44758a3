"""Telling the webhook about every call that has ended, whether it was recorded, not recorded or rejected.

This module posts the event of a call of which nothing is kept; `records.finalize` posts that of a call with a record.
The main process delivers both from the outbox (`delivery`).
"""

import asyncio
import logging

from livekit.agents import JobContext

from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.webhook import event

logger = logging.getLogger(__name__)


def report_the_call(ctx: JobContext, record: CallRecord) -> None:
    """Post the event when the job ends, unless there is a record, or something that becomes one later."""

    async def report(reason: str) -> None:
        await record.settled.wait()
        await record.wait_for_actions()
        folders = Folders(record.line.name)
        if record.kept or folders.work_of(record.name).exists():
            return
        try:
            await asyncio.to_thread(event.post_call, record.name, record.transcript(reason), folders)
        except OSError as error:  # if raised, it would keep the job from its other last steps
            logger.error("Could not post the event of this call for the webhook: %s", error)

    if record.line.webhook.url:
        ctx.add_shutdown_callback(report)
