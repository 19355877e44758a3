"""The doctor's findings, from the watcher, and whether the services that the desk itself asks are there."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from livekit import api
from pydantic import BaseModel, ValidationError

from desk.desk import Desk
from desk.problem import Problem

ANSWERS_WITHIN = aiohttp.ClientTimeout(total=3)
PATH = "/findings"  # of bootstrap/src/bootstrap/watch/findings.py
JOBS = "/jobs"  # of agent/src/agent/worker/jobs_endpoint.py
LOOKED_RARELY = "The watcher's container does not answer, so nothing of this is known. Run make up, or make doctor."


class Check(BaseModel):
    id: str
    title: str
    level: str
    sentence: str
    cure: str = ""
    station: str = ""


class Told(BaseModel):
    """What the watcher answers."""

    at: datetime | None = None
    problem: str = ""
    looking: bool = False
    checks: list[Check] = []


@dataclass(frozen=True)
class Service:
    """One that the desk has just asked."""

    name: str
    is_up: bool
    sentence: str


@dataclass(frozen=True)
class Findings:
    services: list[Service]
    told: Told
    stations: dict[str, list[Check]] = field(default_factory=dict)

    def count(self, level: str) -> int:
        return sum(check.level == level for check in self.told.checks)


async def look(desk: Desk, watch_url: str) -> Findings:
    """Ask the watcher for its last findings, and every service whether it is there."""
    told, agent, server = await asyncio.gather(last_findings(watch_url), ask_agent(desk), ask_server(desk))
    watcher = Service("Watcher", told is not None, "It looks after calls and trunks." if told else LOOKED_RARELY)
    its = told or Told()
    stations: dict[str, list[Check]] = {}
    for check in its.checks:
        stations.setdefault(check.station, []).append(check)
    return Findings([server, agent, watcher], its, stations)


async def last_findings(watch_url: str) -> Told | None:
    """Return what the watcher says; None if it does not answer, or answers something else."""
    return await _ask("GET", watch_url)


async def look_again(watch_url: str) -> None:
    """Have the watcher look again.

    Raises:
        Problem: 503, it does not answer.
    """
    if await _ask("POST", watch_url) is None:
        raise Problem(503, LOOKED_RARELY)


async def _ask(method: str, watch_url: str) -> Told | None:
    try:
        async with (
            aiohttp.ClientSession(timeout=ANSWERS_WITHIN) as client,
            client.request(method, f"{watch_url}{PATH}") as answer,
        ):
            answer.raise_for_status()
            return Told.model_validate_json(await answer.read())
    except (aiohttp.ClientError, OSError, TimeoutError, ValidationError):
        return None


async def ask_agent(desk: Desk) -> Service:
    try:
        async with (
            aiohttp.ClientSession(timeout=ANSWERS_WITHIN) as client,
            client.get(f"{desk.settings.agent_url}{JOBS}") as answer,
        ):
            answer.raise_for_status()
            row: dict[str, Any] = json.loads(await answer.content.readline())
            calls, registered = len(row["jobs"]), row.get("registered", True)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError):
        sentence = "It does not answer, so no call is taken. docker compose logs agent on the host says why."
        return Service("Agent", False, sentence)
    if not registered:
        return Service("Agent", False, "It is not registered with the media server, so no call is taken.")
    return Service("Agent", True, f"It takes calls, and has {calls} now.")


async def ask_server(desk: Desk) -> Service:
    try:
        async with desk.server.asked() as livekit:
            await livekit.room.list_rooms(api.ListRoomsRequest(names=["no-such-room"]))
    except Problem:
        sentence = "It does not answer, so no call is taken. docker compose logs livekit on the host says why."
        return Service("Media server", False, sentence)
    return Service("Media server", True, "It answers.")
