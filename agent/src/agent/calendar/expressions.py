"""What a caller means by "tomorrow at seven" or "the fourth of December", in the languages of `languages`.

The words become symbols that are the same in all languages, such as `D+1 AT 7`, by `dates.toml`. Numbers in words
are known from the rules by which Unicode spells them out. What the symbols mean is worked out from the day of the call.
"""

import re
import tomllib
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from unicode_rbnf import RbnfEngine

from agent.languages import FOLDER

MONTH_FIRST = {"US", "PR", "PH", "GU"}  # where 3/4 is the fourth of March
DAY = timedelta(days=1)
NOON = 12
EARLIEST = 7 * 60  # minutes: "after six" is in the evening, and "after seven" in the morning
WORD = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\d)"
    r"|(?P<one>\d{1,2})(?P<sign>[./])(?P<two>\d{1,2})(?:(?P=sign)(?P<year>\d{4}|\d\d)?(?!\d)|(?<=/\d)(?!\d)|(?<=/\d\d)(?!\d))"
    r"|(?P<hour>\d{1,2})[:.](?P<minute>[0-5]\d)(?!\d)"
    r"|(?P<ordinal>\d{1,2})(?:st|nd|rd|th|er|º|ª|\.(?=\s*[^\W\d]|\s*$))(?!\w)"
    r"|(?P<number>\d+)"
    r"|(?P<word>[^\W\d_]\.[^\W\d_](?:\.|(?!\w))|[^\W\d_]+(?:'[^\W\d_]+)*)"
)
HOUR, MINUTE = (rf"(?<![\w#+])(?P<{name}>\d{{1,2}})(?!\d)" for name in "hm")
ANY_HOUR = r"1?\d|2[0-4]"
CLOCK = "(?: CLOCK)?"
PART = "MORNING|AFTERNOON|EVENING|AM|PM"
# Each says which time of day it is by minutes from the hour; the first that fits counts.
TIMES = [
    (re.compile(rf"(?P<sure>@){HOUR}:{MINUTE}{CLOCK}"), None),
    (re.compile(rf"{MINUTE}(?: MINUTE)? TO HALF_TO {HOUR}"), lambda minute: -30 - minute),
    (re.compile(rf"{MINUTE}(?: MINUTE)? PAST HALF_TO {HOUR}"), lambda minute: minute - 30),
    (re.compile(rf"HALF_PAST {HOUR}"), 30),
    (re.compile(rf"HALF_TO {HOUR}"), -30),
    (re.compile(rf"THREE_QUARTERS {HOUR}"), -15),
    (re.compile(rf"QUARTER PAST {HOUR}"), 15),
    (re.compile(rf"QUARTER TO {HOUR}"), -15),
    (re.compile(rf"{MINUTE}(?: MINUTE)? PAST {HOUR}{CLOCK}"), None),
    (re.compile(rf"{MINUTE}(?: MINUTE)? TO {HOUR}{CLOCK}"), lambda minute: -minute),
    (re.compile(rf"{HOUR}{CLOCK} AND_HALF"), 30),
    (re.compile(rf"{HOUR}{CLOCK} AND_QUARTER"), 15),
    (re.compile(rf"{HOUR}{CLOCK} LESS_QUARTER"), -15),
    (re.compile(rf"{HOUR}{CLOCK} AND {MINUTE}"), None),
    (re.compile(rf"{HOUR}{CLOCK} LESS {MINUTE}"), lambda minute: -minute),
    (re.compile(rf"{HOUR} CLOCK(?: {MINUTE}(?! CLOCK))?"), None),
    (re.compile(rf"(?<=AT ){HOUR}(?: {MINUTE}(?! M\d))?"), None),
    (re.compile(rf"(?<=PAST ){HOUR}|(?<=TO )(?P<h2>\d{{1,2}})"), 0),
    (re.compile(rf"{HOUR}(?: {MINUTE})?(?= (?:{PART}))"), None),
]
BETWEEN = re.compile(rf"\bBETWEEN (?:AT )?({ANY_HOUR}){CLOCK} (?:AND|\?) (?:AT )?({ANY_HOUR}){CLOCK}(?!\w)")
DATE = re.compile(
    r"#?(?P<d>\d{1,2}) M(?P<m>\d+)(?: (?P<y>\d{4}))?"
    r"|M(?P<m2>\d+)(?: THE)? #?(?P<d2>\d{1,2})(?!\d)(?: (?P<y2>\d{4}))?"
)
NUMBER_ALONE = re.compile(rf"(?<![#\w])(?P<h>{ANY_HOUR})(?!\d)(?: (?P<m>[0-5]\d))?(?!\w)")


