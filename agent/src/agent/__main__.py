"""The agent's process: its settings, its log, and the worker that offers it to the media server."""

import asyncio
import contextlib
import logging
import math
import os
import sys

from dotenv import load_dotenv
from livekit.agents import AgentServer

from agent import stores
from agent.admission.owner_files import owner_files
from agent.admission.written_number import country_of
from agent.answer import answer, prewarm
from agent.background import begin
from agent.behaviors.record_the_call import FINISHED_WITHIN
from agent.conversation.reject_when_full import REJECTED_AT_ONCE
from agent.conversation.session import modules_to_preload
from agent.lines.folder import LinesFolder
from agent.outbound.reminders import reminders_of
from agent.providers.capacity import calls_at_once
from agent.providers.check import lines_of
from agent.providers.pipeline import Pipeline
from agent.providers.read_ahead import read_ahead
from agent.records.retention import keep_records_while
from agent.settings import Settings, exit_if, read_what_can_be_read
from agent.storage.live_file import delete_versions_of_the_release_before
from agent.storage.private_files import share_with_the_group
from agent.tools import BeforeACall, tools_of
from agent.tools.outside.http_tools import http_tools
from agent.turns.prosody import ProsodyProcess
from agent.worker import health, probe
from agent.worker.certificates import trust_own_authorities
from agent.worker.check import needs_speech, problems, problems_at_start, warnings
from agent.worker.http import answer_requests_while
from agent.worker.jobs_endpoint import jobs_endpoint
from agent.worker.logs import set_up_logging
from agent.worker.metrics import count_calls_while
from agent.worker.metrics_endpoint import metrics_endpoint
from agent.worker.orphaned_calls import hang_up_after_crashes_while
from agent.worker.proxies import ask_the_server_directly
from agent.worker.remind import remind_while
from agent.worker.serve import admit_up_to, load_of_calls, serve

logger = logging.getLogger(__name__)

PRELOAD = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"  # 250 MB that only calls need, see `turns.prosody`


def main() -> int:
    """Offer this agent to the media server and take calls until told to stop; with --check only check the settings.

    With --check --probe each provider is asked, too, and those that do not answer are warnings. With --check --advise
    there are warnings of what the lines want and the host cannot do.
    """
    share_with_the_group()
    load_dotenv()  # outside a container this reads the bundle's own .env
    settings, wrong = read_what_can_be_read()
    trust_own_authorities(settings.lines_folder)
    ask_the_server_directly(settings.livekit_url)
    lines = lines_of(settings)
    if "--check" in sys.argv[1:]:
        exit_if([*wrong, *problems(settings, lines), *stores.problems()])
        print(f"COMPOSE_PROFILES={'local' if needs_speech(settings, lines) else ''}")  # noqa: T201 - for make up
        advice = warnings(settings, lines) if "--advise" in sys.argv[1:] else []
        probed = asyncio.run(probe.doubts(settings, lines)) if "--probe" in sys.argv[1:] else []
        for warning in [*advice, *probed]:
            print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
        return 0
    fatal, of_lines = problems_at_start(settings, lines)
    exit_if([*wrong, *fatal, *stores.problems()])
    set_up_logging(settings.log_level, settings.log_format)
    for problem in of_lines:  # a faulty line does not take the others down
        logger.error("%s", problem)
    stores.bring_up_to_date()
    _keep_good_versions(settings, lines)
    os.environ[PRELOAD] = "0"
    return asyncio.run(_work(_new_server(settings, lines), settings, lines))


def _new_server(settings: Settings, lines: LinesFolder) -> AgentServer:
    there = list(lines.all())
    at_once = calls_at_once(there, settings)
    # Calls that are over, but have still to be summed up and saved.
    finishing = at_once if any(line.recording.enabled or line.outcome for line in there) else 0
    most = at_once + finishing + REJECTED_AT_ONCE
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key.get_secret_value(),
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=prewarm,
        preload_modules=sorted(
            {name for line in there for name in Pipeline(line, settings).modules} | set(modules_to_preload(there))
        ),
        num_idle_processes=settings.idle_processes,
        shutdown_process_timeout=FINISHED_WITHIN,
        load_fnc=load_of_calls(most),
        load_threshold=math.inf,  # calls are counted instead, see `admit_up_to`
        host="127.0.0.1",
    )
    server.rtc_session(answer, agent_name=settings.agent_name, on_request=admit_up_to(most, server))
    return server


async def _work(server: AgentServer, settings: Settings, lines: LinesFolder) -> int:
    """Take calls, and run the tasks that go on beside them; return an exit code."""
    begin(_read_before_the_first_call(settings, lines))
    prosody = ProsodyProcess(lambda: any(line.turns.uses_prosody for line in lines.all()))
    serving = keep_records_while(serve(server, settings.drain_grace, prosody), lines)
    of_worker = [*jobs_endpoint(server), *metrics_endpoint(server, settings, lines)]
    serving = answer_requests_while(serving, settings, lines, of_worker=of_worker)
    serving = count_calls_while(serving)
    serving = remind_while(serving, settings, lines, reminders_of)
    return await hang_up_after_crashes_while(serving, server, settings)


async def _read_before_the_first_call(settings: Settings, lines: LinesFolder) -> None:
    """Have the models that read slowly read what every call begins with, else the first caller waits for it."""
    slow = [(line, pipeline) for line in lines.all() if (pipeline := Pipeline(line, settings)).reads_slowly]
    with health.reading():
        for line, pipeline in slow:
            with contextlib.suppress(ValueError):  # which is in the log already
                call = BeforeACall(line, pipeline).as_call()
                tools = [*tools_of(call), *http_tools(call, lines.read_tools(line))]
                await read_ahead(pipeline.new_llm(), lines.read_words(line).persona, tools)


def _keep_good_versions(settings: Settings, lines: LinesFolder) -> None:
    """Read every file once, so that each has a good version to fall back to."""
    delete_versions_of_the_release_before()
    lines.keep_good_versions()
    for line in lines.all():
        for file in owner_files(lines.path / line.name, country=country_of(line, settings)):
            with contextlib.suppress(ValueError):
                file.read()


if __name__ == "__main__":
    # Imported by its full name, because a call's process cannot import what is defined in a package's `__main__`.
    from agent.__main__ import main

    sys.exit(main())
