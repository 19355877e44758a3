"""The outcome's fields of a call that is not recorded are filled in when it is over; nothing else of it is kept.

For a call that is recorded, its `Recording` does this. If a caller was asked for consent and did not give it, nobody
fills in anything, because nothing that they have said may be kept.
"""

import logging

from livekit.agents import llm

from agent.conversation.call import Call
from agent.records.capture.events import CallEvents
from agent.records.capture.last_words import LastWords
from agent.records.capture.outcome import fill_in_form
from agent.records.finalize import redacted
from agent.records.report import tells_of_calls
from agent.records.transcript import Draft

logger = logging.getLogger(__name__)


def fill_in_the_outcome(call: Call) -> None:
    """Fill in the fields when the call is over, if anybody is told of the call."""
    line, record, model = call.line, call.record, call.session.llm
    if line.recording.enabled or not line.outcome or not tells_of_calls(line) or not isinstance(model, llm.LLM):
        return
    events = CallEvents(call.session, call.room)
    call.before_end = LastWords(call.session, lambda: True).wait
    record.settled.clear()

    async def fill_in(outcome: str) -> None:
        try:
            transcript = record.transcript(outcome)
            transcript.turns = events.turns(record.began)
            if line.recording.redact:
                transcript, _ = redacted(Draft(transcript=transcript, redact=True, whole=True))
            form = await fill_in_form(model, transcript, line, summary=False)
            record.outcome_fields = form.fields
        except Exception:
            logger.exception("Could not fill in the outcome of this call")
        finally:
            record.settled.set()

    call.ctx.add_shutdown_callback(fill_in)
