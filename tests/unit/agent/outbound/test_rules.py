"""Who may be called, and when, in many countries."""

from datetime import UTC, datetime, time, timedelta

import pytest

from agent.lines.outbound import Outbound
from agent.outbound.rules import first_moment, is_quiet, last_moment, refusal_of_moment, refusal_of_number

ANYWHERE = Outbound(prefixes=[f"+{digit}" for digit in range(1, 10)])
ALWAYS = Outbound(quiet_from="00:00", quiet_until="00:00", quiet_days=[])

CALLED = {
    "Washington": "+12025550123",
    "Los Angeles": "+13105550123",
    "Toronto": "+14165550123",
    "toll-free": "+18005550123",
    "Berlin": "+4930123456",
    "a German mobile": "+491711234567",
    "Vienna": "+4315123456",
    "Zurich": "+41446681800",
    "Paris, whose numbers begin like an emergency number": "+33153123456",
    "a French mobile": "+33612345678",
    "Madrid": "+34912345678",
    "a Spanish mobile": "+34612345678",
    "London": "+442079460958",
    "a British mobile": "+447911123456",
    "Rome, with its zero": "+390669812345",
    "Mumbai": "+912222724000",
    "Tokyo": "+81312345678",
    "Sydney": "+61292345678",
    "Campinas, whose area code begins like an emergency number": "+551932345678",
    "Johannesburg": "+27112345678",
    "Mexico City": "+525512345678",
    "Warsaw": "+48221234567",
}
NEVER_CALLED = {
    "an emergency number": ("112", "number"),
    "one with a plus": ("+112", "number"),
    "one with a country code": ("+49110", "number"),
    "the American one": ("+1911", "number"),
    "the American one with a zero more": ("+10911", "number"),
    "the British one": ("+44999", "number"),
    "the Australian one": ("+61000", "number"),
    "a German short code, long enough for E.164": ("+4911833", "short_number"),
    "a British directory": ("+44118499", "short_number"),
    "an American premium number": ("+19005551234", "kind_of_number"),
    "a German premium number": ("+499001234567", "kind_of_number"),
    "a British premium number": ("+449098790123", "kind_of_number"),
    "a British personal number": ("+447012345678", "kind_of_number"),
    "a British shared-cost number": ("+448431234567", "kind_of_number"),
    "a French premium number": ("+33891123456", "kind_of_number"),
    "a Spanish premium number": ("+34803123456", "kind_of_number"),
    "an Austrian premium number": ("+43900123456", "kind_of_number"),
    "a Swiss premium number": ("+41900123456", "kind_of_number"),
    "an Italian premium number": ("+39899123456", "kind_of_number"),
    "a number without its country": ("02025550123", "number"),
    "a number as it is written": ("+1 202 555 0123", "number"),
    "a German number with the zero that is dialled in Germany": ("+49030123456", "number"),
    "a British number with its zero": ("+4402079460958", "number"),
    "a French number with its zero": ("+330153123456", "number"),
    "some digits of another script": ("+1202555\u0660\u0661\u0662\u0663", "number"),
    "an extension": ("100", "number"),
    "a name": ("alice", "number"),
    "an address": ("sip:+12025550123@example.com", "number"),
    "two numbers": ("+12025550123+12025550124", "number"),
    "no number": ("", "number"),
    "too few digits": ("+120255501", "number"),
    "too many digits": ("+1202555012345678", "number"),
    "no such area": ("+11234567890", "number"),
    "no such country": ("+9991234567", "number"),
    "digits of another script": ("+١٢٠٢٥٥٥٠١٢٣", "number"),
    "a number with a row end": ("+12025550123\n", "number"),
}


@pytest.mark.parametrize("number", CALLED.values(), ids=CALLED)
def test_an_ordinary_number_may_be_called(number: str) -> None:
    assert refusal_of_number(number, ANYWHERE, None) is None


