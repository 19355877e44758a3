"""A server with the trunks and rules of a last `make up`, and the folder in which that was noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bootstrap import last_up
from bootstrap.desired import Desired, desired
from bootstrap.reconcile import reconcile
from bootstrap.server import RetryPolicy, Server, connect_to
from tests.support.fakes.livekit_sip import FakeLiveKit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bootstrap.settings import ServerSettings

ONE_TRY = RetryPolicy(attempts=1, request_seconds=2)


@pytest.fixture
async def server() -> AsyncIterator[FakeLiveKit]:
    fake = FakeLiveKit()
    async with fake.serving():
        yield fake


@pytest.fixture
async def client(server: FakeLiveKit) -> AsyncIterator[Server]:
    async with connect_to(server.url, server.key, server.secret, ONE_TRY) as its:
        yield its


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    monkeypatch.setattr(last_up, "FOLDER", folder)
    return folder


@pytest.fixture
async def want(client: Server, server: FakeLiveKit, made: Path, settings: Callable[..., ServerSettings]) -> Desired:
    """What the last `make up` wanted, noted and made, with a password for each trunk."""
    given = {"SIP_USERNAME": "bob", "SIP_PASSWORD": "canary-sip", "TRUNK_PROVIDER": "generic"}
    given |= {"OUTBOUND_ADDRESS": "sip.example.com", "OUTBOUND_USERNAME": "ann", "OUTBOUND_PASSWORD": "canary-out"}
    its = settings(ALLOWED_ADDRESSES="54.172.60.0/30", **given)
    wanted = desired(its, {"coffee": its.phone_numbers})
    last_up.write(wanted)
    await reconcile(client, wanted)
    server.calls.clear()
    return wanted
