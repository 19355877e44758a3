"""What is asked of Twilio, with a module in the place of `bootstrap.twilio` that has its functions."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bootstrap.doctor.carrier import differences_at_twilio
from bootstrap.ownership import BlockedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bootstrap.settings import ServerSettings

LINES = {"coffee": ("+12025550123",)}
SETTINGS = cast("ServerSettings", SimpleNamespace(twilio_account_sid="AC123"))


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    @asynccontextmanager
    async def connect(_: Any, policy: Any) -> AsyncIterator[str]:
        assert policy.attempts == 1
        yield "account"

    async def look(_: Any) -> list[str]:
        return ["trunk"]

    module = SimpleNamespace(
        connect=connect, look=look, want=lambda _, lines: lines, changes=lambda want, there: [*want, *there]
    )
    monkeypatch.setitem(sys.modules, "bootstrap.twilio", module)
    return module


@pytest.mark.usefixtures("twilio")
async def test_what_is_there_is_compared_with_what_the_settings_and_the_lines_want() -> None:
    assert await differences_at_twilio(SETTINGS, LINES) == ["coffee", "trunk"]


async def test_somebody_elses_trunk_in_the_way_is_a_difference(twilio: SimpleNamespace) -> None:
    def refuse(*_: Any) -> list[str]:
        raise BlockedError("in the way")

    twilio.changes = refuse
    assert await differences_at_twilio(SETTINGS, LINES) == ["in the way"]


async def test_without_an_account_nobody_is_asked() -> None:
    assert await differences_at_twilio(cast("ServerSettings", SimpleNamespace()), LINES) is None
