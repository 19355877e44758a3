"""When a line's business is open, as its owner writes it: `agent.calendar` says what follows from it."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from agent.lines.group import Group, setting

SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
DAY_MINUTES = 24 * 60
LEAP_YEAR = 2000  # in which every day of a year exists
DAYS = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)(?:\.\.(?:(\d{4})-)?(\d\d)-(\d\d))?")
REGION = re.compile(r"([A-Z]{2})(?:-(.+))?")


def minutes_of(span: str) -> tuple[int, int]:
    """Return the minutes from midnight to a span's beginning and end: 18:00-02:00 ends after 26 hours."""
    begins, ends = ((int(hour) * 60 + int(minute)) for hour, minute in (at.split(":") for at in span.split("-")))
    return begins, ends if ends > begins else ends + DAY_MINUTES


def dates_of(entry: str) -> tuple[date, date, bool]:
    """Return the first and the last day of `2026-12-24..2026-12-31`, and whether they return each year.

    Those of `12-24..01-02`, which return, are in a leap year and may be the other way round.

    Raises:
        ValueError: there is no such day, or the last one is before the first.
    """
    found = DAYS.fullmatch(entry)
    if not found or (found[5] and bool(found[1]) != bool(found[4])):
        raise ValueError(entry)
    first = date(int(found[1] or LEAP_YEAR), int(found[2]), int(found[3]))
    last = date(int(found[4] or LEAP_YEAR), int(found[5]), int(found[6])) if found[5] else first
    if found[1] and last < first:
        raise ValueError(entry)
    return first, last, not found[1]


def _check_span(span: str) -> str:
    if not SPAN.fullmatch(span):
        raise ValueError('should be a time of day, -, and a later one, such as "09:00-17:30" or "18:00-02:00"')
    return span


def _check_days(entry: str) -> str:
    try:
        dates_of(entry)
    except ValueError:
        raise ValueError(
            'should be a day such as "2026-12-24", a day of every year such as "12-24", or the first and the last of '
            'several, such as "2026-12-24..2027-01-02"'
        ) from None
    return entry


def _check_day(entry: str) -> str:
    if ".." in entry:
        raise ValueError('should be one day, such as "2026-12-24", or "12-24" for every year')
    return _check_days(entry)


def _check_region(region: str) -> str:
    import holidays  # which takes 0.4 s, and only lines with holidays need it

    countries = holidays.list_supported_countries()
    found = REGION.fullmatch(region)
    if not found or found[1] not in countries:
        raise ValueError("should be a country such as DE, or a country and its region such as DE-BY or US-CA")
    if found[2] and found[2] not in (regions := countries[found[1]]):
        raise ValueError(f"is no region of {found[1]}, whose regions are {', '.join(regions) or 'none'}")
    return region


def _check_no_overlap(spans: list[str]) -> list[str]:
    for one, following in pairwise(sorted(spans, key=minutes_of)):
        if minutes_of(following)[0] < minutes_of(one)[1]:
            raise ValueError(f"should not have {one} and {following}, which overlap")
    return spans


Spans = Annotated[list[Annotated[str, AfterValidator(_check_span)]], AfterValidator(_check_no_overlap)]
Days = Annotated[str, AfterValidator(_check_days)]
Day = Annotated[str, AfterValidator(_check_day)]
Region = Annotated[str, AfterValidator(_check_region)]


def _of(day: str) -> str:
    return f'The opening hours on {day}, such as ["09:00-12:30", "14:00-18:00"]. A span may end after midnight.'


class Week(Group):
    """The hours of each weekday. A day that is left out is closed, if any other is given."""

    monday: Spans | None = setting(None, _of("Mondays"))
    tuesday: Spans | None = setting(None, _of("Tuesdays"))
    wednesday: Spans | None = setting(None, _of("Wednesdays"))
    thursday: Spans | None = setting(None, _of("Thursdays"))
    friday: Spans | None = setting(None, _of("Fridays"))
    saturday: Spans | None = setting(None, _of("Saturdays"))
    sunday: Spans | None = setting(None, _of("Sundays"))

    @property
    def of_weekdays(self) -> list[list[str] | None]:
        """The spans of each weekday, Monday first."""
        return [self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday]

    @property
    def is_given(self) -> bool:
        """Whether any weekday is given."""
        return any(spans is not None for spans in self.of_weekdays)


class Hours(Week):
    """When the business is open. docs/abilities/appointments.md has an example."""

    days_off: list[Days] = Field(
        default_factory=list,
        description='Days on which the business is closed: "2026-12-24", "2026-12-27..2027-01-02", or "12-24" for '
        "every year.",
    )
    holidays: Region | None = setting(
        None,
        "The country, or the country and its region, on whose public holidays the business is closed: DE, DE-BY, "
        "US-CA.",
    )
    special: dict[Day, Spans] = Field(
        default_factory=dict,
        description="The hours of single days, which come before all others, such as "
        '{ "2026-12-24" = ["09:00-12:00"] }.',
    )
