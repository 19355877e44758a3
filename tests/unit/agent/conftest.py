"""What every test of the agent needs."""

import ssl
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest

from agent.providers import client
from agent.providers.client import Client
from agent.providers.openai import connect
from agent.providers.rate_limit import limits
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.never_silent import INSTANT


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Every client makes one, and reads all authorities there are for it, though nothing here is asked by TLS."""
    with patch("ssl.create_default_context", cache(ssl.create_default_context)):
        yield


@pytest.fixture(autouse=True)
def turned(clock: None) -> None:
    """No test of the agent waits for time to pass, but for those marked `real_time`."""


@pytest.fixture(autouse=True)
async def own_connections(turned: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Close every client that a test has opened: a later endpoint may have the port of an earlier one."""
    opened: list[Client] = []

    class Listed(Client):
        def __init__(self, *how: Any, **more: Any) -> None:
            super().__init__(*how, **more)
            opened.append(self)

    monkeypatch.setattr(client, "Client", Listed)
    yield
    for each in opened:
        await each.aclose()
    connect.cache_clear()
    limits.forget()


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeOpenAI]:
    """A provider of everything that answers at once, to the key of `fakes.settings`."""
    async with FakeOpenAI(INSTANT) as endpoint:
        yield endpoint
