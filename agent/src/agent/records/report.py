"""Telling the webhook and the line's owner of each message and of each call, recorded, not recorded or rejected.

What is told is left in the outbox, and the main process delivers it. This module tells of a call of which nothing is
kept; `records.finalize` uses it to tell of a call with a record.
"""

import asyncio
import logging

from livekit.agents import JobContext

from agent.lines.line import Line
from agent.records.call_record import CallRecord
from agent.records.folders import Folders
from agent.records.notices import notice
from agent.records.transcript import Message, Transcript
from agent.records.webhook import event
from agent.storage.private_files import write

logger = logging.getLogger(__name__)


def report_the_call(ctx: JobContext, record: CallRecord) -> None:
    """Tell of the call when the job ends, unless there is a record, or something that becomes one later."""

    async def report(reason: str) -> None:
        await record.settled.wait()
        await record.wait_for_actions()
        folders = Folders(record.line.name)
        if record.kept or folders.work_of(record.name).exists():
            return
        try:
            await asyncio.to_thread(tell_of_call, record.name, record.transcript(reason), record.line, folders)
        except OSError as error:  # if raised, it would keep the job from its other last steps
            logger.error("Could not write the event of this call to the outbox: %s", error)

    if tells_of_calls(record.line):
        ctx.add_shutdown_callback(report)


def tells_of_calls(line: Line) -> bool:
    """Return whether anybody is told of the line's calls."""
    return line.webhook.url is not None or bool(line.messages.addresses and line.messages.notify_of == "calls")


def tell_of_call(record: str, transcript: Transcript, line: Line, folders: Folders, *, kept: bool = False) -> None:
    """Tell of a call that has ended; told again, it replaces what has not been delivered yet.

    `kept` says whether there is a record. If not, `transcript` has none of the call's words.
    """
    if line.webhook.url:
        (event.post_record if kept else event.post_call)(record, transcript, folders)
    if line.messages.notify_of == "calls":
        notice.post_call(record, transcript, line, folders)


def tell_of_message(record: CallRecord, message: Message, folders: Folders | None = None) -> None:
    """Tell of a message that the caller has confirmed, and add it to the call record.

    It is kept with the line's records, even if its calls are not, and whoever is to be told of messages is told.

    Raises:
        OSError: it could not be written to the disk, and is not in the call record.
    """
    folders = folders or Folders(record.line.name)
    so_far, which = record.transcript("in progress"), len(record.messages) + 1
    name = f"message-taken-{record.name}-{which}"
    # Kept first: if the disk is full, nobody is told of a message that the caller is then asked for again.
    write(folders.message_of(record.name, which), message.model_dump_json(indent=2))
    if record.line.webhook.url:
        event.post_message(name, message, so_far, folders)
    notice.post_message(name, message, so_far, record.line, folders)
    record.messages.append(message)
