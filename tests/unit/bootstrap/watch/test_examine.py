"""What the doctor finds from the watcher's container: as much as make doctor does, of what can be seen from there."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from bootstrap import last_up
from bootstrap.desired import desired
from bootstrap.doctor.checks import CHECKS
from bootstrap.doctor.facts import Facts
from bootstrap.doctor.run import Result, run
from bootstrap.doctor.world import Places
from bootstrap.settings import ServerSettings, load
from bootstrap.watch import examine
from tests.unit.bootstrap.doctor.stage import PUBLIC, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AGENT = {"process": "a", "jobs": [], "registered": True, "why_not": "", "name": "inbound-voice-agent"}
NEITHER = ("ok", "skipped")


@pytest.fixture
async def host(stage: Stage, made: Path) -> Stage:
    """A host on which all is right, as the watcher's container is given it: by variables, and the note of make up."""
    assert made.is_dir()
    stage.env(SIP_PORT=stage.facts["SIP_PORT"][0], ADVERTISED_IP=PUBLIC)
    last_up.write(desired(*load(ServerSettings)))
    await stage.register()  # with that port
    return stage


@asynccontextmanager
async def agent_that_says(row: object) -> AsyncIterator[str]:
    """An agent at the URL that is yielded, which goes on naming its jobs."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(f"{json.dumps(row)}\n".encode())
        return response

    app = web.Application()
    app.add_routes([web.get("/jobs", answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def found(stage: Stage, row: object = AGENT, facts: type[Facts] = Facts) -> dict[str, Result]:
    async with agent_that_says(row) as url:
        world = examine.look_around(await examine.ask_the_agent(url))
    world.facts.__class__ = facts
    world.outside, world.places = stage.network, Places(gateway="sip", https=stage.https)
    return {result.check.id: result for result in await run(examine.chosen(), world)}


async def test_of_a_host_on_which_all_is_right_every_chosen_check_says_so(host: Stage) -> None:
    results = await found(host)
    assert {id_: one.finding for id_, one in results.items() if one.finding.level != "ok"} == {}
    assert list(results) == [check.id for check in CHECKS if check.id in examine.CHOSEN]
    assert len(results) == len(examine.CHOSEN) >= 25


async def test_the_chosen_checks_ask_for_no_fact_that_is_not_known_here(host: Stage) -> None:
    known = {"ENV_FILE", "ENV_IS_USABLE", "SIP_PORT", "SITE", "ADVERTISED_IP", "AGENT"}
    asked: set[str] = set()

    class Noting(Facts):
        def all(self, name: str) -> list[str]:
            asked.add(name)
            return super().all(name)

    await found(host, facts=Noting)
    assert asked <= known
    assert {"SIP_PORT", "SITE", "AGENT"} <= asked


@pytest.mark.parametrize(
    ("breaks", "id_"),
    [
        (lambda host: host.server.rules.clear(), "trunk.rules"),
        (lambda host: host.network.leads_here.clear(), "gateway.options"),
        (lambda host: host.shown.update(https="HTTP/1.1 502 Bad Gateway"), "web.https"),
        (lambda host: host.network.names.clear(), "network.dns"),
        (lambda host: setattr(host.server, "secret", "another"), "server.key"),
    ],
    ids=["rules", "gateway", "https", "dns", "key"],
)
async def test_it_finds_what_make_doctor_finds(host: Stage, breaks: Any, id_: str) -> None:
    breaks(host)
    assert (await found(host))[id_].finding.level == "fail"


async def test_an_agent_that_is_not_registered_is_a_finding(host: Stage) -> None:
    told = AGENT | {"registered": False, "why_not": "not registered with the media server: is it reachable?"}
    finding = (await found(host, told))["agent.registered"].finding
    assert finding.sentence == "The agent would answer no call: not registered with the media server."


@pytest.mark.parametrize("row", [[], {}, "?", {"registered": True}])
async def test_an_agent_of_another_release_says_nothing(host: Stage, row: object) -> None:
    assert (await found(host, row))["agent.registered"].finding.level == "fail"


async def test_an_agent_that_is_not_there_says_nothing() -> None:
    assert await examine.ask_the_agent("http://127.0.0.1:1") is None


async def test_without_the_note_of_a_make_up_nothing_is_said_of_trunks(host: Stage, made: Path) -> None:
    for note in made.iterdir():
        note.unlink()
    results = await found(host)
    assert examine.THE_NOTE in results["settings.values"].finding.sentence
    assert results["trunk.trunks"].finding.level == "skipped"


async def test_wrong_settings_are_named_without_their_values(host: Stage) -> None:
    host.env(OUTBOUND_ADDRESS="canary canary")
    results = await found(host)
    assert "OUTBOUND_ADDRESS" in results["settings.values"].finding.sentence
    assert "canary" not in json.dumps([one.finding.sentence for one in results.values()])


async def test_each_finding_has_the_heading_of_its_station(host: Stage) -> None:
    told = json.loads(examine.written(list((await found(host)).values())))
    assert told["worst"] == "ok"
    assert {"The SIP gateway", "The agent", "Trunks and rules"} <= {check["station"] for check in told["checks"]}
    assert set(told["checks"][0]) == {"id", "title", "level", "sentence", "cure", "station"}
