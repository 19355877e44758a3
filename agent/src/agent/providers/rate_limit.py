"""How long each endpoint wants to be left alone, as its latest 429 or 503 said. Every call finds out by itself."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

LONGEST = 60.0  # seconds; an endpoint that names more has used up a quota, which no caller can wait for


@dataclass
class RateLimits:
    """The limits in force, by the address of the endpoint."""

    _until: dict[str, float] = field(default_factory=dict)  # time.monotonic()

    def note(self, address: str, seconds: float | None) -> None:
        """Remember that an endpoint takes no requests for so long; None or more than LONGEST is not remembered."""
        if seconds is not None and 0 < seconds <= LONGEST:
            self._until[address] = time.monotonic() + seconds

    def seconds_left(self, address: str) -> float:
        """Return for how long an endpoint wants to be left alone; 0 if it may be asked."""
        return max(0.0, self._until.get(address, 0.0) - time.monotonic())

    @property
    def any_in_force(self) -> bool:
        """Whether some endpoint wants to be left alone, and will take requests again within LONGEST."""
        return any(self.seconds_left(address) for address in self._until)

    def forget(self) -> None:
        """Forget all limits."""
        self._until.clear()


limits = RateLimits()


def seconds_named(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds a response asks to wait, by Retry-After or its variant in milliseconds; None: no word.

    Retry-After is a number of seconds, or a date.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _seconds_until(value)
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None


def _seconds_until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return math.nan