class NotUnderstoodError(ValueError):
    """A day or a time cannot be understood; the text says what to ask the caller, for the model."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What was said of a day and of a time of day; None and () if it was not said."""

    first: date | None = None  # of the days that may be meant
    last: date | None = None  # None with a `first`: any day from there on
    times: tuple[int, ...] = ()  # minutes from midnight: the one that is meant, or the two that "seven" may mean
    window: tuple[int, int] | None = None  # minutes from midnight: the part of the day that is meant
    moment: datetime | None = None  # "in two hours"


def understand(said: str, language: str, now: datetime, region: str = "") -> Expression:
    """Work out what was said, against the time at the business.

    Args:
        said: The caller's words, or a date in the ISO form; empty: as soon as possible.
        language: The language's code.
        now: The present moment, in the business's time zone.
        region: The country, as an ISO 3166 code, which decides what 3/4 means.

    Raises:
        NotUnderstoodError: no day and no time is in the words, they contradict each other, or no calendar has the day.
    """
    try:
        return _understood(said, language, now, region)
    except NotUnderstoodError:
        raise
    except (OverflowError, ValueError):
        raise NotUnderstoodError("There is no such day. Ask the caller for the day.") from None


def _understood(said: str, language: str, now: datetime, region: str) -> Expression:
    vocabulary = Vocabulary.of(language)
    symbols = vocabulary.symbols(said, region)
    if not said.strip() or "SOON" in symbols.split():
        return Expression(first=now.date())
    if found := re.search(r"IN (\d+) (HOUR|CLOCK|MINUTE)(?= |$)", symbols):
        unit = "minutes" if found[2] == "MINUTE" else "hours"
        later = now.astimezone(UTC) + timedelta(**{unit: int(found[1])})  # also when the clocks change in between
        return Expression(moment=later.astimezone(now.tzinfo))
    times, window, rest = _time(symbols, vocabulary.parts)
    first, last, rest = _days(rest, now.date())
    if not times and (found := NUMBER_ALONE.search(rest)) and not window:
        times = _times_of(int(found["h"]), int(found["m"] or 0), None)
    if first is None and not times and not window:
        raise NotUnderstoodError(f"No day and no time could be understood in {said!r}. Ask the caller for the day.")
    return Expression(first, last, times, window)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language for days and times."""

    phrases: dict[tuple[str, ...], str]
    longest: int
    idioms: dict[str, str]
    parts: dict[str, tuple[int, int]]  # minutes from midnight

    @classmethod
    @cache
    def of(cls, language: str) -> "Vocabulary":
        """Read a language's file."""
        tables = read_tables(language)
        phrases = dict(_numbers(language))
        for symbol, said in tables["heard"].items():
            phrases |= {_words(phrase): symbol for phrase in said}
        idioms = {" ".join(_words(said)): " ".join(_words(meant)) for said, meant in tables["idioms"].items()}
        parts = {part: (begins * 60, ends * 60) for part, (begins, ends) in tables["parts"].items()}
        return cls(phrases, max(map(len, phrases)), idioms, parts)

    def symbols(self, said: str, region: str) -> str:
        """Return what was said as symbols, numbers and dates, with a ? for each word that is not known."""
        text = _bare(said)
        for idiom, meant in self.idioms.items():
            text = re.sub(rf"(?<!\w){idiom}(?!\w)", meant, text)
        found = list(WORD.finditer(text))
        symbols: list[str] = []
        at = 0
        while at < len(found):
            count, symbol = self._phrase([_word(match) for match in found[at : at + self.longest]])
            symbols.append(symbol if count else self._compound(_word(found[at])) or _figure(found[at], region))
            at += count or 1
        text = " ".join(symbol for symbol in symbols if symbol != "SKIPPED")
        text = re.sub(r"\bONE (?=DAY|WEEK|FORTNIGHT|MONTH|HOUR|MINUTE)", "1 ", text)
        return re.sub(r"(W\d|D\+0) D\+1", r"\1 MORNING", text)  # German: Freitag Morgen, heute Morgen

    def _phrase(self, words: list[str]) -> tuple[int, str]:
        for count in range(len(words), 0, -1):
            if all(words[:count]) and (symbol := self.phrases.get(tuple(words[:count]))):
                return count, symbol
        return 0, ""

    def _compound(self, word: str) -> str:
        """Return the symbols of a German word such as Montagabend; empty if it is none."""
        for length in range(len(word) - 1, 0, -1):
            first, second = (self.phrases.get((part,), "") for part in (word[:length], word[length:]))
            if first.startswith(("W", "D+")) and second:
                return f"{first} {second}"
        return ""


