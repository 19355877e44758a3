"""One call, from the job to the first word; behaviours do everything after that."""

import asyncio
import logging
from functools import partial

from livekit.agents import AutoSubscribe, JobContext, JobProcess

from agent.admission.admission import Admission
from agent.admission.caller import Caller
from agent.admission.description import described
from agent.admission.incoming import read_browser, read_incoming
from agent.admission.lookup import look_up
from agent.admission.sip_call import SipCall
from agent.admission.written_number import country_of
from agent.aloud.reader import Reader
from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.bound_the_call import bound_the_call
from agent.behaviors.end_endless_talk import end_endless_talk
from agent.behaviors.fill_in_the_outcome import fill_in_the_outcome
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.give_way_to_the_operator import give_way_to_the_operator
from agent.behaviors.go_on_after_a_backchannel import go_on_after_a_backchannel
from agent.behaviors.hang_up_after_goodbye import hang_up_after_goodbye
from agent.behaviors.log_failures import log_failures
from agent.behaviors.log_the_timeline import log_the_timeline
from agent.behaviors.read_the_persona_ahead import read_the_persona_ahead
from agent.behaviors.record_the_call import record_the_call
from agent.behaviors.show_the_call import show_the_call
from agent.behaviors.stop_calling import stop_calling
from agent.behaviors.take_digits import take_digits
from agent.behaviors.wait_when_asked import wait_when_asked
from agent.conversation.call import Call
from agent.conversation.call_out import call_out, ordered
from agent.conversation.call_room import HangUp, wait_for_caller
from agent.conversation.hang_up_together import close_the_room_with_the_job, hang_up_together
from agent.conversation.presynthesis import Presynthesis
from agent.conversation.receptionist import Receptionist
from agent.conversation.refuse_strangers import refuse_strangers
from agent.conversation.reject_when_full import reject_when_full
from agent.conversation.session import (
    connect_options,
    new_session,
    new_voice_activity,
    reader_of,
    region_of_line,
    room_options,
    voice_activity_of,
)
from agent.conversation.typed_words import typed_words
from agent.lines.browser_job import browser_job
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.lines.words import Words
from agent.providers import catalog
from agent.providers.capacity import calls_at_once
from agent.providers.check import lines_of
from agent.providers.pipeline import Pipeline
from agent.records.call_record import CallRecord
from agent.records.instruments import begin_to_measure
from agent.records.note_the_call import note_the_call
from agent.records.report import report_the_call
from agent.settings import read_settings
from agent.tools import tools_of
from agent.tools.outside.http_tools import http_tools
from agent.tools.outside.mcp_tools import add_mcp_tools

logger = logging.getLogger(__name__)


def prewarm(process: JobProcess) -> None:
    """Prepare a call's process before the call comes: do what takes long and does not depend on the call."""
    begin_to_measure()
    settings = process.userdata["settings"] = read_settings()
    lines = process.userdata["lines"] = lines_of(settings)
    there = list(lines.all())
    process.userdata["calls_at_once"] = calls_at_once(there, settings)
    for line in there:
        reader_of(line, settings)  # whose rules take 20 ms to compile, once in a process
    process.userdata["voice_activity"] = {kind: new_voice_activity(kind) for kind in {it.turns.vad for it in there}}


