"""The recording and the transcript of a call are kept if `recording.enabled` is set.

The caller is told about it before anything else is said, or is asked for consent. After a no, or no answer at all,
nothing that they have said is kept. The recording ends when the caller is transferred to a person, who has been told
nothing and asked nothing.
"""

from agent.behaviors.ask_for_consent import Consent
from agent.conversation.call import Call
from agent.records.capture.recording import Recording

FINISHED_WITHIN = 45.0  # seconds that a call's process has after the call, for a summary and a redacted recording


def record_the_call(call: Call) -> None:
    """Record from the first word on, or from the caller's consent on."""
    wanted = call.line.recording
    if not wanted.enabled:
        return
    recording = Recording(call.room, call.session, call.record, caller=call.participant.identity)
    call.ctx.add_shutdown_callback(recording.finish)
    call.before_end = recording.last_words.wait
    call.before_join = recording.stop
    if wanted.notice == "ask":
        call.first_agent = Consent(call, on_granted=recording.begin, next_agent=call.receptionist)
        return

    async def begin() -> None:
        if await recording.begin() and wanted.notice == "announce":
            call.announcer.say("recorded", allow_interruptions=False)

    call.before_greeting = begin
