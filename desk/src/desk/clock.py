"""Times as people at the line's place read them."""

import codecs
import tomllib
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.places import LINE

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTC_ZONE = ZoneInfo("UTC")


def zone_of(line: str, lines: Path) -> ZoneInfo:
    """Return a line's time zone; UTC if its line.toml names none, or cannot be read."""
    if not LINE.fullmatch(line):
        return UTC_ZONE
    try:
        content = (lines / line / "line.toml").read_bytes()
        text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")  # as the agent reads it
        named = tomllib.loads(text).get("timezone", "UTC")
        return ZoneInfo(named) if isinstance(named, str) else UTC_ZONE
    except (OSError, ValueError, KeyError, RecursionError):  # an unknown zone is a KeyError
        return UTC_ZONE


def spoken_day(day: date) -> str:
    """Return "Wednesday 25 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def spoken_moment(moment: datetime) -> str:
    """Return "Wednesday 25 November 2026, 14:22", as the clock in its zone shows it."""
    return f"{spoken_day(moment)}, {moment:%H:%M}"