@pytest.mark.parametrize(("number", "reason"), NEVER_CALLED.values(), ids=NEVER_CALLED)
def test_some_numbers_are_never_called_whatever_is_set(number: str, reason: str) -> None:
    refusal = refusal_of_number(number, ANYWHERE, None)
    assert refusal
    assert refusal.reason == reason
    assert number.strip("+") not in refusal.sentence or not number  # it may be in a log


@pytest.mark.parametrize(
    ("number", "prefixes", "country", "refused"),
    [
        ("+12025550123", ["+1"], None, False),
        ("+12025550123", ["+1202", "+49"], "DE", False),
        ("+13105550123", ["+1202"], "US", True),
        ("+4930123456", ["+1"], "DE", True),
        ("+4930123456", [], "DE", False),
        ("+12025550123", [], "US", False),
        ("+18765550123", [], "US", True),  # Jamaica, with the same country code
        ("+14165550123", [], "US", True),  # Canada
        ("+12025550123", [], None, True),
    ],
)
def test_only_numbers_with_the_prefixes_or_of_the_lines_own_country_are_called(
    number: str, prefixes: list[str], country: str | None, refused: bool
) -> None:
    refusal = refusal_of_number(number, Outbound(prefixes=prefixes), country)
    assert (refusal.reason if refusal else "") == ("prefix" if refused else "")


@pytest.mark.parametrize(
    ("number", "now", "refused"),
    [
        ("+4930123456", "2026-11-27T07:59", True),  # 08:59 in Berlin
        ("+4930123456", "2026-11-27T08:00", False),
        ("+4930123456", "2026-11-27T18:59", False),
        ("+4930123456", "2026-11-27T19:00", True),  # 20:00
        ("+4930123456", "2026-07-24T07:00", False),  # 09:00 in summer
        ("+442079460958", "2026-11-27T08:30", True),  # 08:30 in London
        ("+12025550123", "2026-11-27T13:59", True),  # 08:59 in New York
        ("+12025550123", "2026-11-27T14:00", False),
        ("+13105550123", "2026-11-27T14:00", True),  # 06:00 in Los Angeles
        ("+13105550123", "2026-11-28T03:59", False),  # 19:59 on the day before
        ("+61292345678", "2026-11-26T23:00", False),  # 10:00 in Sydney
        ("+912222724000", "2026-11-27T03:29", True),  # 08:59 in Mumbai, half an hour beside the others
        ("+912222724000", "2026-11-27T03:30", False),
        ("+4930123456", "2026-11-29T12:00", True),  # a Sunday
        ("+12025550123", "2026-11-30T00:30", True),  # still Sunday in Washington
        ("+61292345678", "2026-11-29T23:30", False),  # Monday in Sydney already
        ("+18005550123", "2026-11-27T15:00", True),  # it may be in Honolulu, where it is 05:00
        ("+61412345678", "2026-11-27T03:00", False),  # 09:30 on the Cocos Islands, 14:00 in Sydney
        ("+61412345678", "2026-11-27T00:30", True),  # a mobile may be in Perth
    ],
)
def test_nobody_is_called_when_it_is_quiet_where_they_are(number: str, now: str, refused: bool) -> None:
    refusal = refusal_of_moment(number, Outbound(), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (refusal.reason if refusal else "") == ("quiet_hours" if refused else "")


def test_without_quiet_hours_it_is_never_quiet() -> None:
    for hour in range(24):
        now = datetime(2026, 11, 29, hour, tzinfo=UTC)
        assert refusal_of_moment("+18005550123", ALWAYS, now) is None


def test_where_nobody_knows_what_time_it_is_nobody_is_called() -> None:
    refusal = refusal_of_moment("+88213000000", ALWAYS, datetime.now(UTC))
    assert refusal
    assert refusal.reason == "time_zone"


def test_the_sentence_says_what_time_it_is_there() -> None:
    refusal = refusal_of_moment("+4930123456", Outbound(), datetime(2026, 11, 27, 21, 5, tzinfo=UTC))
    assert refusal
    assert refusal.sentence == "It is 22:05 where the person is, or may be, and nobody is called from 20:00 to 09:00."


@pytest.mark.parametrize(
    ("begins", "ends", "quiet", "loud"),
    [("20:00", "09:00", ["20:00", "23:59", "00:00", "08:59"], ["09:00", "19:59"]),
     ("12:30", "14:00", ["12:30", "13:59"], ["12:29", "14:00", "00:00"]),
     ("00:00", "00:00", [], ["00:00", "12:00", "23:59"])],
)  # fmt: skip
def test_quiet_hours_may_go_past_midnight(begins: str, ends: str, quiet: list[str], loud: list[str]) -> None:
    span = time.fromisoformat(begins), time.fromisoformat(ends)
    assert all(is_quiet(time.fromisoformat(moment), *span) for moment in quiet)
    assert not any(is_quiet(time.fromisoformat(moment), *span) for moment in loud)


USUAL = Outbound()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("who", "begins", "ends", "first", "last"),
    [
        # Berlin's clock is an hour ahead: it may be called from 08:00 to 19:00 UTC.
        ("Berlin", "2026-11-26 10:00", "2026-11-26 12:00", "2026-11-26 10:00", None),
        ("Berlin", "2026-11-26 10:00", "2026-11-26 20:00", "2026-11-26 10:00", "2026-11-26 18:50"),
        ("Berlin", "2026-11-26 20:00", "2026-11-27 09:00", "2026-11-27 08:00", None),
        ("Berlin", "2026-11-26 20:00", "2026-11-27 08:00", None, None),
        ("Berlin", "2026-11-28 20:00", "2026-11-30 12:00", "2026-11-30 08:00", None),  # over a Sunday
        ("Berlin", "2026-10-24 20:00", "2026-10-26 20:00", "2026-10-26 08:00", "2026-10-26 18:50"),  # and a change
        # A toll-free number may be anywhere from Newfoundland to Guam, which leaves half an hour on five days.
        ("toll-free", "2026-11-23 00:00", "2026-11-30 00:00", "2026-11-23 23:00", "2026-11-27 23:20"),
    ],
)
def test_the_first_and_the_last_moment_for_a_call(
    who: str, begins: str, ends: str, first: str | None, last: str | None
) -> None:
    within = (CALLED[who], USUAL, moment(begins), moment(ends))
    assert first_moment(*within) == (moment(first) if first else None)
    assert last_moment(*within) == (moment(last) if last else None)


