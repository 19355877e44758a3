"""Work beside the calls goes on whatever happens."""

import asyncio

import pytest

from agent.background import repeat


async def test_an_error_does_not_end_it_and_is_logged_once_until_it_has_succeeded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps: list[Exception | None] = [OSError(), ValueError(), None, OSError(), None]
    done = asyncio.Event()

    async def step() -> None:
        if not steps:
            done.set()
        elif error := steps.pop(0):
            raise error

    task = asyncio.create_task(repeat(step, 0, "Could not look"))
    await asyncio.wait_for(done.wait(), 1)
    task.cancel()
    assert caplog.messages == ["Could not look; this will be tried again"] * 2
