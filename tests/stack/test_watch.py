"""The watcher keeps what `make up` made, and hangs up on callers whose agent is gone; it touches nothing else.

Trunks and rules are tried on the line itself, with the watcher that `make up` started. Agents are killed on an
extension, which has a watcher of its own.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from tests.stack.calls import STAYS
from tests.stack.extension import AT_ONCE, Extension, an_extension
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

BACK_WITHIN, HUNG_UP_WITHIN = 30.0, 15.0  # seconds
SPARED_FOR = 25.0  # seconds, after which whoever would be hung up on would have been
TIMES = 20  # each fault, by `make test-all`
MEMORY = 60.0  # megabytes
PERSON = "600"
ASKS = "My invoice from October is wrong."
RULES: list[dict[str, Any]] = [
    {"kind": "llm", "match": "invoice", "tool": "transfer_call", "arguments": {"to": "Ben"}},
    {"kind": "llm", "match": "soup", "answer": "The soup is tomato."},
]
HOLDS_ON = ["--silent", "--no-transcript", "--stay", "90"]


def until(holds: Callable[[], bool], seconds: float, what: str, line: Line) -> float:
    """Wait until this holds, and return how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not {what} after {seconds:g} s:\n{line.logs('watch')[-4000:]}"
        time.sleep(0.5)
    return time.monotonic() - began


# Trunks and rules.


def wipe(line: Line) -> None:
    line.redis("flushall")


def delete_trunk(line: Line) -> None:
    asyncio.run(delete(line, "sip_inbound_trunk"))


def delete_rule(line: Line) -> None:
    asyncio.run(delete(line, "sip_dispatch_rule"))


async def delete(line: Line, kind: str) -> None:
    """Delete the line's own, as a hand would."""
    async with line.server() as server:
        for its in line.stored()[kind]:
            if kind == "sip_inbound_trunk":
                await server.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=its))
            else:
                await server.sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=its))


def whole(line: Line) -> tuple[str, str] | None:
    """The ids of the one trunk and of the one rule that leads to it; None if it is not so."""
    return asyncio.run(_whole(line))


async def _whole(line: Line) -> tuple[str, str] | None:
    async with line.server() as server:
        trunks = (await server.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items
        rules = (await server.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items
    if len(trunks) == len(rules) == 1 and list(rules[0].trunk_ids) == [trunks[0].sip_trunk_id]:
        return trunks[0].sip_trunk_id, rules[0].sip_dispatch_rule_id
    return None


FAULTS = [wipe, delete_trunk, delete_rule]
SELDOM = [pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS[1:]]  # a wipe deletes what they delete, too


def is_mended(line: Line, fault: Callable[[Line], None]) -> None:
    """What is gone may be back at once, under another id."""
    before = whole(line)
    assert before
    fault(line)
    until(lambda: whole(line) not in (None, before), BACK_WITHIN, "mended", line)


@pytest.mark.parametrize("fault", [wipe, *SELDOM])
def test_what_redis_lost_or_a_hand_deleted_is_back_and_a_call_is_answered(
    line: Line, fault: Callable[[Line], None]
) -> None:
    is_mended(line, fault)
    outcome = line.call(*STAYS)
    assert outcome.code == 0, outcome.printed
    assert "put that right" in line.logs("watch")


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_back_each_time(line: Line, fault: Callable[[Line], None]) -> None:
    for _ in range(TIMES):
        is_mended(line, fault)


@pytest.fixture
def theirs(line: Line) -> Iterator[list[str]]:
    """A trunk, a rule and a room of somebody else's, and how each is listed."""
    trunk, rule = asyncio.run(put_theirs(line))
    yield listed(line)
    asyncio.run(remove_theirs(line, trunk, rule))


async def put_theirs(line: Line) -> tuple[str, str]:
    async with line.server() as server:
        trunk = api.SIPInboundTrunkInfo(name="Theirs", numbers=["+4930901820"])
        made = await server.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
        individual = api.SIPDispatchRuleIndividual(room_prefix="theirs-")
        rule = api.SIPDispatchRuleInfo(
            name="Theirs",
            trunk_ids=[made.sip_trunk_id],
            rule=api.SIPDispatchRule(dispatch_rule_individual=individual),
        )
        ruled = await server.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))
        # By its name it could be a call of ours, but nobody has called.
        await server.room.create_room(api.CreateRoomRequest(name="call-theirs", empty_timeout=3600))
    return made.sip_trunk_id, ruled.sip_dispatch_rule_id


async def remove_theirs(line: Line, trunk: str, rule: str) -> None:
    async with line.server() as server:
        await server.sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule))
        await server.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk))
        await server.room.delete_room(api.DeleteRoomRequest(room="call-theirs"))


def listed(line: Line) -> list[str]:
    """What is theirs, as the server has it."""
    return asyncio.run(_listed(line))