@cache
def read_tables(language: str) -> dict[str, Any]:
    """Read how a language speaks of days and times."""
    return tomllib.loads((FOLDER / language / "dates.toml").read_text(encoding="utf-8"))


def _numbers(language: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the words of each number that a day or a time can have; an ordinal is marked with #."""
    engine = RbnfEngine.for_language(language)
    rulesets = [name for name in engine.rulesets if name.startswith("spellout-") and "plural" not in name]
    for mark, kind in (("#", "ordinal"), ("", "cardinal"), ("", "numbering")):
        for ruleset in (name for name in rulesets if kind in name):
            for number in range(60):
                text = engine.format_number(number, ruleset_names=[ruleset]).text
                yield _words(text), f"{mark}{number}"


def _figure(match: re.Match[str], region: str) -> str:
    """Return what is written in figures as a symbol."""
    if match["iso"]:
        return f"={match['iso']}"
    if match["one"]:
        first, second = int(match["one"]), int(match["two"])
        month_first = match["sign"] == "/" and region in MONTH_FIRST
        month, day = (first, second) if (month_first and first <= NOON) or second > NOON else (second, first)
        year = match["year"] or ""
        return f"{day} M{month}" + (f" {year if len(year) == 4 else f'20{year}'}" if year else "")
    if match["hour"]:
        return f"@{match['hour']}:{match['minute']}"
    if match["ordinal"]:
        return f"#{match['ordinal']}"
    return match["number"] or "?"


def _time(symbols: str, parts: dict[str, tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, int] | None, str]:
    """Return the times that may be meant, the part of the day, and the symbols that are left."""
    symbols = symbols.replace("TONIGHT", "D+0 EVENING")
    part = next((name for name in PART.split("|") if re.search(rf"\b{name}\b", symbols)), None)
    times: tuple[int, ...] = ()
    bound = ""
    if found := BETWEEN.search(symbols):
        limits = [_times_of(int(hour), 0, part) for hour in found.groups()]
        first, last = (next((it for it in sorted(limit) if it >= EARLIEST), 24 * 60) for limit in limits)
        return (
            (),
            (first, last if last > first else last + 24 * 60),
            f"{symbols[: found.start()]}?{symbols[found.end() :]}",
        )
    if found := re.search(r"(?:\b(PAST|TO) )?\b(NOON|MIDNIGHT)\b( AND_HALF| AND_QUARTER)?", symbols):
        added = {" AND_HALF": 30, " AND_QUARTER": 15}.get(found[3] or "", 0)
        times, bound = ((NOON * 60 if found[2] == "NOON" else 0) + added,), found[1] or ""
    else:
        for pattern, offset in TIMES:
            if found := pattern.search(symbols):
                times = _times_in(found, offset, part)
                bound = before[1] if (before := re.search(r"\b(PAST|TO) $", symbols[: found.start()])) else ""
                break
    if found:
        symbols = f"{symbols[: found.start()]}?{symbols[found.end() :]}"
    window = parts.get(part or "")
    if bound and times:
        limit = next((minutes for minutes in sorted(times) if minutes >= EARLIEST), 24 * 60)
        window, times = ((limit, 28 * 60) if bound == "PAST" else (0, limit)), ()
    return times, None if times else window, symbols


def _times_in(found: re.Match[str], offset: Any, part: str | None) -> tuple[int, ...]:
    """Return the times, in minutes, that an hour and what is added to it may mean."""
    its = found.groupdict()
    hour, minute = int(its["h"] or its.get("h2") or 0), int(its.get("m") or 0)
    added = minute if offset is None else offset(minute) if callable(offset) else offset
    if hour > 24 or minute > 59:
        raise NotUnderstoodError(f"There is no time {hour}:{minute:02}. Ask the caller for the time.")
    sure = its.get("sure") and found[0].startswith("@0")
    return _times_of(hour, added, "AM" if sure and hour else part)


def _times_of(hour: int, added: int, part: str | None) -> tuple[int, ...]:
    early, late = (hour % NOON * 60 + added) % 1440, (hour % NOON * 60 + 720 + added) % 1440
    if hour == 0 or hour > NOON:
        return ((hour * 60 + added) % 1440,)
    if part in ("MORNING", "AM"):
        return (early,)
    if part in ("AFTERNOON", "PM") or (part == "EVENING" and 4 <= hour < NOON):
        return (late,)
    if part == "EVENING":
        return (early,)
    return (late, early) if hour == NOON else (early, late)


def _days(symbols: str, today: date) -> tuple[date | None, date | None, str]:
    """Return the first and the last day that may be meant, and the symbols that are left."""
    weekday = int(found[1]) if (found := re.search(r"\bW(\d)", symbols)) else None
    if (dated := _date(symbols, today)) is not None:
        day, rest = dated
        if weekday is not None and day.weekday() != weekday:
            raise NotUnderstoodError(
                f"{day.isoformat()} is a {day:%A}, which is not the day that the caller named. Ask."
            )
        return day, day, rest
    later = _later(symbols)
    if later:
        days, months = later
        base = today if weekday is None else _next_weekday(today, weekday, "THIS" in symbols)
        base += DAY * int(found[1]) if (found := re.search(r"D\+(\d)", symbols)) else 0 * DAY
        day = _months_later(base, months) + days * DAY
        return day, day, re.sub(r"\d+ (?=DAY|WEEK|MONTH)", "? ", symbols)
    if found := re.search(r"D\+(\d)", symbols):
        day = today + int(found[1]) * DAY
        return day, day, symbols
    monday = today - today.weekday() * DAY
    if re.search(r"NEXT WEEK\b|\bWEEK NEXT", symbols):
        if weekday is not None:
            return monday + (7 + weekday) * DAY, monday + (7 + weekday) * DAY, symbols
        return monday + 7 * DAY, monday + 13 * DAY, symbols
    if weekday is not None:
        day = _next_weekday(today, weekday, "THIS" in symbols)
        return day, None if re.search(r"FROM (?:THE )?W", symbols) else day, symbols
    if "WEEKEND" in symbols:
        saturday = monday + 5 * DAY
        if "NEXT" in symbols and today.weekday() >= 5:
            saturday += 7 * DAY
        return max(saturday, today), saturday + DAY, symbols
    if re.search(r"THIS WEEK\b", symbols):
        return today, monday + 6 * DAY, symbols
    if re.search(r"NEXT MONTH|MONTH NEXT", symbols):
        first = _months_later(today.replace(day=1), 1)
        return first, _end_of_month(first), symbols
    if found := re.search(r"\bM(\d+)", symbols):
        first = today.replace(month=int(found[1]), day=1)
        first = first if first >= today.replace(day=1) else first.replace(year=first.year + 1)
        return max(first, today), _end_of_month(first), symbols
    if re.search(r"THIS", symbols):
        return today, today, symbols
    return None, None, symbols


def _date(symbols: str, today: date) -> tuple[date, str] | None:
    """Return a day that is named by its number, and the symbols that are left."""
    if found := re.search(r"=(\d{4})-(\d\d)-(\d\d)", symbols):
        year, month, day = map(int, found.groups())
        return _checked(year, month, day), symbols.replace(found[0], "?")
    if found := DATE.search(symbols):
        its = found.groupdict()
        day, month = int(its["d"] or its["d2"]), int(its["m"] or its["m2"])
        year = int(its["y"] or its["y2"] or today.year)
        named = _checked(year, month, day)
        if named < today and not (its["y"] or its["y2"]):
            named = _checked(year + 1, month, day)
        return named, symbols.replace(found[0], "?")
    if found := re.search(r"(?:#|THE |W\d )(\d{1,2})(?! CLOCK| MINUTE|:)\b", symbols):
        number, first = int(found[1]), today.replace(day=1)
        for _ in range(12):
            if 1 <= number <= _end_of_month(first).day and first.replace(day=number) >= today:
                return first.replace(day=number), symbols.replace(found[0], "?")
            first = _months_later(first, 1)
    return None


def _later(symbols: str) -> tuple[int, int] | None:
    """Return how many days and months later than another day: "in two weeks", "a week from Monday"."""
    if re.search(r"IN (?:1 )?FORTNIGHT", symbols):
        return 14, 0
    found = re.search(r"IN (\d+) (DAY|WEEK|MONTH)|(\d+) (DAY|WEEK|MONTH) FROM", symbols)
    if not found:
        return None
    count, unit = int(found[1] or found[3]), found[2] or found[4]
    return (0, count) if unit == "MONTH" else (count * (7 if unit == "WEEK" else 1), 0)


def _next_weekday(today: date, weekday: int, today_too: bool) -> date:
    days = (weekday - today.weekday()) % 7
    return today + (days or (0 if today_too else 7)) * DAY


def _checked(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotUnderstoodError(
            f"There is no day {day} in month {month} of {year}. Ask the caller for the day."
        ) from None


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(_word(match) or match[0] for match in WORD.finditer(_bare(phrase)))


def _word(match: re.Match[str]) -> str:
    """Return a word without the full stop of "p.m."; empty for a figure."""
    return (match["word"] or "").rstrip(".")


def _bare(text: str) -> str:
    """Return it in lower case, without accents and hyphens; those of dates stay."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("’", "'").replace("\u00ad", ""))  # noqa: RUF001
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"(?<!\d)-|-(?!\d)", " ", bare)
