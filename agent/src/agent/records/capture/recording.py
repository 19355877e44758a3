"""The recording and the transcript of one call: collected as soon as that is allowed, and made into a folder."""

import asyncio
import logging

from livekit import rtc
from livekit.agents import AgentSession, llm

from agent.records.call_record import CallRecord
from agent.records.capture.events import CallEvents
from agent.records.capture.last_words import LastWords
from agent.records.capture.recorder import Recorder
from agent.records.capture.summary import summarize
from agent.records.finalize import HEARD, delete, finish, redacted, write_draft
from agent.records.folders import Folders
from agent.records.transcript import Draft

logger = logging.getLogger(__name__)

BROKEN_OFF = "the agent broke off"
DRAFTED_WITHIN = 1.0  # seconds during which the caller hears nothing; the first draft matters only after a crash


class Recording:
    """Keeps one call, if `begin` is called; otherwise nothing is kept."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        record: CallRecord,
        folders: Folders | None = None,
    ) -> None:
        self._session = session
        self._record = record
        self._line = record.line
        self._folders = folders or Folders(record.line.name)
        self._work = self._folders.work_of(record.name)
        self._events = CallEvents(session, room)
        self._recorder = Recorder(session)
        self._drafting: asyncio.Task[None] | None = None
        self.last_words = LastWords(session, lambda: self._recorder.since is not None)
        record.settled.clear()

    async def begin(self) -> bool:
        """Record from now on; return False, and log why, if that is not possible."""
        try:
            await self._begin_draft()
            await self._recorder.start(self._work / HEARD)
        except (OSError, RuntimeError) as error:
            logger.error("Could not record this call: %s", error)
            await asyncio.to_thread(delete, self._record.name, self._folders)
            return False
        return True

    async def finish(self, outcome: str) -> None:
        """Make the call's folder; if that fails, the main process tries again."""
        try:
            await self._recorder.close()
            await self._record.wait_for_actions()
            await self._end_draft()
            if self._recorder.since is not None:
                await self._keep(outcome)
            elif self._drafting:  # the caller hung up before the recording began, or it could not begin
                await asyncio.to_thread(delete, self._record.name, self._folders)
        except Exception:
            logger.exception("Could not finish the record of this call")
        finally:
            self._record.settled.set()

    async def _begin_draft(self) -> None:
        draft = self._draft(BROKEN_OFF, whole=False)
        self._drafting = asyncio.create_task(asyncio.to_thread(write_draft, self._work, draft))
        await asyncio.wait({self._drafting}, timeout=DRAFTED_WITHIN)
        if self._drafting.done():
            self._drafting.result()
        else:
            logger.warning("The disk is slow: the recording begins before the first draft is written")

    async def _end_draft(self) -> None:
        """Wait for the thread that writes the first draft, whether it succeeds or not.

        The thread cannot be stopped, and would undo whatever is written or deleted before it ends.
        """
        if self._drafting:
            await asyncio.gather(self._drafting, return_exceptions=True)

    async def _keep(self, outcome: str) -> None:
        draft = self._draft(outcome, whole=True)
        await asyncio.to_thread(write_draft, self._work, draft)
        if self._line.recording.summary and isinstance(self._session.llm, llm.LLM):
            transcript = redacted(draft)[0] if draft.redact else draft.transcript
            draft.transcript.summary = await summarize(self._session.llm, transcript)
            await asyncio.to_thread(write_draft, self._work, draft)
        webhook = self._line.webhook.url is not None
        self._record.kept = await asyncio.to_thread(finish, self._record.name, self._folders, webhook=webhook)
        logger.info("Call recorded")

    def _draft(self, outcome: str, *, whole: bool) -> Draft:
        since = self._recorder.since
        transcript = self._record.transcript(outcome, since)
        if since is None:
            return Draft(transcript=transcript, redact=self._line.recording.redact, whole=whole)
        transcript.turns = self._events.turns(since)
        transcript.tool_calls = self._events.tool_calls(since)
        transcript.keys = self._events.keys(since)
        speech = self._events.speech(since)
        return Draft(transcript=transcript, speech=speech, redact=self._line.recording.redact, whole=whole)
