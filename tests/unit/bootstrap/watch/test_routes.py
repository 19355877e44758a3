"""Trunks and rules are what the last `make up` made, whatever became of them meanwhile."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from bootstrap import last_up
from bootstrap.desired import Desired, Route
from bootstrap.watch.routes import Routes
from tests.support.fakes.livekit_sip import FakeLiveKit, Rule, Trunk

if TYPE_CHECKING:
    from pathlib import Path

    from bootstrap.server import Server

pytestmark = pytest.mark.usefixtures("clock")

PROBLEM = "Trunks and rules are not kept at the moment. "


@pytest.fixture
def routes(client: Server, want: Desired) -> Routes:
    return Routes(client, want.agent, "canary-sip", "canary-out")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "bootstrap.watch.routes"]


async def test_what_is_right_is_only_looked_at_and_nothing_is_said(
    routes: Routes, server: FakeLiveKit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(10):
        await routes.look()
    assert {call[:4] for call in server.calls} == {"List"}
    assert len(server.calls) == 30
    assert caplog.messages == []


async def test_after_redis_was_wiped_everything_is_made_again_and_said_once(
    routes: Routes, server: FakeLiveKit, want: Desired, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for kind in (server.trunks, server.rules, server.outbound):
        kind.clear()
    await routes.look()
    await routes.look()
    [trunk], [rule], [outbound] = server.trunks.values(), server.rules.values(), server.outbound.values()
    assert (trunk.auth_password, outbound.auth_password) == ("canary-sip", "canary-out")
    assert rule.trunk_ids == [trunk.sip_trunk_id]
    assert told(caplog) == ["Trunks and rules were not as the last make up made them; 3 changes put that right."]
    assert not [secret for secret in ("canary", "2025550") if secret in caplog.text]


@pytest.mark.parametrize("kind", ["trunks", "rules", "outbound"])
async def test_one_that_was_deleted_is_made_again_and_the_others_stay(
    routes: Routes, server: FakeLiveKit, kind: str
) -> None:
    kept = {name: dict(getattr(server, name)) for name in ("trunks", "rules", "outbound") if name != kind}
    getattr(server, kind).clear()
    await routes.look()
    assert len(getattr(server, kind)) == 1
    stayed = {name: set(getattr(server, name)) for name in kept}
    assert stayed == {name: set(its) for name, its in kept.items()}


async def test_a_rule_whose_trunk_was_made_again_names_the_new_one(routes: Routes, server: FakeLiveKit) -> None:
    server.trunks.clear()
    await routes.look()
    [trunk], [rule] = server.trunks.values(), server.rules.values()
    assert rule.trunk_ids == [trunk.sip_trunk_id]


async def test_one_that_was_edited_by_hand_is_put_back(routes: Routes, server: FakeLiveKit) -> None:
    [trunk] = server.trunks.values()
    trunk.allowed_addresses[:] = ["0.0.0.0/0"]
    await routes.look()
    [trunk] = server.trunks.values()
    assert trunk.allowed_addresses == ["54.172.60.0/30"]


async def test_nothing_of_others_is_touched(routes: Routes, server: FakeLiveKit) -> None:
    server.trunks["ST_theirs"] = Trunk(sip_trunk_id="ST_theirs", name="Theirs", numbers=["+4930901820"])
    server.rules["SDR_theirs"] = Rule(sip_dispatch_rule_id="SDR_theirs", name="Theirs", trunk_ids=["ST_theirs"])
    for name in ("trunks", "rules"):
        ours = [key for key in getattr(server, name) if not key.endswith("theirs")]
        for key in ours:
            del getattr(server, name)[key]
    before = str(server.trunks["ST_theirs"]), str(server.rules["SDR_theirs"])
    await routes.look()
    assert (str(server.trunks["ST_theirs"]), str(server.rules["SDR_theirs"])) == before
    assert (len(server.trunks), len(server.rules)) == (2, 2)


async def test_what_a_later_make_up_wants_is_kept_from_then_on(
    routes: Routes, server: FakeLiveKit, want: Desired
) -> None:
    trunk = Trunk()
    trunk.CopyFrom(want.routes["coffee"].trunk)
    trunk.numbers.append("+12025550111")
    last_up.write(Desired(want.agent, {"coffee": Route(trunk, want.routes["coffee"].rule)}, want.outbound))
    await routes.look()
    [there] = server.trunks.values()
    assert there.numbers == ["+12025550100", "+12025550111"]


async def test_what_is_in_the_way_is_told_once_and_its_end_too(
    routes: Routes, server: FakeLiveKit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.trunks.clear()
    server.trunks["ST_theirs"] = Trunk(sip_trunk_id="ST_theirs", name="Theirs", numbers=["+12025550100"])
    for _ in range(5):
        await routes.look()
    assert set(server.trunks) == {"ST_theirs"}
    [problem] = told(caplog)
    assert problem.startswith(f"{PROBLEM}trunk ST_theirs ('Theirs') was not made by this host")
    server.trunks.clear()
    await routes.look()
    assert told(caplog)[1:] == [
        "Trunks and rules were not as the last make up made them; 2 changes put that right.",
        "Trunks and rules are kept again.",
    ]


async def test_a_problem_that_becomes_another_one_is_told_again(
    routes: Routes, server: FakeLiveKit, made: Path, want: Desired, caplog: pytest.LogCaptureFixture
) -> None:
    [file] = made.iterdir()
    good = file.read_text()
    file.write_text("{")
    await routes.look()
    file.unlink()
    await routes.look()
    await routes.look()
    assert [message.removeprefix(PROBLEM)[:12] for message in told(caplog)] == ["What the las", "No make up h"]
    file.write_text(good)
    server.rules.clear()
    await routes.look()
    assert len(server.rules) == 1


async def test_a_password_that_the_server_lost_is_given_back(routes: Routes, server: FakeLiveKit) -> None:
    [trunk] = server.trunks.values()
    trunk.auth_password = "another"
    await routes.look()
    assert [it.auth_password for it in server.trunks.values()] == ["canary-sip"]


def test_the_note_is_what_the_api_calls_things(made: Path, want: Desired) -> None:
    [file] = made.iterdir()
    noted = json.loads(file.read_text())
    assert noted["routes"]["coffee"]["trunk"]["numbers"] == ["+12025550100"]
    assert noted["outbound"]["address"] == "sip.example.com"
