"""For each check, what breaks the one thing that it looks at; some have several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from livekit import api

from bootstrap.doctor.outside import Certificate
from tests.unit.bootstrap.doctor.stage import SITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fakes.twilio_api import Fields
    from tests.unit.bootstrap.doctor.stage import Stage


@dataclass(frozen=True)
class Breakage:
    """`also` names checks that look at something else, and cannot be right either."""

    id: str
    what: str
    change: Callable[[Stage], Any]
    level: str = "fail"
    also: tuple[str, ...] = ()


def warns(id_: str, what: str, change: Callable[[Stage], Any], *also: str) -> Breakage:
    return Breakage(id_, what, change, "warn", also)


def fails(id_: str, what: str, change: Callable[[Stage], Any], *also: str) -> Breakage:
    return Breakage(id_, what, change, "fail", also)


def now() -> str:
    """As Docker writes it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.123456789Z"


def without_env(stage: Stage) -> None:
    """As in a second clone, while the line is up that was started from the first one."""
    of_env = {name for name in stage.facts if name.startswith("ENV_")}
    for name in (*OF_ENV, *of_env):
        stage.facts.pop(name)
    stage.set(ENV_FILE="no", ENV_IS_USABLE="no")


def for_another_name(stage: Stage) -> None:
    stage.set(SITE="canary.example.com")
    stage.network.names["canary.example.com"] = stage.network.names[SITE]


def moved(stage: Stage) -> None:
    stage.shown["address"] = "54.170.99.99"
    stage.set(HOST_ADDRESS="54.170.99.99")


def taken(kind: str) -> Callable[[Stage], Any]:
    return lambda stage: stage.facts.update(TAKEN=[f"HTTPS_PORT 443/tcp {kind}"])


def without_trunks(stage: Stage) -> None:
    """As somebody deletes a trunk by hand and makes another of its name with other numbers."""
    [trunk] = stage.server.trunks.values()
    trunk.numbers[:] = ["+12025550199"]


def its_trunk(stage: Stage) -> Fields:
    """Return what Twilio has of the line's trunk."""
    [trunk] = stage.twilio.trunks.values()
    return trunk


def its_uri(stage: Stage) -> Fields:
    [uri] = stage.twilio.uris.values()
    return uri


def on_another_trunk(stage: Stage) -> None:
    [number] = stage.twilio.numbers.values()
    number["trunk_sid"] = stage.twilio.add_trunk("Office")


def without_rules(stage: Stage) -> None:
    stage.server.rules.clear()


def another_name_in_the_rule(stage: Stage) -> None:
    """The worker is an older one, which was started with another AGENT_NAME."""
    stage.fix(name="an-older-agent")


def an_open_rule(stage: Stage) -> None:
    stage.server.rules["SDR_open"] = api.SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_open",
        name="Open",
        rule=api.SIPDispatchRule(dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="x-")),
    )


def somebody_elses_trunk(stage: Stage) -> None:
    [trunk] = stage.server.trunks.values()
    stage.server.trunks["ST_0"] = api.SIPInboundTrunkInfo(
        sip_trunk_id="ST_0", name="Somebody's", numbers=list(trunk.numbers)
    )


def a_number_on_no_line(stage: Stage) -> None:
    (stage.lines / "coffee/line.toml").write_text('numbers = ["+12025550123"]')
    stage.env(PHONE_NUMBERS="+12025550123,+12025550177", OUTBOUND_NUMBERS="+12025550123")


def ends_in_four_days(stage: Stage) -> None:
    original = stage.network.certificate

    async def soon(at: tuple[str, int], site: str) -> Certificate:
        its = await original(at, site)
        return Certificate(its.ends - 26 * 86_400)

    stage.network.certificate = soon  # type: ignore[method-assign]


# The facts that _facts.sh takes from .env.
OF_ENV = (
    *("ADVERTISED_IP", "SITE", "NETWORK", "SIP_PORT", "RTP_PORTS", "TURN_UDP_PORT", "COMPOSE_PROFILES"),
    *("SERVER_LOG_LEVEL", "LOG_LEVEL", "MEMORY_NEEDED_MB", "AUDIO_PROBE"),
)

