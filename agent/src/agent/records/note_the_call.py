"""Every call leaves a note when it is over: recorded or not, rejected, refused, and also one that nobody answered.

What the note is made from is measured from the first moment on. Writing it delays nothing: it goes on beside the other
last steps of the job, and whatever goes wrong with it is logged.
"""

import asyncio
import logging
from typing import Any

from livekit.agents import AgentSession, JobContext

from agent.framework import accepted_at
from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.instruments import readings
from agent.records.note import CallNote, NotedTool, NotedTurn, write_note
from agent.records.transcript import Transcript

logger = logging.getLogger(__name__)

WRITTEN_WITHIN = 40.0  # seconds; a call's process has 45 s after the call


def note_the_call(ctx: JobContext, record: CallRecord, session: AgentSession[Any] | None = None) -> None:
    """Measure the session, if it is known yet, and write the note when the job ends."""
    if session:
        record.measures.follow(session)

    async def note(outcome: str) -> None:
        try:
            transcript = record.transcript(outcome)  # now, since its end is now
            await _wait_for(record)
            folders = Folders(record.line.name)
            await asyncio.to_thread(_write, ctx, record, transcript.without_words(), folders)
        except Exception:  # if raised, it would keep the job from its other last steps
            logger.exception("Could not write the note of this call")

    ctx.add_shutdown_callback(note)


async def _wait_for(record: CallRecord) -> None:
    """Wait until it is known what is kept of the call, and what its summary has cost; but not for ever."""
    try:
        async with asyncio.timeout(WRITTEN_WITHIN):
            await record.settled.wait()
            await record.wait_for_actions()
    except TimeoutError:
        logger.warning("The note of this call is written before its record is finished")


def _write(ctx: JobContext, record: CallRecord, transcript: Transcript, folders: Folders) -> None:
    measures = record.measures
    began = record.began if record.order else accepted_at(ctx) or record.began
    note = CallNote(
        record=record.name,
        transcript=transcript,
        came_by=record.came_by,
        kept=record.kept is not None or folders.work_of(record.name).exists(),
        rejected=record.rejected,
        draft=record.draft,
        greeted_after=_after(began, measures.first_sound),
        interruptions=measures.interruptions,
        turns=[
            NotedTurn(
                at=round(reply.spoke_until - record.began, 3),
                interrupted=reply.reply_id in measures.interrupted,
                **reply.after,
            )
            for reply in measures.replies
        ],
        tools=[NotedTool(name=tool.name, seconds=tool.seconds, failed=tool.failed) for tool in measures.tools],
        usage=record.pipeline.usage.all(),
        cost=record.pipeline.cost(),
        otel=readings(),
    )
    write_note(note, folders)


def _after(began: float, moment: float | None) -> float | None:
    return None if moment is None else round(max(0.0, moment - began), 3)
