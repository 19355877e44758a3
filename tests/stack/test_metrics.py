"""Prometheus beside the line: it reaches every service, a real call is in it, and nobody outside reaches it."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.calls import QUESTION
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.stack.line import Line

JOBS = {"agent", "desk", "livekit", "sip", "speech", "caddy"}
COLLECTED_WITHIN = 60.0  # seconds: the agent counts a call when it is over, and Prometheus asks every 15 s


def soon(holds: Callable[[], bool], what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + COLLECTED_WITHIN
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(1)


class Prometheus:
    """Asked as whoever is inside the network asks: from the agent's container."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def get(self, path: str, **query: str) -> Any:
        url = f"http://prometheus:9090/api/v1/{path}?{urllib.parse.urlencode(query)}"
        code = f"import urllib.request as r; print(r.urlopen('{url}').read().decode())"
        answer = json.loads(self._line.compose("exec", "-T", "agent", "python", "-c", code))
        assert answer["status"] == "success"
        return answer["data"]

    def value(self, expression: str) -> float:
        """The value of an expression without labels; 0 if nothing has been measured."""
        found = self.get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def targets(self) -> dict[str, tuple[str, str]]:
        """The health and the last error of each job."""
        there = self.get("targets", state="active")["activeTargets"]
        return {one["labels"]["job"]: (one["health"], one["lastError"]) for one in there}


@pytest.fixture(scope="module")
def prometheus(line: Line) -> Iterator[Prometheus]:
    line.set("METRICS", "yes")
    try:
        line.up()
        yield Prometheus(line)
    finally:
        line.set("METRICS", "no")
        line.set("METRICS_PORT", "")
        line.up()
        assert "prometheus" not in line.compose("ps", "--all", "--services")


def bound(line: Line) -> dict[str, Any]:
    """The ports of Prometheus' container that are published, and where."""
    container = line.compose("ps", "--quiet", "prometheus").strip()
    ports = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Ports}}", container))
    return {port: its for port, its in ports.items() if its}


@pytest.mark.slow
def test_every_service_answers_prometheus(prometheus: Prometheus) -> None:
    soon(lambda: prometheus.targets() == dict.fromkeys(JOBS, ("up", "")), prometheus.targets)


@pytest.mark.slow
def test_the_rules_are_evaluated_without_an_error(prometheus: Prometheus) -> None:
    def rules() -> list[dict[str, Any]]:
        return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]

    soon(lambda: len(rules()) > 10 and {rule["health"] for rule in rules()} == {"ok"}, rules)


@pytest.mark.slow
def test_a_real_call_is_counted_with_its_turns_and_its_outcome(line: Line, prometheus: Prometheus, flavor: str) -> None:
    ended, turns = "sum(landline_calls_ended_total)", 'sum(landline_turn_seconds_count{stage="first_audio"})'
    before, turns_before = prometheus.value(ended), prometheus.value(turns)
    outcome = line.call(*QUESTION, "--expect", flavor)
    assert outcome.code == 0, outcome.printed
    soon(lambda: prometheus.value(ended) == before + 1, lambda: prometheus.get("query", query='{job="agent"}'))
    assert prometheus.value(turns) > turns_before
    assert prometheus.value('sum(landline_calls_answered_total{line="coffee", came_by="phone", direction="inbound"})')
    slowest = prometheus.value('histogram_quantile(1, sum by (le) (landline_turn_seconds_bucket{stage="first_audio"}))')
    assert 0 < slowest <= 13
    assert prometheus.value("sum(landline_calls_in_progress)") == 0
    assert prometheus.value("max(landline_calls_at_once_limit)") == 3
    for kind in ("transcription", "chat", "speech"):
        served = f'sum(landline_speech_requests_total{{kind="{kind}", status="200"}})'
        assert prometheus.value(served) > 0, kind
    # Figures of other programs that the dashboard shows; the gateway's are there from the first call on.
    for name in ("livekit_room_total", "livekit_participant_total", "livekit_sip_calls_active"):
        assert prometheus.value(f"count({name})") > 0, name


@pytest.mark.slow
def test_no_number_and_no_word_of_a_caller_is_in_it(line: Line, prometheus: Prometheus, flavor: str) -> None:
    labels = json.dumps([prometheus.get("series", **{"match[]": f'{{job="{job}"}}'}) for job in ("agent", "speech")])
    number, *_ = line.value("PHONE_NUMBERS").split(",")
    assert number.removeprefix("+") not in labels
    assert flavor not in labels


@pytest.mark.slow
def test_nothing_of_it_is_reached_from_outside(line: Line, prometheus: Prometheus) -> None:
    assert prometheus.targets()
    assert bound(line) == {}
    unchecked = ssl._create_unverified_context()  # noqa: S323 - it is Caddy's own certificate
    for path in ("/metrics", "/metrics/", "/%6detrics", "//metrics", "/x/../metrics"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"https://localhost:{line.value('HTTPS_PORT')}{path}", context=unchecked)
        with refused.value as answer:  # which is an answer, too, and is to be closed
            assert answer.code in (401, 404), path


@pytest.mark.slow
def test_with_a_port_it_is_published_to_this_machine_alone(line: Line, prometheus: Prometheus) -> None:
    port = str(line.sip_port + 7)
    line.set("METRICS_PORT", port)
    said = line.up()
    assert f"http://127.0.0.1:{port}, on this machine only" in said
    assert bound(line) == {"9090/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy") as answer:
        assert answer.status == 200
    soon(lambda: set(prometheus.targets()) == JOBS, prometheus.targets)
    assert "level=error" not in line.logs("prometheus").lower()


@pytest.mark.slow
def test_what_it_has_measured_outlives_its_container(line: Line, prometheus: Prometheus) -> None:
    before = prometheus.value("sum(max_over_time(landline_calls_ended_total[1h]))")
    assert before > 0
    line.compose("rm", "--stop", "--force", "prometheus")
    line.up()
    soon(lambda: set(prometheus.targets()) == JOBS, prometheus.targets)
    assert prometheus.value("sum(max_over_time(landline_calls_ended_total[1h]))") >= before
