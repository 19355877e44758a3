"""The composition root: what an agent needs, what it does with a call, and how it starts."""

import asyncio
import logging
import math
import os
import sys

from dotenv import load_dotenv
from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobProcess

from agent import prompts, providers
from agent.behaviors.go_on_after_a_backchannel import go_on_after_a_backchannel
from agent.behaviors.hang_up_together import close_the_room_with_the_job, hang_up_together
from agent.behaviors.read_the_persona_ahead import read_the_persona_ahead
from agent.behaviors.refuse_strangers import refuse_strangers
from agent.behaviors.tell_the_timeline import tell_the_timeline
from agent.call import Call
from agent.line import is_there, wait_for_caller
from agent.logs import set_up_logging
from agent.prepared import Prepared
from agent.receptionist import Receptionist
from agent.session import LANGUAGE, modules, new_session, new_voice_activity, room_options, tried_twice
from agent.settings import calls_at_once, hears_melody, read_settings, settings_or_exit
from agent.turns.last_words import LastWords
from agent.turns.melody import Listener
from agent.worker import serve, up_to

logger = logging.getLogger("agent")

PRELOAD = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"  # 250 MB that only calls need, see `turns.melody`


def prewarm(process: JobProcess) -> None:
    """Runs in a call's process before there is a call: what takes long and does not depend on it."""
    settings = process.userdata["settings"] = read_settings()
    process.userdata["voice_activity"] = new_voice_activity(settings)


async def answer(ctx: JobContext) -> None:
    """One call, in a process of its own."""
    close_the_room_with_the_job(ctx)
    settings, words = ctx.proc.userdata["settings"], prompts.read_prompts()
    session = new_session(settings, ctx.proc.userdata["voice_activity"])
    greeting = (
        Prepared(words.greeting, providers.new_tts(settings), tried_twice(settings.tts))
        if settings.prepare_greeting
        else None
    )
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    caller = await wait_for_caller(ctx)
    if caller is None:
        return
    call = Call.from_attributes(caller.attributes)
    ctx.log_context_fields = {"call_id": call.call_id}
    if refuse_strangers(ctx, call):
        return

    hang_up_together(ctx, session, caller)
    go_on_after_a_backchannel(session, LastWords.of(LANGUAGE))
    tell_the_timeline(session)
    if providers.reads_slowly(settings):
        read_the_persona_ahead(providers.new_llm(settings), words.persona)
    receptionist = Receptionist(words, greeting, caller_is_there=lambda: is_there(ctx, caller))
    await session.start(receptionist, room=ctx.room, room_options=room_options(caller.identity, settings), record=False)
    logger.info("call answered")


def main() -> int:
    """Offer this agent to the media server and take calls until told to stop."""
    load_dotenv()  # outside a container, the bundle's own .env
    settings = settings_or_exit(also=prompts.problems())
    set_up_logging(settings.log_level, settings.log_format)
    prompts.read_prompts()  # the first good version to fall back to
    os.environ[PRELOAD] = "0"
    listener = Listener() if hears_melody(settings) else None
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=prewarm,
        preload_modules=modules(settings),
        num_idle_processes=settings.idle_processes,
        load_threshold=math.inf,  # calls are counted instead, see `up_to`
        host="127.0.0.1",
    )
    server.rtc_session(answer, agent_name=settings.agent_name, on_request=up_to(calls_at_once(settings), server))
    return asyncio.run(serve(server, settings.drain_grace, listener))


if __name__ == "__main__":
    # Under its own name: a call's process imports `answer` from here, and a package's `__main__` cannot be imported.
    from agent.__main__ import main

    sys.exit(main())
