"""With RECORD_CALLS=yes a call is kept: its sound, what was said, and how it went.

The caller is told so before anything else is said, or is asked, and a no, like no answer at all, is obeyed: then
nothing that they have said is kept.
"""

from livekit.agents import Agent, AgentSession, JobContext

from agent import languages
from agent.behaviors.ask_for_consent import Consent
from agent.conversation.announcer import Announcer
from agent.conversation.ending import Ending
from agent.records.call_record import CallRecord
from agent.records.capture.recording import Recording
from agent.settings import Settings

FINISHED_WITHIN = 45.0  # seconds that a call's process has after the call: a summary, and a recording written anew


def record_the_call(
    ctx: JobContext,
    session: AgentSession[None],
    record: CallRecord,
    settings: Settings,
    announcer: Announcer,
    ending: Ending,
    receptionist: Agent,
) -> Agent:
    """Whom to start the session with: the receptionist, or who asks for consent and then hands over to them."""
    if not settings.record_calls:
        return receptionist
    recording = Recording(ctx, session, record, settings)
    ctx.add_shutdown_callback(recording.finish)
    if settings.recording_notice == "ask":
        # Before the second half of it anybody else would ask whether they are still there.
        wait = settings.silent_caller_after / 2
        heard = languages.heard(settings.language)
        return Consent(announcer, ending, heard, wait=wait, granted=recording.begin, then=receptionist)
    _record_first(receptionist, recording, announcer if settings.recording_notice == "announce" else None)
    return receptionist


def _record_first(agent: Agent, recording: Recording, announcer: Announcer | None) -> None:
    """Before the agent says its first word, begin, and say so by `announcer`."""
    enter = agent.on_enter

    async def on_enter() -> None:
        if await recording.begin() and announcer:
            announcer.say("recorded", allow_interruptions=False)
        await enter()

    agent.on_enter = on_enter  # type: ignore[method-assign]
