"""A proxy of the engine's configuration is for the providers; the media server is asked directly."""

import os
import subprocess
import sys

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


SDK = """
import asyncio, os
from livekit import rtc

async def main():
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for name in os.environ["NAMES"].split():
        os.environ[name] = proxy
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "livekit"
    try:
        await rtc.Room().connect("ws://livekit:7880", "e30.e30.x")
    except rtc.ConnectError:
        pass
    print(b"CONNECT livekit:7880 HTTP/1.1\\r\\n" in asked)

asyncio.run(main())
"""


@pytest.mark.parametrize(("names", "asked"), [("HTTP_PROXY http_proxy HTTPS_PROXY", True), ("ALL_PROXY", False)])
def test_the_media_sdk_knows_no_exception_from_these_variables_and_not_the_other(names: str, asked: bool) -> None:
    """If the first case fails, the SDK has learned of NO_PROXY, and `ask_the_server_directly` can go."""
    usual = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run([sys.executable, "-c", SDK], env=usual | {"NAMES": names}, capture_output=True, text=True)
    assert done.stdout == f"{asked}\n", done.stderr
