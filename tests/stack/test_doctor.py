"""make doctor on a line that is up, and on the same line with one thing after another broken.

What can be broken at once is broken together, because the doctor looks for several seconds. Each check by itself is in
tests/unit/bootstrap/doctor.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from tests.stack.line import Line
from tests.stack.test_lifecycle import own_address
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What is right on every line that is up, whatever machine it is on.
RIGHT = {
    *("host.engine", "host.engine_version", "host.compose_version", "host.callers_addresses"),
    *("settings.env", "settings.env_mode", "settings.env_rows", "settings.restore", "settings.values"),
    *("settings.lines", "settings.applied", "settings.log_level"),
    *("network.subnet", "network.ports", "network.leftovers", "network.published", "network.audio_ports"),
    *("web.running", "web.desk", "web.https", "web.certificate_store"),
    *("redis.running", "redis.answers", "redis.saves", "redis.shared", "redis.keeps_all"),
    *("gateway.running", "gateway.options", "gateway.options_tcp", "gateway.address"),
    *("server.running", "server.answers", "server.key", "server.same_redis"),
    *("trunk.in_the_way", "trunk.trunks", "trunk.rules", "trunk.open_rules", "trunk.credentials", "trunk.numbers"),
    *("agent.running", "agent.registered", "agent.name", "agent.watched", "agent.clock"),
    *("providers.embedded", "providers.accepted"),
    *("kept.writable", "kept.stores", "kept.waiting", "kept.failed"),
}
ANSWERS = ("providers.hearing", "providers.first_word", "providers.first_audio")  # on a busy machine, late


@dataclass(frozen=True)
class Report:
    code: int
    checks: dict[str, dict[str, str]]
    printed: str

    def level(self, id_: str) -> str:
        return self.checks[id_]["level"]

    def levels(self, *ids: str) -> dict[str, str]:
        return {id_: self.level(id_) for id_ in ids}

    def said(self, id_: str) -> str:
        return self.checks[id_]["sentence"]


def examine(line: Line) -> Report:
    """Run it as `make doctor JSON=yes` does, except that make would hide the exit code."""
    done = line.run("sh", "bootstrap/host/doctor.sh", check=False, settings={"JSON": "yes"})
    printed = done.stdout + done.stderr
    assert done.stdout.startswith("{"), printed
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == {"ok": 0, "warn": 1, "fail": 2}[told["worst"]], printed
    secrets = [line.value(name) for name in ("LIVEKIT_API_SECRET", "LIVEKIT_API_KEY", "REDIS_PASSWORD")]
    for secret in (*secrets, line.value("PHONE_NUMBERS").lstrip("+")):
        assert secret not in printed
    return Report(done.returncode, {check["id"]: check for check in told["checks"]}, printed)


@pytest.fixture(scope="module")
def broken(line: Line) -> Iterator[Line]:
    """The line, which is repaired when the module is over."""
    try:
        yield line
    finally:
        line.up()


@pytest.fixture
def repairs() -> Iterator[ExitStack]:
    """What is called at the end of a test, the last first."""
    with ExitStack() as stack:
        yield stack


def in_agent(line: Line, code: str) -> str:
    """What this Python prints in the agent's container."""
    return line.compose("exec", "-T", "agent", "python", "-c", code)


def test_on_a_line_that_is_up_everything_is_right_and_stays_as_it_is(broken: Line) -> None:
    before = broken.stored(), broken.compose("ps", "--all", "--quiet").split(), broken.env_file.read_text()
    report = examine(broken)
    wrong = {id_: report.said(id_) for id_ in sorted(RIGHT) if report.level(id_) != "ok"}
    assert wrong == {}, report.printed
    assert set(report.levels(*ANSWERS).values()) <= {"ok", "warn"}, report.printed
    after = broken.stored(), broken.compose("ps", "--all", "--quiet").split(), broken.env_file.read_text()
    assert after == before


