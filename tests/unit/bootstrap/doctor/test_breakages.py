"""Each check finds what it is for, and nothing else changes but what needs it."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from bootstrap.doctor.checks import CHECKS, HEADINGS
from bootstrap.doctor.report import as_json, as_text
from tests.unit.bootstrap.doctor.breakages import BREAKAGES, Breakage
from tests.unit.bootstrap.doctor.stage import NUMBER, SITE, Stage, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from bootstrap.doctor.run import Result
    from tests.unit.bootstrap.conftest import Environment

pytestmark = pytest.mark.usefixtures("clock")

NEEDS = {check.id: check.needs for check in CHECKS}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, an authority of one's own, and server.pem, a certificate for SITE that it signed."""
    home = tmp_path_factory.mktemp("authority")
    (home / "ext").write_text(f"subjectAltName=DNS:{SITE}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for command in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "40", "-subj", "/CN=Our own authority"],
        ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={SITE}"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "ext", "-days", "30"],
    ):
        done = subprocess.run(["openssl", *command], cwd=home, check=True, capture_output=True)
    (home / "server.pem").write_bytes(done.stdout)
    return home


@pytest.fixture
async def stage(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Path
) -> AsyncIterator[Stage]:
    environment()
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(authority / "server.pem", authority / "server.key")
    trust = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    async with staged(monkeypatch, tmp_path, certificate, trust) as stage:
        yield stage


def levels(results: Mapping[str, Result]) -> dict[str, str]:
    return {id_: result.finding.level for id_, result in results.items()}


def needing(id_: str) -> set[str]:
    """The checks that need this one, at once or through others."""
    found = {other for other, needs in NEEDS.items() if id_ in needs}
    return found.union(*map(needing, found)) if found else found


async def test_of_a_host_on_which_all_is_right_every_check_says_so(stage: Stage) -> None:
    results = await stage.examine()
    assert {id_: result.finding for id_, result in results.items() if result.finding.level != "ok"} == {}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: f"{one.id}: {one.what}")
async def test_what_is_broken_is_found_and_what_needs_it_is_not_checked(stage: Stage, breakage: Breakage) -> None:
    breakage.change(stage)
    results = await stage.examine()
    found = results[breakage.id]
    assert (found.finding.level, bool(found.cure)) == (breakage.level, True), found.finding
    skipped = needing(breakage.id) if breakage.level == "fail" else set()
    also = {*breakage.also, *(other for id_ in breakage.also for other in needing(id_))}
    for id_, result in results.items():
        if id_ in skipped:
            assert result.finding.level == "skipped"
            assert re.fullmatch(r"Not checked because [a-z0-9_.]+ failed\.", result.finding.sentence), result
        elif id_ != breakage.id and id_ not in also:
            assert result.finding.level == "ok", result
    direct = [id_ for id_ in skipped if NEEDS[id_][0] == breakage.id]
    for id_ in direct:
        assert results[id_].finding.sentence == f"Not checked because {breakage.id} failed."
    assert all(results[id_].finding.level != "ok" for id_ in breakage.also)
    check_that_it_is_safe_to_paste(stage, list(results.values()))


def check_that_it_is_safe_to_paste(stage: Stage, results: Sequence[Result]) -> None:
    for told in (as_text(results, HEADINGS), as_json(results)):
        secrets = (stage.server.secret, stage.server.key, stage.twilio.account, stage.twilio.secret, "canary")
        for secret in (*secrets, NUMBER.strip("+"), "2025550", SITE):
            assert secret not in told


async def test_the_report_is_the_same_as_json(stage: Stage) -> None:
    stage.gateway.transports.clear()
    results = list((await stage.examine()).values())
    shown = json.loads(as_json(results))
    assert shown["worst"] == "fail"
    assert [check["id"] for check in shown["checks"]] == [check.id for check in CHECKS]
    for check in shown["checks"]:
        assert f"{check['id']} " in as_text(results, HEADINGS)
        assert check["sentence"] in as_text(results, HEADINGS)
        assert bool(check["cure"]) == (check["level"] in ("warn", "fail"))


async def test_what_the_agent_would_say_is_not_checked_if_it_cannot_be_asked(stage: Stage) -> None:
    stage.agent.clear()
    results = await stage.examine()
    unknown = {id_ for id_, result in results.items() if result.finding.level == "skipped"}
    assert {"settings.lines", "agent.name", "kept.disk", "receivers.tools", "providers.first_word"} <= unknown
    assert results["agent.registered"].finding.level == "fail"


