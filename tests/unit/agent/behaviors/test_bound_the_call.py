"""The end of a call that takes too long: announced in a pause, then said goodbye to."""

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import CloseEvent, CloseReason

from agent.behaviors import bound_the_call as behavior
from agent.behaviors.bound_the_call import bound_the_call
from tests.unit.agent.fakes import in_call, line, until

TOO_LONG = ("time_is_up", "the call took too long")
USED_UP = ("time_is_up", "the minutes of the day are used up")


class Session(rtc.EventEmitter[str]):
    user_state = "listening"


class Line:
    """What the behaviour does is written down, with the moment since it was attached."""

    begun = False

    def __init__(self) -> None:
        self.session = Session()
        self.left: float | None = None
        self.said: list[tuple[float, Any]] = []
        self.clock = asyncio.get_running_loop().time
        self.since = self.clock()

    def say(self, sentence: str, reason: str = "", *, allow_interruptions: bool = False) -> None:
        self.said.append((self.clock() - self.since, (sentence, reason or allow_interruptions)))

    def seconds_left(self) -> float | None:
        return None if self.left is None else self.left - (self.clock() - self.since)

    def bound(self, longest: float, warning: float) -> asyncio.Task[None]:
        me: Any = self
        short = line(max_call_duration=longest, call_warning=warning)
        return bound_the_call(in_call(session=self.session, announcer=me, ending=me, slot=me, line=short))

    @property
    def words(self) -> list[Any]:
        return [said for _, said in self.said]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behavior, "CHECKED_EVERY", 0.01)
    monkeypatch.setattr(behavior, "GREETING", 0.02)
    monkeypatch.setattr(behavior, "PAUSE_WITHIN", 0.2)


async def test_the_end_is_announced_then_it_comes() -> None:
    line = Line()
    await asyncio.wait_for(line.bound(longest=0.3, warning=0.2), 5)
    assert line.words == [("ending_soon", True), TOO_LONG]
    assert [moment >= least for (moment, _), least in zip(line.said, [0.1, 0.3], strict=True)] == [True, True]


async def test_the_minutes_of_the_day_end_it_sooner() -> None:
    line = Line()
    line.left = 0.2
    await asyncio.wait_for(line.bound(longest=60, warning=0.1), 5)
    assert line.words == [("ending_soon", True), USED_UP]


async def test_minutes_that_another_call_uses_up_meanwhile_end_it_too() -> None:
    line = Line()
    line.left = 60
    ending = line.bound(longest=60, warning=0.1)
    await asyncio.sleep(0.05)
    line.left = 0.2
    await asyncio.wait_for(ending, 5)
    assert line.words == [("ending_soon", True), USED_UP]


async def test_it_is_not_announced_over_what_the_caller_says() -> None:
    line = Line()
    line.session.user_state = "speaking"
    ending = line.bound(longest=1, warning=0.9)
    await asyncio.sleep(0.2)
    assert line.words == []
    line.session.user_state = "listening"
    await until(lambda: line.words)
    assert line.words == [("ending_soon", True)]
    ending.cancel()


async def test_who_makes_no_pause_is_told_nevertheless_and_cannot_talk_over_it() -> None:
    line = Line()
    line.session.user_state = "speaking"
    ending = line.bound(longest=1, warning=0.9)
    await until(lambda: line.words)
    assert line.words == [("ending_soon", False)]
    ending.cancel()


async def test_nothing_is_announced_while_the_greeting_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behavior, "GREETING", 0.1)
    line = Line()
    line.left = 0.3
    await asyncio.wait_for(line.bound(longest=60, warning=60), 5)
    assert line.said[0][0] >= 0.1


async def test_nothing_is_announced_once_the_call_is_ending() -> None:
    line = Line()
    line.begun = True
    await asyncio.wait_for(line.bound(longest=0.1, warning=0.05), 5)
    assert line.words == [TOO_LONG]  # which `Ending` does not do twice


async def test_it_is_over_with_the_session() -> None:
    line = Line()
    ending = line.bound(longest=0.1, warning=0.05)
    line.session.emit("close", CloseEvent(reason=CloseReason.USER_INITIATED))
    await asyncio.gather(ending, return_exceptions=True)
    assert ending.cancelled()
    assert line.words == []
