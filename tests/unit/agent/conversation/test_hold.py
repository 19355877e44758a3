"""Whether the caller is on hold, by what comes from their phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from agent.conversation.hold import Hold
from tests.unit.agent.fakes import Phone, until


@pytest.fixture
def phone() -> Phone:
    return Phone()


@asynccontextmanager
async def watching(phone: Phone) -> AsyncIterator[Hold]:
    session: Any = SimpleNamespace(vad=None)
    participant: Any = phone
    hold = Hold(session, participant)
    task = asyncio.create_task(hold.watch())
    yield hold
    task.cancel()


@pytest.fixture
async def hold(phone: Phone) -> AsyncIterator[Hold]:
    async with watching(phone) as hold:
        yield hold


async def test_a_phone_that_sends_packets_is_not_on_hold(hold: Hold) -> None:
    await asyncio.sleep(10)
    assert not hold.is_on
    assert hold.seconds_without_packets < 1.1


async def test_without_packets_the_caller_is_on_hold_until_they_come_back(hold: Hold, phone: Phone) -> None:
    await asyncio.sleep(3)
    phone.sends = False
    await until(lambda: hold.is_on)
    phone.sends = True
    await until(lambda: not hold.is_on)


async def test_nothing_is_known_of_a_phone_without_a_track(phone: Phone) -> None:
    phone.track_publications.clear()
    async with watching(phone) as hold:
        await asyncio.sleep(10)
        assert (hold.seconds_without_packets, hold.is_on) == (0.0, False)


async def test_statistics_that_cannot_be_had_are_asked_for_again(
    hold: Hold, phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> list[Any]:
        raise RuntimeError("the room is closed")

    with monkeypatch.context() as broken:
        broken.setattr(phone, "get_stats", fail)
        await asyncio.sleep(3)
    await until(lambda: hold.seconds_without_packets > 0)
    assert sum("Could not count the packets" in message for message in caplog.messages) == 1


async def test_a_browser_that_is_muted_is_not_on_hold(phone: Phone) -> None:
    phone.identity, phone.attributes = "browser-0123456789abcdef", {"landline.caller": "browser"}
    phone.sends = False
    async with watching(phone) as hold:
        assert (hold.is_on, hold.has_music, hold.seconds_without_packets) == (False, False, 0)