def test_what_is_wrong_with_settings_trunks_and_what_is_kept_is_found_at_once(broken: Line, repairs: ExitStack) -> None:
    """A .env that others read and that was edited, a Redis that forgets, trunks that are gone, an event given up."""
    broken.env_file.chmod(0o644)
    repairs.callback(broken.env_file.chmod, 0o600)
    broken.set("SERVER_LOG_LEVEL", "info")
    repairs.callback(broken.set, "SERVER_LOG_LEVEL", "error")
    broken.redis("config set maxmemory-policy allkeys-lru")
    repairs.callback(broken.redis, "config set maxmemory-policy noeviction")
    broken.redis("config set appendonly no")
    repairs.callback(broken.redis, "config set appendonly yes")
    broken.compose("stop", "watch")  # it would put the trunks back
    repairs.callback(broken.compose, "start", "watch")
    repairs.callback(broken.compose, "run", "--rm", "--no-deps", "-T", "bootstrap")
    broken.redis("del sip_inbound_trunk")
    in_agent(
        broken,
        "import os, pathlib; p = pathlib.Path('/data/outbox/coffee/failed'); p.mkdir(parents=True, exist_ok=True); "
        "(p / 'doctor.json').touch()",
    )
    repairs.callback(in_agent, broken, "import os; os.unlink('/data/outbox/coffee/failed/doctor.json')")
    repairs.callback(asyncio.run, delete_rules_of(broken, "Open"))
    asyncio.run(make_open_rule(broken))
    report = examine(broken)
    assert report.code == 2
    assert report.levels("settings.env_mode", "settings.applied", "settings.log_level", "redis.keeps_all") == {
        "settings.env_mode": "warn",
        "settings.applied": "warn",
        "settings.log_level": "warn",
        "redis.keeps_all": "warn",
    }, report.printed
    assert report.levels("redis.saves", "trunk.trunks", "trunk.rules", "trunk.open_rules", "kept.failed") == {
        "redis.saves": "fail",
        "trunk.trunks": "fail",
        "trunk.rules": "fail",
        "trunk.open_rules": "fail",
        "kept.failed": "warn",
    }, report.printed
    assert report.said("agent.name") == "Not checked because trunk.rules failed."
    assert report.level("gateway.options") == "ok"


async def make_open_rule(line: Line) -> None:
    rule = api.SIPDispatchRuleInfo(
        name="Open",
        rule=api.SIPDispatchRule(dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="nobody-")),
        numbers=["+12025550999"],  # whom nobody calls here
    )
    async with line.server() as server:
        await server.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))