async def answer(ctx: JobContext) -> None:
    """Answer one call, in a process of its own."""
    hang_up = HangUp(ctx)
    close_the_room_with_the_job(ctx, hang_up)

    # Which line was called: the dispatch rule has told the job, before anybody knows who is calling.
    settings = ctx.proc.userdata["settings"]
    lines = ctx.proc.userdata["lines"]
    try:
        browser = browser_job(ctx.job.metadata)
        if browser and browser.draft:  # files of the line that somebody tries before they are the line's own
            lines = lines.draft(browser.draft)
            _forget_afterwards(ctx, lines)
        line: Line = lines.dispatched(ctx.job.metadata)
        words: Words = lines.read_words(line)
        admission = Admission(line, settings, ctx.proc.userdata["calls_at_once"], by_browser=browser is not None)
        order = ordered(line, ctx.job.metadata)
    except ValueError as error:
        logger.error("Call refused: %s", error)
        ctx.shutdown(reason="refused")
        return
    ctx.log_context_fields = {"line": line.name}
    pipeline = Pipeline(line, settings)
    reader = reader_of(line, settings)
    region, by_browser = region_of_line(line, settings), browser is not None
    session = new_session(line, pipeline, voice_activity_of(ctx, line), region, by_browser=by_browser)

    # The agent calls somebody.
    if order:
        await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        person = Caller(order.number, anonymous=False, name=order.name)
        record = CallRecord(SipCall.to(order.number), person, line, pipeline, order=order.id)
        new_call = partial(Call, ctx, settings, line, pipeline, words, session, hang_up=hang_up)
        if outbound := await call_out(ctx, settings, order, record, admission, new_call):
            await talk(outbound, None, lines)
        return

    # Who is calling, and whether they are let in.
    greeting = _synthesize_greeting(words, line, pipeline, reader) if await admission.lets_anybody_in() else None
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    participant = await wait_for_caller(ctx, by_browser=by_browser)
    if participant is None:
        return
    if browser:
        sip, caller = read_browser(participant.identity)
        record = CallRecord(sip, caller, line, pipeline, came_by="browser", draft=browser.draft)
    else:
        sip, caller = read_incoming(participant.attributes, line, settings)
        record = CallRecord(sip, caller, line, pipeline)
    ctx.log_context_fields = {"line": line.name, "call_id": sip.call_id}
    slot = admission.slot(ctx.job.id, caller)
    call = Call(ctx, settings, line, pipeline, words, session, participant, sip, slot, record, hang_up)
    note_the_call(ctx, record, session)
    if refuse_strangers(call, admission, by_browser=by_browser):
        return
    report_the_call(ctx, record)
    if await reject_when_full(call):
        return
    greeting = greeting or _synthesize_greeting(words, line, pipeline, reader)
    folder, country = settings.lines_folder / line.name, country_of(line, settings)
    record.caller = await look_up(caller, sip.dialled, line, folder, country)
    call.words = words.with_section(described(record.caller, by_browser=by_browser))
    await talk(call, greeting, lines)


async def talk(call: Call, greeting: Presynthesis | None, lines: LinesFolder) -> None:
    """Begin the conversation with somebody who is there, whichever side has called."""
    # What the agent does besides talking.
    tools = [*tools_of(call), *http_tools(call, lines.read_tools(call.line))]
    call.receptionist = Receptionist(call, greeting, tools)
    add_mcp_tools(call)
    if not call.order:  # else this has been attached already
        hang_up_together(call)
    go_on_after_a_backchannel(call)
    log_failures(call)
    log_the_timeline(call)
    fill_the_silence(call)
    ask_a_silent_caller(call)
    wait_when_asked(call)
    end_endless_talk(call)
    hang_up_after_goodbye(call)
    stop_calling(call)
    take_digits(call)
    read_the_persona_ahead(call)
    record_the_call(call)
    show_the_call(call)
    give_way_to_the_operator(call)
    fill_in_the_outcome(call)

    # The conversation.
    first = call.first_agent or call.receptionist
    if call.order:  # the session has begun with the question who has answered
        call.session.update_agent(first)
    else:
        typed = typed_words(call) if call.came_by_browser else None
        options = room_options(call.participant.identity, call.line, with_captions=True, typed=typed)
        # Without `session_host=False` everybody in the room could ask for the persona, and speak for the agent.
        await call.session.start(first, room=call.room, room_options=options, session_host=False, record=False)
    bound_the_call(call)  # the call's seconds count from here on
    logger.info("Call answered")


def _forget_afterwards(ctx: JobContext, draft: LinesFolder) -> None:
    async def forget() -> None:
        await asyncio.to_thread(draft.forget_draft)

    ctx.add_shutdown_callback(forget)


def _synthesize_greeting(words: Words, line: Line, pipeline: Pipeline, reader: Reader) -> Presynthesis | None:
    if not line.turns.prepare_greeting:
        return None
    return Presynthesis(words.greeting, pipeline.new_tts(), connect_options(catalog.TTS, pipeline), reader)
