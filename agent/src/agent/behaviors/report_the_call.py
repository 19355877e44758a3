"""With WEBHOOK_URL somebody is told of every call that has ended: recorded or not, turned away or talked with.

This leaves the news in the outbox; the main process delivers them from there (`records.delivery`).
"""

import asyncio

from livekit.agents import JobContext

from agent.records import news
from agent.records.folders import Folders
from agent.records.record import Record
from agent.settings import Settings


def report_the_call(ctx: JobContext, record: Record, settings: Settings) -> None:
    """Leave the news when the job ends and the call's record, if there is one, is in its place."""

    async def report(reason: str) -> None:
        await record.settled.wait()
        if record.kept:
            await asyncio.to_thread(news.of_record, record.name, record.kept, settings, Folders())
        else:
            about = record.transcript(reason, settings)
            await asyncio.to_thread(news.of_call, record.name, about, settings, Folders())

    if settings.webhook_url:
        ctx.add_shutdown_callback(report)