async def _listed(line: Line) -> list[str]:
    async with line.server() as server:
        trunks = (await server.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items
        rules = (await server.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items
        rooms = (await server.room.list_rooms(api.ListRoomsRequest(names=["call-theirs"]))).rooms
    theirs = [str(trunk) for trunk in trunks if trunk.name == "Theirs"]
    return theirs + [str(rule) for rule in rules if rule.name == "Theirs"] + [room.sid for room in rooms]


def test_a_trunk_a_rule_and_a_room_of_others_stay_while_ours_are_made_again(line: Line, theirs: list[str]) -> None:
    assert len(theirs) == 3
    before = line.stored()
    [ours] = [rule for rule in before["sip_dispatch_rule"] if rule not in str(theirs)]
    asyncio.run(delete_one_rule(line, ours))
    until(lambda: len(line.stored()["sip_dispatch_rule"]) == 2, BACK_WITHIN, "mended", line)
    time.sleep(HUNG_UP_WITHIN)  # in which an empty room of our prefix would have been taken for a caller's
    assert listed(line) == theirs
    assert line.stored()["sip_inbound_trunk"] == before["sip_inbound_trunk"]


async def delete_one_rule(line: Line, rule: str) -> None:
    async with line.server() as server:
        await server.sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule))


def test_numbers_that_somebody_is_editing_are_not_taken_over_before_make_up(line: Line) -> None:
    file = line.words / "line.toml"
    before = file.read_text()
    line.change(numbers=["+12025550198"])
    try:
        line.compose("restart", "watch")
        is_mended(line, wipe)
        assert asyncio.run(numbers(line)) == ["+12025550100"]
    finally:
        file.write_text(before)