async def test_a_line_for_this_machine_alone_needs_neither_name_nor_certificate(stage: Stage) -> None:
    stage.set(ADVERTISED_IP="", SITE="localhost")
    for service in ("sip", "livekit"):
        stage.service(service, advertises="")
    stage.facts["PUBLISHED"] = [row.replace("0.0.0.0", "127.0.0.1") for row in stage.facts["PUBLISHED"]]
    results = await stage.examine()
    skipped = {id_ for id_, result in results.items() if result.finding.level == "skipped"}
    assert skipped == {
        *("network.public_address", "network.carrier_nat", "network.dns", "network.dns_address", "network.dns_ipv6"),
        *("network.signalling", "network.signalling_tcp", "network.audio"),
        *("web.certificate", "web.certificate_days", "trunk.example_number"),
    }
    assert {result.finding.level for id_, result in results.items() if id_ not in skipped} == {"ok"}


async def test_without_twilios_credentials_or_a_carrier_for_calls_that_go_out_neither_is_asked(stage: Stage) -> None:
    stage.env(OUTBOUND_ADDRESS="", **dict.fromkeys(stage.twilio.variables(), ""))
    stage.server.outbound.clear()
    results = await stage.examine()
    skipped = {id_ for id_, result in results.items() if result.finding.level == "skipped"}
    asked = {"trunk.outbound", "trunk.outbound_address", "trunk.outbound_answers"}
    assert skipped == {"twilio.account", "twilio.trunk", "twilio.by_hand", *asked}


@pytest.mark.parametrize("profiles", ["", "local"])
async def test_prometheus_is_looked_at_only_where_it_is_switched_on(stage: Stage, profiles: str) -> None:
    stage.set(COMPOSE_PROFILES=profiles)
    stage.remove("prometheus")
    results = await stage.examine()
    assert results["metrics.running"].finding.level == "skipped"
    assert (results["providers.embedded"].finding.level == "ok") == (profiles == "local")


async def test_an_address_in_a_network_of_ones_own_is_not_the_providers_nat(stage: Stage) -> None:
    """Tailscale's addresses are from the same range."""
    stage.facts["HOST_ADDRESS"] = ["172.31.5.6", "100.64.3.4"]
    stage.set(OUTGOING_ADDRESS="172.31.5.6")
    assert (await stage.examine())["network.carrier_nat"].finding.level == "ok"


async def test_a_service_that_is_in_another_network_as_well_uses_the_same_redis(stage: Stage) -> None:
    stage.service("sip", address="10.9.0.2,172.29.53.131,")
    assert (await stage.examine())["redis.shared"].finding.level == "ok"


async def test_a_port_that_is_none_keeps_the_gateway_from_being_asked(stage: Stage) -> None:
    stage.set(SIP_PORT="many", ENV_ROWS_WRONG="1", ENV_IS_USABLE="no")
    results = await stage.examine()
    for id_ in ("gateway.options", "gateway.options_tcp", "network.signalling", "network.signalling_tcp"):
        assert results[id_].finding.sentence == "Not checked because SIP_PORT in .env is no port."


async def test_what_has_settled_after_restarts_is_no_warning(stage: Stage) -> None:
    stage.service("agent", restarts="7")
    assert (await stage.examine())["host.restarts"].finding.level == "ok"


async def test_nothing_of_the_line_is_changed(stage: Stage) -> None:
    before = set(stage.server.calls)
    await stage.examine()
    assert set(stage.server.calls) - before <= {"ListSIPInboundTrunk", "ListSIPDispatchRule", "ListSIPOutboundTrunk"}


async def test_of_a_host_without_env_as_much_is_said_as_can_be_said(stage: Stage) -> None:
    facts = ("ENGINE_VERSION", "COMPOSE_VERSION", "ENGINE_KIND", "MIN_ENGINE", "CLOCK_SYNCHRONIZED", "IPV4_ROUTE")
    stage.facts = {name: stage.facts[name] for name in facts} | {"ENV_FILE": ["no"]}
    stage.agent.clear()
    results = await stage.examine()
    failed = {id_ for id_, result in results.items() if result.finding.level == "fail"}
    assert "settings.env" in failed
    running = {id_ for id_ in results if id_.endswith(".running")} - {"metrics.running"}
    assert failed - {"settings.env"} == {"agent.watched", "web.desk", *running}
    assert results["host.engine_version"].finding.level == "ok"