def test_no_minute_of_a_fortnight_is_before_the_first_moment_or_after_the_last_one() -> None:
    outbound, number = Outbound(quiet_from="13:00", quiet_until="14:30", quiet_days=["tuesday"]), CALLED["Berlin"]
    for hours in range(0, 14 * 24, 13):
        begins = moment("2026-10-19 00:07") + timedelta(hours=hours)
        ends = begins + timedelta(hours=30)
        minutes = [begins + timedelta(minutes=count) for count in range(30 * 60)]
        allowed = [minute for minute in minutes if refusal_of_moment(number, outbound, minute) is None]
        first, last = first_moment(number, outbound, begins, ends), last_moment(number, outbound, begins, ends)
        assert first is not None
        assert timedelta() <= allowed[0] - first < timedelta(minutes=1)
        if last:
            ten = timedelta(minutes=10)
            assert refusal_of_moment(number, outbound, last) is None
            assert refusal_of_moment(number, outbound, last + ten) is not None
            later = {minute for minute in allowed if minute > last + ten}
            assert later == set() or minutes[-1] in later  # another time for calls has begun, and ends after `ends`


def test_where_the_time_zone_is_not_known_there_is_no_moment() -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    for number in ("+882351234567", "nonsense"):
        assert first_moment(number, ALWAYS, now, now + timedelta(days=7)) is None
        assert last_moment(number, ALWAYS, now, now + timedelta(days=7)) is None