BREAKAGES = [
    # The host
    fails("host.engine", "it does not answer", lambda s: s.set(ENGINE_VERSION="")),
    fails("host.engine_version", "it is old", lambda s: s.set(ENGINE_VERSION="24.0.9")),
    fails("host.compose_version", "it is old", lambda s: s.set(COMPOSE_VERSION="2.24.3")),
    fails("host.callers_addresses", "Docker Desktop", lambda s: s.set(ENGINE_KIND="desktop")),
    fails("host.callers_addresses", "a rootless engine", lambda s: s.set(ENGINE_KIND="rootless_hidden")),
    warns("host.memory", "the embedded models need more", lambda s: s.set(MEMORY_MB="2500")),
    warns("host.memory", "hardly any is available", lambda s: s.set(MEMORY_AVAILABLE_MB="100")),
    warns("host.disk", "little is free", lambda s: s.set(DISK_FREE_MB="1500")),
    fails("host.disk", "nothing is free", lambda s: s.set(DISK_FREE_MB="20")),
    warns("host.cpu", "one core for embedded models", lambda s: s.set(CPUS="1")),
    warns("host.cpu", "every core is busy", lambda s: s.set(LOAD="12.5")),
    warns("host.clock", "nothing keeps it right", lambda s: s.set(CLOCK_SYNCHRONIZED="no")),
    warns("host.starts_at_boot", "it is disabled", lambda s: s.set(STARTS_AT_BOOT="no")),
    warns("host.restarts", "the agent ends over and over", lambda s: s.service("agent", restarts="7", started=now())),
    # The settings
    fails("settings.env", "there is none", without_env),
    warns("settings.env_mode", "everybody can read it", lambda s: s.set(ENV_MODE="-rw-r--r--")),
    fails("settings.values", "make up has never run", lambda s: s.set(ENV_IS_USABLE="no")),
    fails("settings.env_rows", "a row has quotes", lambda s: s.set(ENV_ROWS_WRONG="1")),
    fails("settings.restore", "a restore was interrupted", lambda s: s.set(RESTORE_INTERRUPTED="yes")),
    fails("settings.values", "a number is none", lambda s: s.env(PHONE_NUMBERS="5550100")),
    fails("settings.values", "a line is no TOML", lambda s: (s.lines / "coffee/line.toml").write_text("numbers = [")),
    fails("settings.lines", "the agent finds problems", lambda s: s.fix(problems=2)),
    warns("settings.applied", "the gateway is older than .env", lambda s: s.set(REPLACED="sip")),
    warns("settings.applied", ".env is newer", lambda s: s.set(ENV_IS_NEWER="yes")),
    warns("settings.log_level", "the server logs numbers", lambda s: s.set(SERVER_LOG_LEVEL="info")),
    warns("settings.log_level", "the agent logs words", lambda s: s.set(LOG_LEVEL="debug")),
    # The way in from outside
    fails("network.ipv4", "the host has only IPv6", lambda s: s.set(IPV4_ROUTE="no", IPV6_ROUTE="yes")),
    fails("network.subnet", "another network overlaps", lambda s: s.set(SUBNET_TAKEN="other_default")),
    fails("network.ports", "nginx is on 443", taken("program nginx, process 812")),
    fails("network.leftovers", "another project's container is on 443", taken("container other-caddy-1")),
    fails("network.published", "a port for audio is not published", lambda s: s.facts["PUBLISHED"].pop()),
    fails(
        "network.published",
        "to this machine alone",
        lambda s: s.facts.update(PUBLISHED=[row.replace("0.0.0.0", "127.0.0.1") for row in s.facts["PUBLISHED"]]),
    ),
    fails("network.audio_ports", "fewer than the calls need", lambda s: s.fix(calls=11)),
    fails("network.public_address", "the host has moved", moved),
    warns("network.public_address", "another address of its own", lambda s: s.shown.update(address="54.170.99.99")),
    warns("network.public_address", "nobody tells", lambda s: s.shown.update(address="<html>")),
    warns(
        "network.carrier_nat",
        "the provider has a NAT",
        lambda s: s.set(HOST_ADDRESS="100.64.3.4", OUTGOING_ADDRESS="100.64.3.4"),
    ),
    fails("network.dns", "the name leads nowhere", lambda s: s.network.names.pop("line.example.com")),
    fails(
        "network.dns_address",
        "it leads to another host",
        lambda s: s.network.names.update({"line.example.com": (["54.170.99.99"], [])}),
    ),
    warns(
        "network.dns_ipv6",
        "it has an IPv6 address",
        lambda s: s.network.names.update({"line.example.com": (["54.170.10.20"], ["2600::1"])}),
    ),
    warns(
        "network.signalling",
        "the firewall drops UDP",
        lambda s: s.network.leads_here.discard("54.170.10.20"),
        "network.signalling_tcp",
        "network.audio",
    ),
    warns(
        "network.signalling_tcp",
        "the firewall drops TCP",
        lambda s: s.network.leads_here.discard("54.170.10.20"),
        "network.signalling",
        "network.audio",
    ),
    warns("network.turn", "another port is published", lambda s: s.set(TURN_UDP_PORT="8443")),
    warns("network.audio", "the firewall drops audio", lambda s: setattr(s.network, "udp_comes_through", False)),
    # Twilio's side
    fails("twilio.account", "it refuses the key", lambda s: setattr(s.twilio, "secret", "canary")),
    warns(
        "twilio.account",
        "it does not answer",
        lambda s: setattr(s.twilio, "hang_next", 1),
        "twilio.trunk",
        "twilio.by_hand",
    ),
    fails("twilio.trunk", "the origination URI is another", lambda s: its_uri(s).update(sip_url="sip:192.0.2.1")),
    fails("twilio.trunk", "a number is on another trunk", on_another_trunk),
    warns("twilio.by_hand", "it sends nothing without TLS", lambda s: its_trunk(s).update(secure=True)),
    # HTTPS
    fails("web.running", "Caddy has exited", lambda s: s.service("caddy", state="exited")),
    fails("web.desk", "the desk has exited", lambda s: s.service("desk", state="exited")),
    fails("web.https", "it answers 502", lambda s: s.shown.update(https="HTTP/1.1 502 Bad Gateway")),
    fails("web.certificate", "nobody trusts who signed it", lambda s: setattr(s.network, "_trust", None)),
    fails("web.certificate", "it is for another name", for_another_name),
    warns("web.certificate_days", "it ends in four days", ends_in_four_days),
    warns("web.certificate_store", "none is kept", lambda s: s.set(CERTIFICATES="no")),
    # Redis
    fails("redis.running", "it is unhealthy", lambda s: s.service("redis", health="unhealthy")),
    fails("redis.answers", "its password is another", lambda s: s.set(REDIS_PING="NOAUTH Authentication required.")),
    fails("redis.saves", "the disk is full", lambda s: s.set(REDIS_SAVES="on err")),
    fails("redis.saves", "it is switched off", lambda s: s.set(REDIS_SAVES="off ok")),
    fails("redis.shared", "the gateway uses another", lambda s: s.facts["REDIS_CLIENT"].remove("172.29.53.131")),
    warns("redis.keeps_all", "it may forget", lambda s: s.set(REDIS_POLICY="allkeys-lru")),
    # The SIP gateway
    fails("gateway.running", "it was never started", lambda s: s.remove("sip")),
    fails("gateway.options", "it does not answer", lambda s: s.gateway.transports.discard("udp")),
    fails("gateway.options_tcp", "it does not answer", lambda s: s.gateway.transports.discard("tcp")),
    fails("gateway.address", "it advertises another", lambda s: s.service("sip", advertises="172.29.53.131")),
    # The media server
    fails("server.running", "it has exited", lambda s: s.service("livekit", state="exited")),
    fails("server.answers", "it does not reach Redis", lambda s: setattr(s.server, "health", 406)),
    fails("server.answers", "nobody is there", lambda s: s.env(LIVEKIT_URL="ws://127.0.0.1:9")),
    fails("server.key", "its key is another", lambda s: s.env(LIVEKIT_API_SECRET="another-secret-of-32-characters-")),
    fails("server.same_redis", "the server is elsewhere", lambda s: setattr(s, "redis_trunks", ["ST_other"])),
    # Trunks and rules
    fails("trunk.in_the_way", "somebody else's trunk has the number", somebody_elses_trunk),
    fails("trunk.trunks", "it has another number", without_trunks),
    fails("trunk.rules", "there is none", without_rules),
    fails("trunk.open_rules", "one names no trunk", an_open_rule),
    fails(
        "trunk.credentials",
        "Twilio is asked for a password",
        lambda s: s.env(SIP_USERNAME="bob", SIP_PASSWORD="canary-password"),
        "trunk.trunks",
    ),
    warns(
        "trunk.numbers",
        "no line has one",
        a_number_on_no_line,
        "twilio.by_hand",
    ),
    warns(
        "trunk.example_number",
        "it is still the example's",
        lambda s: s.env(PHONE_NUMBERS="+12025550100"),
        "trunk.trunks",
        "trunk.outbound",
        "twilio.by_hand",
    ),
    fails("trunk.outbound", "it was deleted", lambda s: s.server.outbound.clear()),
    fails("trunk.outbound_address", "it leads nowhere", lambda s: s.network.names.pop("sip.carrier.example")),
    warns("trunk.outbound_answers", "the carrier is silent", lambda s: s.carrier.transports.clear()),
    # The agent
    fails("agent.running", "it is unhealthy", lambda s: s.service("agent", health="unhealthy")),
    fails("agent.registered", "it has lost the server", lambda s: s.fix(registered=False, why_not="not registered: …")),
    fails("agent.watched", "the watcher has exited", lambda s: s.service("watch", state="exited")),
    fails("agent.name", "it has another", another_name_in_the_rule),
    fails(
        "agent.clock",
        "it is two minutes ahead",
        lambda s: s.facts["TIME"].append("sip 1700000000 1700000120 1700000001"),
    ),
    # Who hears, thinks and speaks
    fails("providers.embedded", "the speech service has exited", lambda s: s.service("speech", state="exited")),
    fails(
        "providers.accepted", "a key is refused", lambda s: s.fix(doubts=["https://api.openai.com/v1 refused the key"])
    ),
    fails("providers.hearing", "it does not answer", lambda s: s.model("stt", seconds=None, problem="answered 500")),
    warns("providers.hearing", "it is slow", lambda s: s.model("stt", seconds=4.2)),
    fails("providers.first_word", "it does not answer", lambda s: s.model("llm", seconds=None, problem="answered 429")),
    warns("providers.first_word", "it is slow", lambda s: s.model("llm", seconds=4.2)),
    fails(
        "providers.first_audio", "it does not answer", lambda s: s.model("tts", seconds=None, problem="sent no sound")
    ),
    warns("providers.first_audio", "it is slow", lambda s: s.model("tts", seconds=4.2)),
    # Whom the lines ask and tell
    warns("receivers.webhook", "it cannot be reached", lambda s: s.receiver("webhook", "cannot be reached")),
    warns("receivers.lookup", "it cannot be reached", lambda s: s.receiver("lookup", "cannot be reached")),
    fails("receivers.calendar", "it cannot be read", lambda s: s.receiver("calendar", "cannot be read")),
    fails("receivers.tools", "a web address cannot be reached", lambda s: s.receiver("tool", "cannot be reached")),
    fails("receivers.tools", "an MCP server cannot be reached", lambda s: s.receiver("mcp", "cannot be reached")),
    # What is kept
    fails("kept.writable", "it is read-only", lambda s: s.fix(writable=False)),
    warns("kept.disk", "little is free", lambda s: s.fix(free_mb=900)),
    fails("kept.disk", "nothing is free", lambda s: s.fix(free_mb=10)),
    fails("kept.stores", "a newer release has written one", lambda s: s.fix(newer_stores=1)),
    warns("kept.waiting", "the webhook is down since yesterday", lambda s: s.fix(waiting=12, oldest=26.0)),
    warns("kept.failed", "some were given up", lambda s: s.fix(failed=3)),
    # What is measured
    warns("metrics.running", "it is unhealthy", lambda s: s.service("prometheus", health="unhealthy")),
    warns("metrics.running", "it has no container", lambda s: s.remove("prometheus")),
]