async def numbers(line: Line) -> list[str]:
    async with line.server() as server:
        [trunk] = (await server.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items
    return list(trunk.numbers)


# The watcher itself.


def test_the_watcher_is_small_and_says_nothing_while_all_is_well(line: Line) -> None:
    line.compose("restart", "watch")
    since = f"{time.time():.3f}"
    time.sleep(BACK_WITHIN)
    container = line.compose("ps", "--quiet", "watch").strip()
    assert docker("logs", "--since", since, container) == ""
    [row] = [row for row in line.compose("exec", "-T", "watch", "cat", "/proc/1/smaps_rollup").splitlines()
             if row.startswith("Rss:")]  # fmt: skip
    assert int(row.split()[1]) / 1000 < MEMORY


@pytest.mark.slow
def test_a_watcher_that_dies_changes_no_call_and_is_started_again(line: Line) -> None:
    container = line.compose("ps", "--quiet", "watch").strip()
    started = docker("inspect", "--format", "{{.State.StartedAt}}", container)
    with ThreadPoolExecutor() as pool:
        call = pool.submit(line.call, "--silent", "--patience", "1", "--stay", "12")
        until(lambda: line.active_jobs() == 1, 20, "in a call", line)
        # Docker takes a container that it has killed itself for one that is to stay down.
        line.compose("exec", "-T", "watch", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
        outcome = call.result()
    assert outcome.code == 0, outcome.printed
    assert outcome.report["ended_by"] == "caller", outcome.printed
    assert docker("inspect", "--format", "{{.State.StartedAt}}", container) != started
    is_mended(line, delete_rule)


@pytest.mark.slow
def test_up_stops_the_watcher_first_and_starts_it_last_and_compose_alone_brings_it_up(line: Line) -> None:
    began = f"{time.time():.3f}"
    line.set("LOG_LEVEL", "debug")  # so that bootstrap, agent and watcher are replaced
    try:
        line.up()
    finally:
        line.set("LOG_LEVEL", "info")
    stopped, started = line.events("die", began), line.events("start", began)
    lasting = [service for service in stopped if service in ("watch", "agent")]
    assert lasting[0] == "watch", stopped
    assert [service for service in started if service in ("watch", "agent", "bootstrap")][-1] == "watch", started
    line.compose("stop", "watch")
    delete_rule(line)
    line.up()
    assert whole(line)
    line.compose("stop", "watch")
    line.wait_until_healthy()
    is_mended(line, delete_trunk)


# Callers whose agent is gone.


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    settings: dict[str, Any] = {
        "tools": ["transfer_call"],
        "people": [{"name": "Ben", "number": PERSON, "when": "Who asks about an invoice.", "kind": "cold"}],
        "silent_caller_after": 300,
        "IDLE_PROCESSES": str(AT_ONCE),
    }
    with an_extension(line, tmp_path_factory.mktemp("watched"), person=True, **settings) as extension:
        extension.provider.script(rules=RULES)
        with a_watcher(extension):
            yield extension


@contextmanager
def a_watcher(extension: Extension) -> Iterator[str]:
    """A watcher of the extension's calls, which is gone before the extension's trunk is deleted."""
    line, container = extension.line, f"{extension.line.project}-{extension.name}-watch"
    docker("rm", "--force", container, check=False)
    run = ["docker", "compose", "--progress", "quiet", "run", "--detach", "--no-deps", "--name", container]
    settings = {"AGENT_NAME": extension.name, "ROOM_PREFIX": f"{extension.name}-"}
    started = line.run(*run, "--env", f"AGENT_URL=http://{extension.container}:8082", "watch", settings=settings)
    assert not started.returncode, started.stderr
    try:
        with line.guest(container):
            yield container
    finally:
        docker("rm", "--force", container, check=False)


def kill_for_good(extension: Extension) -> None:
    extension.kill()


def kill_and_start_again(extension: Extension) -> None:
    docker("restart", "--time", "0", extension.container)


DEATHS = [kill_for_good, kill_and_start_again]


def hold_calls(extension: Extension, count: int, death: Callable[[Extension], None]) -> None:
    """Hold so many calls at once while the agent dies, and check that each is hung up on in time."""
    with ThreadPoolExecutor() as pool:
        answered = extension.logs.count("Call answered") + count
        holding = pool.submit(extension.calls, *[HOLDS_ON] * count)
        extension.until(lambda: extension.logs.count("Call answered") >= answered, "holding the calls", 60)
        time.sleep(3)  # as a caller would who has heard the greeting
        died = time.time()
        death(extension)
        outcomes: list[Outcome] = holding.result()
    for outcome in outcomes:
        assert outcome.hung_up, outcome.printed
        assert 0 < outcome.ended_at - died < HUNG_UP_WITHIN, outcome.printed
    if death is kill_for_good:
        extension.start()
    else:
        extension.wait_until_registered()
    extension.until(lambda: extension.is_idle, "rid of the rooms", 60)


@pytest.mark.parametrize("death", DEATHS)
def test_a_caller_whose_agent_was_killed_is_hung_up_on_within_15_seconds(
    extension: Extension, death: Callable[[Extension], None]
) -> None:
    hold_calls(extension, 1, death)
    assert "A caller was left without an agent" in docker("logs", f"{extension.container}-watch")


@pytest.mark.slow
@pytest.mark.parametrize("death", DEATHS)
def test_they_are_hung_up_on_each_time(extension: Extension, death: Callable[[Extension], None]) -> None:
    held = 0
    while held < TIMES:
        hold_calls(extension, AT_ONCE, death)
        held += AT_ONCE


@pytest.mark.slow
def test_two_who_were_joined_talk_on_without_the_agent_and_one_still_ends_the_other(extension: Extension) -> None:
    joins = extension.logs.count("Transfer to a person: joined")
    calling = ["--say", ASKS, "--stay", "60", "--no-transcript"]
    answering = ["--number", PERSON, "--stay", "90", "--no-transcript"]
    with extension.person.takes(answering) as taken, ThreadPoolExecutor() as pool:
        waiting = pool.submit(extension.call, *calling)
        extension.until(lambda: extension.logs.count("Transfer to a person: joined") > joins, "joining the two", 60)
        died = time.time()
        extension.kill()
        caller = waiting.result()
    [ben] = taken.outcomes
    extension.start()
    assert caller.report["ended_by"] == "caller", caller.printed
    assert caller.ended_at - died > SPARED_FOR, caller.printed
    assert ben.hung_up, ben.printed
    assert 0 <= ben.ended_at - caller.ended_at < HUNG_UP_WITHIN, ben.printed
    extension.until(lambda: extension.is_idle, "rid of the room", 60)


@pytest.mark.slow
def test_calls_that_end_as_they_should_are_none_of_the_watchers_business(extension: Extension) -> None:
    watcher = f"{extension.container}-watch"
    since = f"{time.time():.3f}"
    outcome = extension.call("--say", "What soup do you have?", "--stay", "3")
    assert outcome.hears("soup is tomato"), outcome.printed
    assert outcome.report["ended_by"] == "caller", outcome.printed
    extension.until(lambda: extension.is_idle, "rid of the room")
    time.sleep(HUNG_UP_WITHIN)
    assert docker("logs", "--since", since, watcher) == ""


@pytest.mark.slow
def test_a_call_that_goes_on_while_the_agent_stops_is_not_hung_up_on_by_the_watcher(extension: Extension) -> None:
    """The agent says goodbye itself, after DRAIN_GRACE."""
    watcher = f"{extension.container}-watch"
    since = f"{time.time():.3f}"
    with ThreadPoolExecutor() as pool:
        answered = extension.logs.count("Call answered")
        holding = pool.submit(extension.call, "--silent", "--stay", "90")
        extension.until(lambda: extension.logs.count("Call answered") > answered, "holding the call", 60)
        docker("restart", "--time", "90", extension.container)
        outcome = holding.result()
    extension.wait_until_registered()
    assert outcome.hung_up, outcome.printed
    assert outcome.hears("goodbye"), outcome.printed
    assert "A caller was left" not in docker("logs", "--since", since, watcher)
