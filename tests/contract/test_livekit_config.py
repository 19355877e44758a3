"""The gateway ignores configuration keys it does not know, so a slip of the pen is found here."""

from __future__ import annotations

import os
import shlex
import subprocess
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    from pathlib import Path

# The keys of livekit/sip's pkg/config/config.go that are there in v1.4.0 and in v1.11.0.
GATEWAY_KEYS = {
    "redis",
    "api_key",
    "api_secret",
    "ws_url",
    "health_port",
    "prometheus_port",
    "pprof_port",
    "sip_port",
    "sip_port_listen",
    "sip_hostname",
    "sip_ringing_interval",
    "tcp",
    "tls",
    "rtp_port",
    "logging",
    "cluster_id",
    "max_cpu_utilization",
    "max_active_calls",
    "sip_trunk_ids",
    "use_external_ip",
    "local_net",
    "nat_1_to_1_ip",
    "listen_ip",
    "media_use_external_ip",
    "media_nat_1_to_1_ip",
    "media_timeout",
    "media_timeout_initial",
    "symmetric_rtp",
    "ignore_local_addr_in_sdp",
    "udp_max_payload",
    "codecs",
    "hide_inbound_port",
    "add_record_route",
    "audio_dtmf",
    "enable_jitter_buffer",
    "enable_jitter_buffer_prob",
}


# The keys of `turn` in livekit/livekit's pkg/config/config.go of v1.13.5; the server does not start with any other.
TURN_KEYS = {
    "enabled",
    "domain",
    "cert_file",
    "key_file",
    "tls_port",
    "udp_port",
    "relay_range_start",
    "relay_range_end",
    "external_tls",
    "bind_addresses",
    "ttl_seconds",
    "allow_restricted_peer_cidrs",
    "deny_peer_cidrs",
}

SETTINGS = {"SIP_PORT": "5060", "RTP_PORTS": "10000-10099", "RTC_TCP_PORT": "7881", "RTC_UDP_PORT": "7882"}


def started(folder: Path, script: str, then: str, **environment: str) -> str:
    """Run a start script outside its container, with secrets of its own, and `then` in place of its last command."""
    for secret in ("livekit_api_key", "livekit_api_secret", "redis_password"):
        (folder / secret).write_text(f"the-{secret}")
    text = (ROOT / "livekit" / script).read_text().replace("/run/secrets", str(folder))
    text = text.replace("/etc/", f"{ROOT}/livekit/")
    start, last = text.rsplit("\nexec ", 1)
    rest = last.split("\n", 1)[1] if "<<" in last else ""
    command = f"{start}\n{then}\n{rest}"
    env = {"PATH": os.environ["PATH"], **SETTINGS, **environment}
    return subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True).stdout


def gateway_config(folder: Path, **environment: str) -> dict[str, Any]:
    written = started(folder, "start-gateway.sh", 'printf %s "$SIP_CONFIG_BODY"', **environment)
    loaded: dict[str, Any] = yaml.safe_load(written)
    return loaded


def server_config(folder: Path, **environment: str) -> dict[str, Any]:
    written = started(folder, "start-server.sh", 'printf %s "$LIVEKIT_CONFIG"', **environment)
    loaded: dict[str, Any] = yaml.safe_load(written)
    return loaded


def listen(service: str, file: str = "compose.yaml") -> str:
    return str(
        yaml.safe_load((ROOT / file).read_text().replace("!reset", ""))["services"][service]["environment"]["LISTEN"]
    )


def test_the_gateway_knows_every_key_of_its_configuration(tmp_path: Path) -> None:
    written = set(yaml.safe_load((ROOT / "livekit/sip.yaml").read_text()))
    config = gateway_config(tmp_path, ADVERTISED_IP="203.0.113.7", LISTEN=listen("sip"))
    assert set(config) - written == {"redis", "logging", "sip_port", "rtp_port", "nat_1_to_1_ip", "prometheus_port"}
    assert set(config) <= GATEWAY_KEYS
    assert config["redis"] == {"address": "redis:6379", "password": "the-redis_password"}
    assert config["nat_1_to_1_ip"] == "203.0.113.7"


def test_what_a_host_does_not_have_is_not_in_the_configuration(tmp_path: Path) -> None:
    config = gateway_config(tmp_path, ADVERTISED_IP="", LISTEN=listen("sip", "livekit/host-network.yaml"))
    assert {"nat_1_to_1_ip", "prometheus_port"} & set(config) == set()
    assert config["logging"] == {"level": "error", "json": False}
    assert "ips" not in server_config(tmp_path, HOST_IP="")["rtc"]


