"""The gateway ignores configuration keys it does not know, so a slip of the pen is found here."""

from __future__ import annotations

import re

import yaml

from tests.support.house import ROOT, compose_file

# The keys of livekit/sip's pkg/config/config.go that are there in v1.3.0 and in v1.11.0.
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
    "codecs",
    "hide_inbound_port",
    "add_record_route",
    "audio_dtmf",
    "enable_jitter_buffer",
    "enable_jitter_buffer_prob",
}


def test_the_gateway_knows_every_key_of_its_configuration() -> None:
    written = set(yaml.safe_load((ROOT / "livekit/sip.yaml").read_text()))
    script = "\n".join(compose_file()["services"]["sip"]["command"])
    appended = set(re.findall(r"^(?:\$\{ADVERTISED_IP:\+)?([a-z_0-9]+): ", script, re.M))
    listen = {compose_file()["services"]["sip"]["environment"]["LISTEN"].split(":")[0]}
    assert appended >= {"redis", "rtp_port", "sip_port", "nat_1_to_1_ip"}
    assert written | appended | listen <= GATEWAY_KEYS
