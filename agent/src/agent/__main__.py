"""The composition root: what an agent needs, what it does with a call, and how it starts."""

import asyncio
import logging
import math
import os
import sys

from dotenv import load_dotenv
from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobProcess

from agent import languages, providers
from agent.admission.admission import Admission
from agent.admission.caller_id import identify, region_of
from agent.admission.description import described
from agent.admission.lookup import look_up
from agent.admission.sip_call import SipCall
from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.bound_the_call import bound_the_call
from agent.behaviors.end_endless_talk import end_endless_talk
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.go_on_after_a_backchannel import go_on_after_a_backchannel
from agent.behaviors.hang_up_after_goodbye import hang_up_after_goodbye
from agent.behaviors.hang_up_together import close_the_room_with_the_job, hang_up_together
from agent.behaviors.read_the_persona_ahead import read_the_persona_ahead
from agent.behaviors.record_the_call import FINISHED_WITHIN, record_the_call
from agent.behaviors.refuse_strangers import refuse_strangers
from agent.behaviors.report_the_call import report_the_call
from agent.behaviors.take_digits import take_digits
from agent.behaviors.tell_the_timeline import tell_the_timeline
from agent.behaviors.turn_away_when_full import TURNED_AWAY_AT_ONCE, turn_away_when_full
from agent.conversation.announcer import Announcer
from agent.conversation.call_room import is_there, wait_for_caller
from agent.conversation.ending import Ending
from agent.conversation.presynthesis import Presynthesis
from agent.conversation.receptionist import Receptionist
from agent.conversation.session import modules, new_session, new_voice_activity, patient, room_options
from agent.lines import owner_files as rules
from agent.lines import words as prompts
from agent.records.call_record import CallRecord
from agent.records.retention import keep_records_while
from agent.settings import Settings, calls_at_once, hears_melody, read_settings, settings_or_exit
from agent.tools import tools_of
from agent.turns.lexical_cue import LexicalCue
from agent.turns.prosody import ProsodyProcess
from agent.worker.logs import set_up_logging
from agent.worker.orphaned_calls import hang_up_after_crashes_while
from agent.worker.serve import serve, up_to

logger = logging.getLogger("agent")

PRELOAD = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"  # 250 MB that only calls need, see `turns.melody`


def prewarm(process: JobProcess) -> None:
    """Runs in a call's process before there is a call: what takes long and does not depend on it."""
    settings = process.userdata["settings"] = read_settings()
    process.userdata["voice_activity"] = new_voice_activity(settings)


async def answer(ctx: JobContext) -> None:
    """One call, in a process of its own."""
    close_the_room_with_the_job(ctx)
    settings: Settings = ctx.proc.userdata["settings"]
    words = prompts.read_prompts(settings.language)
    session = new_session(settings, ctx.proc.userdata["voice_activity"])
    admission = Admission(settings)
    greeting = _prepared(words, settings) if await admission.lets_anybody_in() else None
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    caller = await wait_for_caller(ctx)
    if caller is None:
        return
    call = SipCall.from_attributes(caller.attributes)
    ctx.log_context_fields = {"call_id": call.call_id}
    who = identify(call.caller, region_of(settings.phone_numbers))
    if refuse_strangers(ctx, call, who, admission):
        return
    record = CallRecord(call, who)
    report_the_call(ctx, record, settings)
    place = admission.place(ctx.job.id, who)
    if await turn_away_when_full(ctx, place, caller, settings.language):
        return

    greeting = greeting or _prepared(words, settings)
    record.caller = await look_up(who, call.dialled, settings)
    words = words.telling(described(record.caller))

    announcer = Announcer(session, settings.language)
    ending = Ending(ctx, session, announcer)
    hang_up_together(ctx, session, caller)
    go_on_after_a_backchannel(session, LexicalCue.of(settings.language))
    tell_the_timeline(session)
    fill_the_silence(session, announcer, ending, settings)
    ask_a_silent_caller(session, ctx.room, announcer, ending, settings)
    end_endless_talk(session, ending, settings)
    hang_up_after_goodbye(session, languages.heard(settings.language), ending)
    take_digits(session, ctx.room, caller.identity, ending, timeout=settings.digits_timeout, end=settings.digits_end)
    if providers.reads_slowly(settings):
        read_the_persona_ahead(providers.new_llm(settings), words.persona)
    receptionist = Receptionist(
        words,
        greeting,
        tools_of(settings, ending),
        says_goodbye=lambda: is_there(ctx, caller) and not ending.begun,
        announcer=announcer,
        patience=settings.filler_after,
    )
    first = record_the_call(ctx, session, record, settings, announcer, ending, receptionist)
    await session.start(first, room=ctx.room, room_options=room_options(caller.identity, settings), record=False)
    bound_the_call(session, announcer, ending, place, settings.max_call_duration, settings.call_warning)
    logger.info("call answered")


def _prepared(words: prompts.Prompts, settings: Settings) -> Presynthesis | None:
    if not settings.prepare_greeting:
        return None
    return Presynthesis(words.greeting, providers.new_tts(settings), patient(providers.TTS, settings))


def main() -> int:
    """Offer this agent to the media server and take calls until told to stop; with --check only judge its settings."""
    load_dotenv()  # outside a container, the bundle's own .env
    checking = "--check" in sys.argv[1:]
    settings = settings_or_exit(also=[*prompts.problems(), *rules.problems()] if checking else [])
    if checking:
        return 0
    settings_or_exit(also=[*prompts.hopeless(settings.language), *rules.hopeless()])
    set_up_logging(settings.log_level, settings.log_format)
    words = prompts.read_prompts(settings.language)  # also a good version to fall back to
    rules.keep_good_versions()
    os.environ[PRELOAD] = "0"
    listener = ProsodyProcess() if hears_melody(settings) else None
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=prewarm,
        preload_modules=modules(settings),
        num_idle_processes=settings.idle_processes,
        shutdown_process_timeout=FINISHED_WITHIN,
        load_threshold=math.inf,  # calls are counted instead, see `up_to`
        host="127.0.0.1",
    )
    finishing = calls_at_once(settings) if settings.record_calls else 0  # over, but not written down yet
    most = calls_at_once(settings) + finishing + TURNED_AWAY_AT_ONCE
    server.rtc_session(answer, agent_name=settings.agent_name, on_request=up_to(most, server))
    return asyncio.run(_work(server, settings, listener, words.persona))


async def _work(server: AgentServer, settings: Settings, listener: ProsodyProcess | None, persona: str) -> int:
    """Take calls, and look after what is around them; an exit code."""
    if providers.reads_slowly(settings):  # else the first call after a start waits for it
        read_the_persona_ahead(providers.new_llm(settings), persona)
    serving = keep_records_while(serve(server, settings.drain_grace, listener), settings)
    return await hang_up_after_crashes_while(
        serving, server, settings, prefix=settings.room_prefix, agent_name=settings.agent_name
    )


if __name__ == "__main__":
    # Under its own name: a call's process imports `answer` from here, and a package's `__main__` cannot be imported.
    from agent.__main__ import main

    sys.exit(main())