async def delete_rules_of(line: Line, name: str) -> None:
    async with line.server() as server:
        for rule in (await server.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items:
            if rule.name == name:
                gone = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
                await server.sip.delete_dispatch_rule(gone)


@pytest.mark.slow
def test_a_gateway_that_hangs_a_taken_port_a_broken_line_and_a_read_only_volume_are_found_at_once(
    broken: Line, repairs: ExitStack
) -> None:
    toml = broken.words / "line.toml"
    repairs.callback(toml.write_text, toml.read_text())
    toml.write_text("numbers = [")
    mode = in_agent(broken, "import os; print(os.stat('/data').st_mode & 0o777)").strip()
    repairs.callback(in_agent, broken, f"import os; os.chmod('/data', {mode})")
    in_agent(broken, "import os; os.chmod('/data', 0o500)")
    broken.compose("pause", "sip")
    repairs.callback(broken.compose, "unpause", "sip")
    broken.compose("stop", "caddy")
    repairs.callback(broken.compose, "start", "caddy")
    held = repairs.enter_context(closing(socket.create_server(("127.0.0.1", int(broken.value("HTTPS_PORT"))))))
    stranger = f"{broken.project}-stranger"
    publish = f"127.0.0.1:{broken.value('HTTP_PORT')}:80"
    image = "landline/bootstrap:0.1.0"
    repairs.callback(docker, "rm", "--force", stranger, check=False)
    nobodys = "com.docker.compose.project="  # the image has the line's project as a label
    run = ("run", "--detach", "--name", stranger, "--label", nobodys, "--publish", publish, "--entrypoint", "sleep")
    docker(*run, image, "600")
    report = examine(broken)
    assert held.getsockname()
    wanted = ("settings.values", "settings.lines", "kept.writable", "gateway.running", "web.running")
    taken = ("network.ports", "network.leftovers")
    assert set(report.levels(*wanted, *taken).values()) == {"fail"}, report.printed
    assert stranger in report.said("network.leftovers")
    assert broken.value("HTTPS_PORT") in report.said("network.ports")
    for id_, because in {
        "gateway.options": "gateway.running",
        "network.published": "gateway.running",
        "redis.shared": "gateway.running",
        "server.key": "settings.values",
        "trunk.trunks": "settings.values",
        "web.https": "web.running",
        "kept.disk": "kept.writable",
    }.items():
        assert report.said(id_) == f"Not checked because {because} failed.", report.printed
    assert report.levels("redis.answers", "agent.running") == {"redis.answers": "ok", "agent.running": "ok"}


@pytest.mark.slow
def test_of_a_stopped_agent_and_a_faulty_env_as_much_is_said_as_can_be_said(broken: Line, repairs: ExitStack) -> None:
    broken.compose("stop", "agent")
    repairs.callback(broken.compose, "start", "agent")  # which runs bootstrap, with the .env that is right again
    repairs.callback(broken.env_file.write_text, broken.env_file.read_text())
    broken.set("LIVEKIT_API_SECRET", "x" * 40)
    with broken.env_file.open("a") as file:
        file.write("NOBODY_READS_THIS=yes\n")
    report = examine(broken)
    assert report.levels("settings.env_rows", "settings.values", "agent.running") == {
        "settings.env_rows": "fail",
        "settings.values": "fail",
        "agent.running": "fail",
    }, report.printed
    assert "LIVEKIT_API_SECRET" in report.said("settings.values")
    assert report.said("agent.registered") == "Not checked because agent.running failed."
    assert report.levels("kept.writable", "settings.lines") == {"kept.writable": "ok", "settings.lines": "ok"}
    assert set(report.levels(*ANSWERS).values()) <= {"ok", "warn"}, report.printed


@pytest.mark.slow
def test_without_redis_the_server_says_so_and_nothing_that_it_keeps_is_judged(broken: Line, repairs: ExitStack) -> None:
    broken.compose("stop", "redis")
    repairs.callback(broken.wait_until_healthy)
    repairs.callback(broken.compose, "start", "redis")
    report = examine(broken)
    assert report.level("redis.running") == "fail"
    assert report.said("redis.answers") == "Not checked because redis.running failed."
    assert report.level("server.key") in ("fail", "skipped"), report.printed
    assert report.level("trunk.trunks") == "skipped"


@pytest.mark.slow
def test_a_line_on_a_public_address_is_reached_there_with_signalling_and_audio(line: Line, tmp_path: Path) -> None:
    line.compose("stop")  # two would share the CPU
    public = Line("landline-test-doctor", tmp_path, subnet="172.29.59", first_port=23060)
    public.set("PUBLIC_IP", own_address())
    try:
        with public.running():
            report = examine(public)
            left = subprocess.run(
                ["docker", "ps", "--all", "--quiet", "--filter", "name=landline-test-doctor-doctor"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
    finally:
        line.wait_until_healthy()
    reached = ("network.signalling", "network.signalling_tcp", "network.audio", "network.published", "gateway.address")
    assert set(report.levels(*reached).values()) == {"ok"}, report.printed
    assert left == ""


def test_without_env_the_host_is_looked_at_all_the_same(tmp_path: Path) -> None:
    line = Line("landline-test-nothing", tmp_path, subnet="172.29.60", first_port=24060)
    line.env_file.unlink()
    done = line.run("sh", "bootstrap/host/doctor.sh", check=False, settings={"JSON": "yes"})
    told = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 2
    assert (told["settings.env"]["level"], told["host.engine"]["level"]) == ("fail", "ok"), done.stdout
    assert told["trunk.trunks"]["sentence"] == "Not checked because settings.env failed."
    assert not line.env_file.exists()
