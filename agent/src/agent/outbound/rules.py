"""Whether a number may be called now, as far as the number, the line's settings and the clock decide it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo, timezone

from agent.admission.caller_id import parsed
from agent.lines.outbound import Outbound

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Every other kind is refused: premium and shared-cost numbers, pagers, mailboxes, and whatever is not known.
CALLED = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.UAN,
}
UNKNOWN_ZONE = "Etc/Unknown"
DAY = timedelta(days=1)
LAST_MINUTES = timedelta(minutes=10)  # before a quiet time: enough to place a call that must not come later
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no call is made: one word for programs, and a sentence for people. Neither contains a number."""

    reason: str
    sentence: str


NOT_E164 = Refusal("number", "The number should have a plus, the country code and nothing but digits: +12025550123.")
OTHER_FORM = Refusal(
    "number",
    "The number is not in E.164 form: leave out what is dialled only within its country, such as a 0 after the code of "
    "the country.",
)
NO_SUCH_NUMBER = Refusal("number", "There is no such number: no country has numbers of this form.")


def refusal_of_number(number: str, outbound: Outbound, country: str | None) -> Refusal | None:
    """Return why this number is never called on this line, or None.

    `country` (ISO 3166) is that of the line's own numbers, None if it is not known.
    """
    if not E164.fullmatch(number):
        return NOT_E164
    if not (found := parsed(number, None)):
        return NO_SUCH_NUMBER
    if in_e164(number) != number:  # so that limits, prefixes and the do-not-call list know each number in one form
        return OTHER_FORM
    if is_short_or_emergency(found):
        return Refusal("short_number", "The number is an emergency number or a short code; neither is ever called.")
    if not phonenumbers.is_valid_number(found):
        return NO_SUCH_NUMBER
    if phonenumbers.number_type(found) not in CALLED:
        return Refusal("kind_of_number", "The number is of a kind that is never called, such as a premium number.")
    if outbound.prefixes and not number.startswith(tuple(outbound.prefixes)):
        return Refusal("prefix", "The number begins with none of outbound.prefixes in line.toml.")
    if not outbound.prefixes and phonenumbers.region_code_for_number(found) != country:
        return Refusal(
            "prefix",
            "The number is in another country than the line's own numbers: name the beginnings of numbers that may be "
            "called in outbound.prefixes in line.toml.",
        )
    return None


def in_e164(number: str) -> str | None:
    """Return the one form in which a number with its country code is known here; None if it is no such number."""
    found = parsed(number, None) if E164.fullmatch(number) else None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164) if found else None


def refusal_of_moment(number: str, outbound: Outbound, now: datetime) -> Refusal | None:
    """Return why a valid number is not called at this moment, or None; `now` has a time zone.

    Where a number may be in several time zones, it has to be a time for calls in each of them.
    """
    zones = _zones(number)
    if not zones:
        return Refusal("time_zone", "The time zone of the number is not known, so it may be night there.")
    for there in (now.astimezone(zone) for zone in zones):
        if (day := DAYS[there.weekday()]) in outbound.quiet_days:
            return Refusal("quiet_hours", f"It is {day.capitalize()} where the person is, and nobody is called then.")
        if is_quiet(there.time(), *outbound.quiet):
            return Refusal(
                "quiet_hours",
                f"It is {there:%H:%M} where the person is, or may be, and nobody is called from {outbound.quiet_from} "
                f"to {outbound.quiet_until}.",
            )
    return None


def first_moment(number: str, outbound: Outbound, begins: datetime, ends: datetime) -> datetime | None:
    """Return the first moment from `begins` on and before `ends` at which a number may be called; None without any."""
    changes = _changes(number, outbound.quiet[1], begins, ends)
    return _first_allowed([begins, *sorted(changes)] if begins < ends else [], number, outbound)


def last_moment(number: str, outbound: Outbound, begins: datetime, ends: datetime) -> datetime | None:
    """Return the moment, a few minutes before the last quiet time that begins then, at which a number may be called."""
    changes = sorted(_changes(number, outbound.quiet[0], begins, ends), reverse=True)
    quiet = (change for change in changes if refusal_of_moment(number, outbound, change))
    return _first_allowed((change - LAST_MINUTES for change in quiet), number, outbound)


def _first_allowed(moments: Iterable[datetime], number: str, outbound: Outbound) -> datetime | None:
    return next((moment for moment in moments if not refusal_of_moment(number, outbound, moment)), None)


def _changes(number: str, clock: time, begins: datetime, ends: datetime) -> set[datetime]:
    """Return when it is this time of day, and when a day begins, where the person is or may be."""
    return {
        moment
        for zone in _zones(number)
        for days in range((ends - begins).days + 3)
        for at in {clock, time()}
        if begins <= (moment := _at(begins.astimezone(zone) + (days - 1) * DAY, at)) < ends
    }


def _at(day: datetime, clock: time) -> datetime:
    return datetime.combine(day, clock, day.tzinfo).astimezone(UTC)


def _zones(number: str) -> list[ZoneInfo]:
    """Return the time zones that a number may be in; none if they are not known."""
    found = parsed(number, None)
    names = timezone.time_zones_for_number(found) if found else ()
    return [] if UNKNOWN_ZONE in names else [ZoneInfo(name) for name in names]


def is_quiet(moment: time, begins: time, ends: time) -> bool:
    """Return whether a time of day is within a span that may go past midnight; one that is empty contains nothing."""
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends


def is_short_or_emergency(number: PhoneNumber) -> bool:
    """Return whether the number is an emergency number or a short code of its country, with or without its code.

    Only the whole number counts: many an ordinary number begins with the digits of one.
    """
    national, whole = phonenumbers.national_significant_number(number), f"{number.country_code}{number.national_number}"
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    forms = [(digits, region) for digits in (national, whole) for region in regions]
    return shortnumberinfo.is_valid_short_number(number) or any(
        shortnumberinfo.is_emergency_number(digits, region) for digits, region in forms
    )
