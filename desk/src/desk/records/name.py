"""The name of a call: its line, the day and the time at which it began (UTC), and six random characters.

The call 2026-11-25_142233-1f2e3d of the line coffee has its record in calls/coffee/2026-11-25/142233-1f2e3d and its
note in noted/coffee/2026-11-25/142233-1f2e3d.json. Nothing else may be part of a path, so a name that was checked leads
nowhere else.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from desk.places import LINE

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CALL = re.compile(r"[0-9]{6}-[0-9a-f]{6}")
MESSAGE = re.compile(rf"({CALL.pattern})-message-([0-9]{{1,6}})")
RECORD = re.compile(rf"({DAY.pattern})_({CALL.pattern})")


@dataclass(frozen=True, slots=True, order=True)
class CallName:
    """Which call it is. Two calls of one line in the same second differ by the random characters."""

    line: str
    day: str  # 2026-11-25
    call: str  # 142233-1f2e3d

    @classmethod
    def checked(cls, line: str, day: str, call: str) -> Self | None:
        """Return the name with these parts, or None if one of them is no such part."""
        named = LINE.fullmatch(line) and DAY.fullmatch(day) and CALL.fullmatch(call)
        name = cls(line, day, call)
        return name if named and name._began() else None

    @classmethod
    def of_record(cls, line: str, record: str) -> Self | None:
        """Return the name of `2026-11-25_142233-1f2e3d`, or None if that is no record's name."""
        found = RECORD.fullmatch(record)
        return cls.checked(line, found[1], found[2]) if found else None

    @property
    def record(self) -> str:
        """The name as in `.work` and in events: 2026-11-25_142233-1f2e3d. Records sort by the time they began."""
        return f"{self.day}_{self.call}"

    @property
    def path(self) -> str:
        """The name as below calls/ and in addresses: coffee/2026-11-25/142233-1f2e3d."""
        return f"{self.line}/{self.day}/{self.call}"

    @property
    def began(self) -> datetime:
        """When the call began, in UTC, to the second."""
        began = self._began()
        if began is None:
            raise ValueError(f"{self.path} is no name of a call")
        return began

    def _began(self) -> datetime | None:
        try:
            return datetime.strptime(f"{self.day} {self.call[:6]}", "%Y-%m-%d %H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None
