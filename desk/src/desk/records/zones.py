"""The time zone of each line, in which all its times are shown."""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.records.name import LINE

UTC_ZONE = ZoneInfo("UTC")


def zone_of(line: str, lines: Path) -> ZoneInfo:
    """Return the line's time zone: UTC if it says none, or if its line.toml cannot be read."""
    if not LINE.fullmatch(line):
        return UTC_ZONE
    try:
        with (lines / line / "line.toml").open("rb") as file:
            named = tomllib.load(file).get("timezone", "UTC")
        return ZoneInfo(named) if isinstance(named, str) else UTC_ZONE
    except (OSError, ValueError, KeyError, RecursionError):  # an unknown zone is a KeyError
        return UTC_ZONE
