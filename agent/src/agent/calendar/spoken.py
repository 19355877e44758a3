"""How a moment is said in a line's language: with the day's name, the date and the time, as people write it."""

from datetime import date, datetime
from typing import Any

from agent.calendar.expressions import read_tables

NOON = 12


def say_date(day: date, language: str) -> str:
    """Return "Friday, the 4th of December"."""
    its = read_tables(language)["said"]
    return str(its["date"].format(**_parts_of_date(day, its)))


def say_time(moment: datetime, language: str) -> str:
    """Return "7 PM" or "7:30 PM", or what the language has for it."""
    its = read_tables(language)["said"]
    return str(
        its["time" if moment.minute else "full_hour"].format(
            hour=moment.hour,
            hour12=moment.hour % NOON or NOON,
            minute=f"{moment.minute:02}",
            half=its["halves"][moment.hour >= NOON],
        )
    )


def say_moment(moment: datetime, language: str) -> str:
    """Return "on Friday, the 4th of December, at 7 PM"."""
    its = read_tables(language)["said"]
    form = its["one"] if its["one"] and moment.hour == 1 else its["moment"]
    return str(form.format(**_parts_of_date(moment.date(), its), time=say_time(moment, language)))


def ask(question: str, language: str, **about: str) -> str:
    """Return what is read back before something is changed (book, move, cancel), or why somebody is called (remind)."""
    return str(read_tables(language)["questions"][question].format(**about))


def _parts_of_date(day: date, its: dict[str, Any]) -> dict[str, str]:
    nth = its["nth"].format(day=day.day, ordinal=its["ordinals"].get(str(day.day), its["ordinal"]))
    return {"weekday": its["weekdays"][day.weekday()], "nth": nth, "month": its["months"][day.month - 1]}
