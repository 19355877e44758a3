"""A proxy of the engine's configuration is for the providers; the media server is asked directly."""

import os

import httpx2
import pytest
from livekit.agents import AgentServer

from agent.worker.proxies import ask_the_server_directly

PROXY = "http://proxy.test:3128"
INNER = "redis,livekit,sip,speech,172.29.53.0/24"
NAMES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Docker puts into a container, with what compose.yaml adds."""
    for name in NAMES:
        monkeypatch.setenv(name, PROXY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, INNER)
    monkeypatch.setenv("ALL_PROXY", "")
    monkeypatch.delenv("ALL_PROXY")


def goes_through_the_proxy(url: str) -> bool:
    client = httpx2.AsyncClient()
    return client._transport_for_url(httpx2.URL(url)) is not client._transport


def test_the_server_of_this_bundle_is_asked_directly_and_providers_through_the_proxy() -> None:
    ask_the_server_directly("ws://livekit:7880")
    assert not [name for name in NAMES if name in os.environ]  # the media SDK knows these, and no NO_PROXY
    assert AgentServer(api_key="k", api_secret="s" * 32)._http_proxy is None
    assert goes_through_the_proxy("https://api.openai.com/v1")
    assert goes_through_the_proxy("http://models.test/v1")
    assert not goes_through_the_proxy("http://speech:8000/v1")


def test_a_server_outside_is_still_asked_through_the_proxy() -> None:
    ask_the_server_directly("wss://livekit.example.com")
    assert {os.environ[name] for name in NAMES} == {PROXY}
    assert AgentServer(api_key="k", api_secret="s" * 32)._http_proxy == PROXY


def test_without_a_proxy_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name)
    ask_the_server_directly("ws://livekit:7880")
    assert "ALL_PROXY" not in os.environ