def test_the_servers_own_address_is_among_its_settings_of_rtc(tmp_path: Path) -> None:
    config = server_config(tmp_path, HOST_IP="192.0.2.9", LISTEN=listen("livekit"), LOG_JSON="true")
    assert config["rtc"]["ips"] == {"includes": ["192.0.2.9/32"]}
    assert config["prometheus"] == {"port": 6789}
    assert config["logging"] == {"level": "error", "json": True}


def test_browsers_are_offered_loopback_where_nothing_else_is_published(tmp_path: Path) -> None:
    assert server_config(tmp_path, ADVERTISED_IP="")["rtc"]["enable_loopback_candidate"] is True
    assert "enable_loopback_candidate" not in server_config(tmp_path, ADVERTISED_IP="203.0.113.7")["rtc"]
    on_the_host = server_config(tmp_path, ADVERTISED_IP="203.0.113.7", HOST_IP="192.0.2.9")["rtc"]
    assert "enable_loopback_candidate" not in on_the_host


def test_without_turns_port_the_server_has_no_relay(tmp_path: Path) -> None:
    assert "turn" not in server_config(tmp_path, ADVERTISED_IP="203.0.113.7", TURN_UDP_PORT="")


# As the server's permission handler decides, in pkg/service/turn.go of v1.13.5: of the restricted networks, only what
# is allowed; and never what is denied.
def relays_to(turn: dict[str, Any], address: str) -> bool:
    peer = ip_address(address)
    restricted = peer.is_loopback or peer.is_link_local or peer.is_multicast or peer.is_unspecified
    restricted |= any(peer in ip_network(private) for private in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    allowed = any(peer in ip_network(one) for one in turn["allow_restricted_peer_cidrs"])
    denied = any(peer in ip_network(one) for one in turn["deny_peer_cidrs"] if peer.version == ip_network(one).version)
    return (allowed or not restricted) and not denied


@pytest.mark.parametrize("own", ["203.0.113.7", "192.168.1.10", "10.0.0.1", "0.0.0.1", "255.255.255.254"])
def test_the_relay_reaches_the_servers_own_address_and_nothing_else(tmp_path: Path, own: str) -> None:
    turn = server_config(tmp_path, ADVERTISED_IP=own, TURN_UDP_PORT="443")["turn"]
    assert (turn["enabled"], turn["udp_port"]) == (True, 443)
    assert relays_to(turn, own)
    near = [str(ip_address(own) + step) for step in (-1, 1)]
    others = ["8.8.8.8", "172.29.53.2", "127.0.0.1", "169.254.169.254", "10.1.2.3", "2600:1f00::1", "::1", *near]
    assert [other for other in others if relays_to(turn, other)] == []
    # The ranges that are denied are all other addresses: together with the server's own, they are as many as there are.
    denied = [ip_network(one) for one in turn["deny_peer_cidrs"] if ":" not in one]
    assert sum(network.num_addresses for network in denied) == 2**32 - 1
    assert set(turn) <= TURN_KEYS


@pytest.mark.parametrize(("address", "told"), [("", []), ("203.0.113.7", ["--node-ip", "203.0.113.7"])])
def test_the_server_is_told_ports_and_address_and_no_secret_as_an_argument(
    tmp_path: Path, address: str, told: list[str]
) -> None:
    written = started(tmp_path, "start-server.sh", 'printf "%s\\n" "$@"', ADVERTISED_IP=address)
    ports = ["--redis-host", "redis:6379", "--udp-port", "7882", "--rtc.tcp_port", "7881"]
    assert written.split("\n")[:-1] == ports + told


def test_the_servers_secrets_are_in_the_environment_of_its_process_alone(tmp_path: Path) -> None:
    written = started(tmp_path, "start-server.sh", 'env | grep -e "^LIVEKIT_KEYS" -e "^REDIS_PASSWORD"')
    assert set(written.splitlines()) == {
        "LIVEKIT_KEYS=the-livekit_api_key: the-livekit_api_secret",
        "REDIS_PASSWORD=the-redis_password",
    }


def test_redis_reads_its_password_from_standard_input(tmp_path: Path) -> None:
    written = started(tmp_path, "start-redis.sh", "cat - <<END")
    assert "requirepass the-redis_password" in written.splitlines()
    [start] = [line for line in (ROOT / "livekit/start-redis.sh").read_text().splitlines() if line.startswith("exec")]
    assert shlex.split(start) == ["exec", "redis-server", "-", "<<END"]


def test_every_script_beside_the_configuration_is_mounted_in_a_container() -> None:
    volumes = [volume for service in compose_file()["services"].values() for volume in service.get("volumes", [])]
    mounted = {volume.split(":")[0] for volume in volumes}
    assert {f"./livekit/{path.name}" for path in (ROOT / "livekit").glob("*.sh")} <= mounted
