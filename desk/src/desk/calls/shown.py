"""How times, lengths, numbers and amounts are written on the pages of calls."""

from datetime import datetime
from zoneinfo import ZoneInfo

DASH = "\u2013"  # for what is not known
REJECTED = {
    "busy": "too many calls at once",
    "line_limit": "the line's limit for today",
    "caller_limit": "the caller's limit for today",
    "refused": "not let in",
}


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as a clock at the line's place shows it, with the zone: `2026-11-25 15:22:33 CET`."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def length(seconds: float) -> str:
    """Return a length as `1:02:03` or `0:41`; tenths are cut off."""
    whole = int(max(0.0, seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def seconds(value: float | None) -> str:
    """Return measured seconds with two places, or a dash for what is not known."""
    return DASH if value is None else f"{value:.2f} s"


def amount(value: float | None, currency: str) -> str:
    """Return what something has cost; an unknown price is said."""
    if value is None:
        return "price unknown"
    return f"{value:.4f} {currency}".strip()


def size(of_bytes: int) -> str:
    return f"{of_bytes / 1_000_000:.1f} MB" if of_bytes >= 100_000 else f"{max(1, round(of_bytes / 1000))} kB"


def caller(name: str, number: str, came_by: str = "phone") -> str:
    """Return who called in one row."""
    if came_by == "browser":
        return name or "Somebody in a browser"
    if name and number:
        return f"{name} ({number})"
    return name or number or "Number withheld"


def rejected(reason: str) -> str:
    """Return why a call was rejected, as the end of a sentence."""
    return REJECTED.get(reason, reason)
