"""With WEBHOOK_URL somebody is told of every call that has ended: recorded or not, turned away or talked with.

This leaves the news of a call without a record in the outbox, `records.finishing` those of one with a record; the main
process delivers them from there (`records.delivery`).
"""

import asyncio
import logging

from livekit.agents import JobContext

from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.webhook import event as news
from agent.settings import Settings

logger = logging.getLogger(__name__)


def report_the_call(ctx: JobContext, record: CallRecord, settings: Settings) -> None:
    """Leave the news when the job ends, unless there is a record, or something that becomes one later."""

    async def report(reason: str) -> None:
        await record.settled.wait()
        folders = Folders()
        if record.kept or folders.work_of(record.name).exists():
            return
        try:
            await asyncio.to_thread(news.of_call, record.name, record.transcript(reason, settings), settings, folders)
        except OSError as error:  # raised, it would keep the job from its other last duties
            logger.error("the webhook is not told of this call: %s", error)

    if settings.webhook_url:
        ctx.add_shutdown_callback(report)
