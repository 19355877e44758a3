"""Times as people at the line's place read them."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.places import LINE

UTC_ZONE = ZoneInfo("UTC")


def zone_of(line: str, lines: Path) -> ZoneInfo:
    """Return a line's time zone; UTC if its line.toml names none, or cannot be read."""
    if not LINE.fullmatch(line):
        return UTC_ZONE
    try:
        named = tomllib.loads((lines / line / "line.toml").read_text(encoding="utf-8-sig")).get("timezone", "UTC")
        return ZoneInfo(named) if isinstance(named, str) else UTC_ZONE
    except (OSError, ValueError, KeyError, RecursionError):  # an unknown zone is a KeyError
        return UTC_ZONE


def spoken_day(day: date) -> str:
    """Return "Wednesday 25 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def spoken_moment(moment: datetime) -> str:
    """Return "Wednesday 25 November 2026, 14:22", as the clock in its zone shows it."""
    return f"{spoken_day(moment)}, {moment:%H:%M}"
