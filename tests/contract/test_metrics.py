"""What Prometheus asks, the rules and the dashboard, against what the services measure."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.house import compose_file
from tests.support.promql import METRICS, measurements, promtool

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client import CollectorRegistry

PROMETHEUS = yaml.safe_load((METRICS / "prometheus.yml").read_text())
RULES = [rule for group in yaml.safe_load((METRICS / "rules.yml").read_text())["groups"] for rule in group["rules"]]
TESTS = yaml.safe_load((METRICS / "rules_test.yml").read_text())["tests"]
DASHBOARD = json.loads((METRICS / "dashboard.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]

# What is measured by programs of others: in livekit/livekit and livekit/sip, pkg/telemetry/prometheus and pkg/stats.
THEIRS = {
    *("up", "ALERTS"),  # Prometheus' own
    *("process_cpu_seconds_total", "process_resident_memory_bytes"),
    *("livekit_room_total", "livekit_participant_total"),
    *("livekit_sip_calls_active", "livekit_sip_invite_error"),
}
OF_THE_AGENT = {
    *("calls_started_total", "calls_answered_total", "calls_rejected_total", "calls_ended_total"),
    *("calls_in_progress", "calls_at_once_limit", "call_seconds", "turn_seconds", "interruptions_total"),
    *("provider_requests_total", "provider_errors_total", "provider_usage_total", "cost_total"),
    *("events_waiting", "disk_free_bytes", "disk_total_bytes"),
}


def names(registry: CollectorRegistry) -> set[str]:
    """The names of a registry as Prometheus knows them; a histogram has one."""
    return {f"{its.name}_total" if its.type == "counter" else its.name for its in registry.collect()}


def ours() -> dict[str, set[str]]:
    """What each service of ours measures."""
    of_two = {room: names(importlib.import_module(f"{room}.metrics").Metrics().registry) for room in ("desk", "speech")}
    return {"agent": {f"landline_{name}" for name in OF_THE_AGENT}, **of_two}


def family(name: str) -> str:
    return re.sub(r"_(bucket|count|sum)$", "", name)


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ('sum by (line, le) (rate(a_bucket{stage="x", line=~"up|y"}[10m])) > 3', {"a_bucket"}),
        ("sum(a) - (sum(increase(b[15m])) or vector(0)) >= 3 unless sum(c) != sum(c offset 15m)", {"a", "b", "c"}),
        ("max_over_time(sum(a)[15m:15s]) and on (line) b:c", {"a", "b:c"}),
    ],
)
def test_what_an_expression_asks_for_is_found(expression: str, asked: set[str]) -> None:
    assert measurements(expression) == asked


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_what_the_rules_and_the_dashboard_ask_for_is_measured(expression: str) -> None:
    asked = {family(name) for name in measurements(expression)}
    assert asked
    assert asked <= THEIRS | set().union(*ours().values())


def test_the_agent_measures_what_is_asked_of_it() -> None:
    """Figures of the moment, such as the calls in progress, are known only to a worker that runs."""
    agent = importlib.import_module("agent.worker.metrics")
    counted = names(agent.Metrics().registry)
    now = set(re.findall(r'"(landline_\w+)"', (METRICS.parent / "agent/src/agent/worker/metrics.py").read_text()))
    assert {f"landline_{name}" for name in OF_THE_AGENT} <= counted | now


def test_every_service_that_measures_is_asked_for_it() -> None:
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    assert jobs == {"agent", "desk", "livekit", "sip", "speech", "caddy"}
    assert jobs <= set(compose_file()["services"])
    asked = {job for rule in RULES for job in re.findall(r'job=~"([\w|]+)"', rule["expr"])}
    assert sorted(job for several in asked for job in several.split("|")) == sorted(jobs)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do_and_is_tried(rule: dict[str, Any]) -> None:
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in rule["annotations"].values())
    tried = [case for test in TESTS for case in test["alert_rule_test"] if case["alertname"] == rule["alert"]]
    assert any(case["exp_alerts"] for case in tried)


def test_the_rules_and_the_configuration_are_valid() -> None:
    rules = promtool(METRICS, "check", "rules", "rules.yml")
    assert rules.returncode == 0, rules.stderr
    assert f"{len(RULES)} rules found" in rules.stdout
    configuration = promtool(METRICS, "check", "config", "prometheus.yml")
    assert configuration.returncode == 0, configuration.stderr


def test_the_rules_raise_what_they_should_and_nothing_else() -> None:
    done = promtool(METRICS, "test", "rules", "rules_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_queries_are_valid(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    queries = [query.replace("$__rate_interval", "5m").replace("$line", ".*") for query in QUERIES]
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool(tmp_path, "check", "rules", "queries.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def started(folder: Path, **environment: str) -> tuple[str, dict[str, Any]]:
    """Run the start script outside its container: Prometheus' arguments, and the files that it has written."""
    text = (METRICS / "start-prometheus.sh").read_text().replace('"/prometheus/', f'"{folder}/')
    script = text.replace("exec prometheus ", "echo ")
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    return done.stdout, {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({}, {"sip"}),
        ({"PROFILES": "metrics"}, {"sip"}),
        ({"PROFILES": "local,metrics", "NETWORK": "bridge"}, {"sip", "speech"}),
        ({"PROFILES": "local,metrics", "NETWORK": "host"}, {"speech"}),
        ({"ALERTMANAGER": "alerts:9093"}, {"sip", "alertmanager"}),
    ],
)
def test_prometheus_asks_those_that_are_there(tmp_path: Path, environment: dict[str, str], there: set[str]) -> None:
    _, files = started(tmp_path, PATH="/usr/bin:/bin", **environment)
    addresses = {"sip": "sip:6789", "speech": "speech:8000", "alertmanager": environment.get("ALERTMANAGER", "")}
    assert files == {name: [{"targets": [its]}] if name in there else [] for name, its in addresses.items()}
    named = re.findall(r"/prometheus/(\w+)\.json", (METRICS / "prometheus.yml").read_text())
    assert sorted(named) == sorted(files)


@pytest.mark.parametrize(("given", "form"), [("text", "logfmt"), ("json", "json"), ("", "logfmt")])
def test_the_flags_are_those_of_every_release_since_2_43(tmp_path: Path, given: str, form: str) -> None:
    said, _ = started(tmp_path, PATH="/usr/bin:/bin", LOG_FORMAT=given)
    flags = dict(flag.removeprefix("--").split("=") for flag in said.split())
    assert flags == {
        "config.file": "/etc/prometheus/prometheus.yml",
        "storage.tsdb.path": "/prometheus",
        "storage.tsdb.retention.time": "15d",
        "storage.tsdb.retention.size": "1GB",
        "web.cors.origin": "none",
        "log.level": "warn",
        "log.format": form,
    }


def test_caddys_own_measurements_are_on_a_port_that_is_not_published() -> None:
    inside = (METRICS.parent / "caddy/Caddyfile").read_text().split("\nhttp://:8080 {\n")[1]
    assert "\tmetrics /metrics\n" in inside
    assert [port for port in compose_file()["services"]["caddy"]["ports"] if ":8080" in port] == []
