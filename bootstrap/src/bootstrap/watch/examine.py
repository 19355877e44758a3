"""Print what the doctor finds from the watcher's container, as JSON: `python -m bootstrap.watch.examine`.

It runs the checks that need nothing of the host's shell. What only the host knows (its ports, its firewall, the
containers, Redis) is left to make doctor. The settings and the lines' numbers are those of the last `make up`.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import aiohttp
from pydantic import ValidationError

from bootstrap import last_up
from bootstrap.doctor import report
from bootstrap.doctor.checks import CHECKS, HEADINGS
from bootstrap.doctor.facts import AgentReport, Facts
from bootstrap.doctor.finding import Check
from bootstrap.doctor.run import Result, run
from bootstrap.doctor.world import World
from bootstrap.settings import ServerSettings
from bootstrap.watch.agent import PATH

CHOSEN = (
    "settings.values",
    "network.dns",
    "network.dns_address",
    "network.dns_ipv6",
    "network.signalling",
    "network.signalling_tcp",
    "twilio.account",
    "twilio.trunk",
    "twilio.by_hand",
    "web.https",
    "web.certificate",
    "web.certificate_days",
    "gateway.options",
    "gateway.options_tcp",
    "server.answers",
    "server.key",
    "trunk.in_the_way",
    "trunk.trunks",
    "trunk.rules",
    "trunk.open_rules",
    "trunk.credentials",
    "trunk.numbers",
    "trunk.example_number",
    "trunk.outbound",
    "trunk.outbound_address",
    "trunk.outbound_answers",
    "agent.registered",
    "agent.name",
)
AGENT_ANSWERS_WITHIN = 3.0  # seconds
THE_NOTE = "what the last make up noted"


def main() -> int:
    os.nice(19)  # a call in progress comes first
    logging.disable()  # what goes wrong is in a finding
    sys.stdout.write(written(asyncio.run(examine())))
    return 0


async def examine() -> list[Result]:
    """Look at everything that can be seen from here, and change nothing."""
    return await run(chosen(), look_around(await ask_the_agent(os.environ.get("AGENT_URL", ""))))


def chosen() -> list[Check]:
    """Return the checks, each without its need of those that are not run here."""
    return [
        replace(check, needs=tuple(id_ for id_ in check.needs if id_ in CHOSEN))
        for check in CHECKS
        if check.id in CHOSEN
    ]


def look_around(agent: AgentReport | None) -> World:
    """Make the world of this container: its settings, and what the last `make up` noted of the lines."""
    try:
        settings = ServerSettings()  # type: ignore[call-arg]  # it reads the environment and the secrets
        routes = last_up.read(settings.agent_name, "", "").routes
    except ValidationError as error:
        names = dict.fromkeys(str(its["loc"][0]).upper() for its in error.errors(include_input=False) if its["loc"])
        return World(facts({}, agent), wrong=list(names))
    except last_up.UnreadableError:
        return World(facts({}, agent), wrong=(THE_NOTE,))
    told = {"SIP_PORT": str(settings.sip_port), "SITE": settings.site, "ADVERTISED_IP": settings.advertised_ip or ""}
    return World(facts(told, agent), settings, {line: tuple(its.trunk.numbers) for line, its in routes.items()})


def facts(told: dict[str, str], agent: AgentReport | None) -> Facts:
    """Return what is known here, in the form in which the host's shell tells it."""
    rows = {"ENV_FILE": "yes", "ENV_IS_USABLE": "yes", **told}  # this container was given the variables of .env
    if agent:
        rows["AGENT"] = agent.model_dump_json()
    return Facts("\n".join(f"{name}={value}" for name, value in rows.items()))


async def ask_the_agent(url: str) -> AgentReport | None:
    """Ask the agent whether it is registered, and under which name; None if it does not answer.

    The rest of the report is left empty. Those who look at it are not chosen, since the agent would have to ask its
    models for it, which costs money.
    """
    limit = aiohttp.ClientTimeout(total=AGENT_ANSWERS_WITHIN)
    try:
        async with aiohttp.ClientSession(timeout=limit) as client, client.get(url.rstrip("/") + PATH) as answer:
            answer.raise_for_status()
            row = json.loads(await answer.content.readline())
            registered, why_not = bool(row["registered"]), str(row["why_not"])
            name = str(row["name"])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
        return None
    nothing = {"calls": 0, "problems": 0, "writable": False, "free_mb": 0, "newer_stores": 0, "waiting": 0}
    empty = {"oldest": 0.0, "failed": 0, "doubts": [], "models": [], "receivers": []}
    return AgentReport(registered=registered, why_not=why_not, name=name, **nothing, **empty)  # type: ignore[arg-type]


def written(results: Sequence[Result]) -> str:
    """Write the findings as make doctor does with JSON=yes, each with the heading of its station."""
    told = json.loads(report.as_json(results))
    for check in told["checks"]:
        check["station"] = HEADINGS[check["id"].partition(".")[0]]
    return json.dumps(told, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
