"""What Prometheus is told of the embedded models."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.unit.speech.conftest import wait_until

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.speech.engines import Mind


def value(client: TestClient, name: str, **labels: str) -> float | None:
    """One measurement, as Prometheus reads it."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def ask(client: TestClient, model: str = "mind", text: str = "one two") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return client.post("/v1/chat/completions", json=body).status_code


def test_requests_are_counted_by_model_and_status_and_answers_are_timed(client: TestClient) -> None:
    assert [ask(client), ask(client), ask(client, "another")] == [200, 200, 404]
    requests, seconds = "landline_speech_requests_total", "landline_speech_request_seconds_count"
    assert value(client, requests, kind="chat", model="mind", status="200") == 2
    assert value(client, requests, kind="chat", model="mind", status="404") == 1
    assert value(client, seconds, kind="chat", model="mind") == 2
    assert value(client, requests, kind="speech", model="mouth", status="200") is None


def test_the_requests_that_wait_for_a_model_are_shown(client: TestClient, mind: Mind) -> None:
    mind.gate.clear()
    asking = [threading.Thread(target=ask, args=(client,)) for _ in range(3)]
    for one in asking:
        one.start()
    wait_until(lambda: value(client, "landline_speech_waiting", kind="chat") == 2)
    assert value(client, "landline_speech_waiting", kind="speech") == 0
    mind.gate.set()
    for one in asking:
        one.join()
    wait_until(lambda: value(client, "landline_speech_waiting", kind="chat") == 0)


def test_nothing_that_was_said_is_in_it(client: TestClient) -> None:
    ask(client, text="canary")
    assert "canary" not in client.get("/metrics").text
