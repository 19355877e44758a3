"""Dates, times of day and days of the week."""

import re

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Rule, chosen_by_words_before, one_of, text_before

MONTH_FIRST = {"US", "PR", "PH", "GU"}  # where 3/4 is the fourth of March
PIVOT = 60  # 26 is 2026, 85 is 1985
NIGHT, NOON = 8, 12  # o'clock
# A date or a time of day, before which "So" and "Sun" are days.
MOMENT = r"\d{1,2}(?:[:./]\d|\.\s|\s?[-–]\s?\d|\s?(?:Uhr|[hH]|[aApP]\.?\s?[mM])(?!\w)|[hH]\d)"  # noqa: RUF001
# What the patterns of `aloud.toml` are made of.
PARTS = {
    "{day}": r"(?P<day>\d{1,2})",
    "{number}": r"(?P<number>\d{1,2})",
    "{year}": r"(?P<year>\d{4})(?![\w:])",
    "{two}": r"(?P<year>\d\d)",
    "{a}": r"(?P<a>\d{1,2})",  # the day or the month, by the country
    "{b}": r"(?P<b>\d{1,2})",
    "{hour}": r"(?P<hour>[01]?\d|2[0-4])",
    "{minute}": r"(?P<minute>[0-5]\d)",
    "{seconds}": r"(?::[0-5]\d)?",
    "{space}": "[ \u00a0\u202f]?",
    "{stop}": r"(?:\.(?!\s*$|\s+[A-ZÁÉÍÓÚÑ¿¡]))?",  # that does not end a sentence as well
}
PARTS["{half}"] = rf"(?P<half>[aApP])\.?\s?[mM](?!\w){PARTS['{stop}']}"


def rules(numbers: Numbers, region: str) -> list[Rule]:
    reading = numbers.reading
    its = reading.date
    months = reading.months
    month_first = bool(its["month_first"]) and region in MONTH_FIRST
    ruleset_of = chosen_by_words_before(its["after"])

    def read_date(match: re.Match[str]) -> str | None:
        found = match.groupdict()
        name = found.get("month")
        if found.get("a"):
            first, second = int(found["a"]), int(found["b"])
            month, day = (first, second) if (month_first and first <= 12) or second > 12 else (second, first)
        else:
            month, day = months[name.strip()] if name else int(found["number"]), int(found["day"])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        spoken = its["spoken_month_first" if month_first and not name else "spoken"]
        if year := _year(found.get("year")):
            spoken += its["and_year"]
        its_day = its["first"] if day == 1 and its["first"] else numbers.spell(day, ruleset_of(match, its["day"]))
        said = spoken.format(day=its_day, month=its["months"][month - 1], year=year and numbers.year(year))
        said = _without_double(match, said)
        sentence_ends = match[0].endswith(".") and re.match(r"\s*$|\s+[A-ZÄÖÜ]", match.string[match.end() :])
        return f"{said}." if sentence_ends else said

    def read_day_after_month(match: re.Match[str]) -> str | None:
        """Read the 5 of "January 5", the month having been read; and the 5 of "January 3-5"."""
        if not month_before.search(text_before(match)) or not 1 <= int(match["day"]) <= 31:
            return None
        year = _year(match["year"])
        return numbers.spell(int(match["day"]), its["day"]) + (f", {numbers.year(year)}" if year else "")

    def read_time(match: re.Match[str]) -> str | None:
        found = match.groupdict()
        hour, minute = int(found["hour"]), int(found.get("minute") or 0)
        if hour > 24 or minute > 59:
            return None
        half = (found.get("half") or "").lower()
        if not half and reading.time["clock"] == 12 and (hour > 12 or hour == 0):
            half, hour = "a" if hour in (0, 24) else "p", hour % 12 or 12
        form = "full" if not minute else "early" if minute < 10 else "usual"
        template = reading.time["full_with_half"] if half and not minute else reading.time[form]
        spoken = template.format(
            hour=numbers.cardinal(hour, reading.time["gender"]),
            hours=reading.time["hours"][hour > 1],
            minute=reading.time["spoken_minutes"].get(str(minute)) or numbers.cardinal(minute),
        )
        halves = reading.time["halves"]
        if half == "p" and NIGHT <= hour < NOON and "night" in halves:
            half = "night"
        return f"{spoken} {halves[half]}" if half else spoken

    def read_decade(match: re.Match[str]) -> str:
        year = int(match["year"])
        words = numbers.year(year) if year >= 100 else numbers.cardinal(year)
        return words[:-1] + "ies" if words.endswith("y") else words + its["decade_ends"]

    def read_days(match: re.Match[str]) -> str:
        first, second = (reading.days.get(day) or reading.days.get(f"{day}.", day) for day in match.group("one", "two"))
        return f"{first} {reading.number['to']} {second}"

    names = one_of(months)
    month_before = re.compile(rf"(?:{names})\.?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?\s?[-–]\s?)?$")  # noqa: RUF001
    day = reading.day_names
    short = [name for name in reading.days if name.endswith(".")]
    long = [name for name in reading.days if len(name) > 1]
    sep = r"\s?[-–]\s?"  # noqa: RUF001
    found: list[Rule] = [
        (re.compile(r"(?<![\w.-])(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)(?![\w-])"), read_date),
        (re.compile(r"(?<![\w./])(?P<a>\d{1,2})([/.])(?P<b>\d{1,2})\2(?P<year>\d{4})(?![\w/]|\.\d)"), read_date),
        (re.compile(r"(?<![\w./-])(?P<a>\d{1,2})-(?P<b>\d{1,2})-(?P<year>\d{4})(?![\w/-])"), read_date),
    ]
    parts = {**PARTS, "{month}": rf"(?P<month>{names})(?!\w)"}
    found += [(_compiled(rf"(?<![\w./])(?<![^\W\d]-){pattern}(?!\w)", parts), read_date) for pattern in its["patterns"]]
    if its["day_after_month"]:
        found.append((_compiled(its["day_after_month"], parts), read_day_after_month))
    found += [(_compiled(rf"(?<![\w.:,]){pattern}", parts), read_time) for pattern in reading.time["patterns"]]
    if its["decade"]:
        found.append((re.compile(its["decade"]), read_decade))
    found += [
        (re.compile(rf"(?<!\w)(?P<one>{day}){sep}(?P<two>{day})(?!\w)"), read_days),
        (re.compile(rf"(?<!\w)(?:{one_of(short)})(?=,? \d)"), lambda match: reading.days[match[0]]),
        (re.compile(rf"(?<!\w)(?:{one_of(long)})(?=,? {MOMENT})"), lambda match: reading.days[match[0]]),
    ]
    return found


def _compiled(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    for name, part in parts.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern)


def _year(written: str | None) -> int:
    """Return 2026 for 2026 and for 26; 0 if there is no year."""
    year = int(written or 0)
    if written and len(written) <= 2:
        year += 2000 if year < PIVOT else 1900
    return year


def _without_double(match: re.Match[str], spoken: str) -> str:
    """Leave out a first word that has just been said: "the 4th of May" has its "the"."""
    first, _, rest = spoken.partition(" ")
    return rest if text_before(match).lower().endswith(f"{first} ") else spoken
