"""Prices, quantities, fractions, ordinals, years and plain numbers."""

import re

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Rule, apart, chosen_by_words_before, one_of, text_before

MINUS = r"(?:(?<![^\s(\[])[-\u2212])?"  # a dash between two numbers is none
DASH = r"[-–—]"  # noqa: RUF001
SPACE = "[ \u00a0\u202f]?"
CENTS = 2  # digits after the decimal sign of a price
EITHER_WAY = r"(?:\d{1,3}(?:,\d{3})+\.|\d{1,3}(?:\.\d{3})+,|\d+[.,])\d\d(?!\d)"  # a price with cents
BEFORE_A_RANGE = re.compile(r"\d[\w.%€$£°]*(?:\s[\w.%€$£]{1,4}|\s[ap]\. ?m\.?)?$")
HALF = ("1/2", "½")
MILLION = 10**6
GENDERS = {"m": "masculine", "f": "feminine", "n": "neuter"}


def rules(numbers: Numbers) -> list[Rule]:
    """In the order in which they are tried: what a number belongs to decides how it is read."""
    return [*_prices(numbers), *_quantities(numbers), *_fractions(numbers), *_ordinals(numbers), *_plain(numbers)]


def _counted(numbers: Numbers, written: str, names: list[str]) -> str:
    """Return "one mile" or "2.5 miles" in words; `names` has the unit, its plural, and its gender if it matters."""
    gender = GENDERS[names[2]] if len(names) > 2 else "cardinal"
    whole, part = numbers.split(written)
    name = names[0] if (whole, part) == ("1", "") else names[1]
    if int(whole) >= MILLION and not int(whole) % MILLION and not part:
        name = _of(numbers, name)
    return f"{numbers.read(written, gender)} {name}"


def _of(numbers: Numbers, name: str) -> str:
    """Return what follows a million, or a quarter: "de dólares", "d'euros"."""
    of = numbers.reading.money["of_big"]
    return f"{of.rstrip('e ')}'{name}" if name[0] in numbers.reading.money["elides"] else f"{of}{name}"


def _prices(numbers: Numbers) -> list[Rule]:
    its, currencies = numbers.reading.money, numbers.reading.currencies
    # Before a number stands a sign or a code, but no word: "in euros 5 is more than 3".
    leading = one_of(sign for sign in currencies if sign.upper() == sign)

    def read(match: re.Match[str]) -> str:
        found = match.groupdict()
        currency = currencies[found["sign"]]
        minus = f"{numbers.reading.number['minus']} " if found["minus"] else ""
        number = in_the_way_of_the_language(found["number"])
        if big := found.get("big"):
            return f"{minus}{numbers.read(number)} {its['big'][big]} {_of(numbers, currency['unit'][1])}"
        if upto := found.get("upto"):
            last = _counted(numbers, in_the_way_of_the_language(upto), currency["unit"])
            return f"{minus}{numbers.read(number)} {numbers.reading.number['to']} {last}"
        whole, part = numbers.split(number)
        if len(part) != CENTS or "part" not in currency:
            return minus + _counted(numbers, number, currency["unit"])
        units = _counted(numbers, whole, currency["unit"])
        if not int(part):
            return minus + units
        cents = _counted(numbers, str(int(part)), currency["part"])
        if not int(whole):
            return minus + cents
        return minus + str(its["price"]).format(units=units, cents=cents, part=numbers.cardinal(int(part)))

    def in_the_way_of_the_language(written: str) -> str:
        """Return a price with the language's decimal sign, whichever it has: 12,50 becomes 12.50 in English."""
        if not re.fullmatch(EITHER_WAY, written):
            return written
        return f"{re.sub(r'[.,]', '', written[:-3])}{numbers.reading.number['decimal']}{written[-2:]}"

    number, big = rf"(?:{EITHER_WAY}|{numbers.pattern})", rf"(?P<big>{one_of(its['big'])})"
    no_cents = rf"(?:[,.]{DASH})?"  # "5,- €"
    before = (
        rf"(?<!\w)(?P<minus>{MINUS})(?P<sign>{leading}){SPACE}(?P<number>{number})"
        rf"(?:{SPACE}{DASH}{SPACE}(?:{leading})?(?P<upto>{number})|{SPACE}{big}(?!\w))?{no_cents}(?!\w)"
    )
    after = (
        rf"(?<![\w.,])(?P<minus>{MINUS})(?P<number>{number}){no_cents}{SPACE}"
        rf"(?:{big}\s)?(?P<sign>{one_of(currencies)})(?!\w)"
    )
    return [(re.compile(before), read), (re.compile(after), read)]


def _quantities(numbers: Numbers) -> list[Rule]:
    units = numbers.reading.units

    def read(match: re.Match[str]) -> str:
        minus = f"{numbers.reading.number['minus']} " if match["minus"] else ""
        return minus + _counted(numbers, match["number"], units[match["unit"]])

    number = rf"(?<![\w.,])(?P<minus>{MINUS})(?P<number>{numbers.pattern})"
    unit = rf"(?P<unit>{one_of(units)})(?!\w)(?:\.(?=\s+[a-zß-ÿ\d]))?"
    return [(re.compile(f"{number}{SPACE}{unit}"), read)]


def _fractions(numbers: Numbers) -> list[Rule]:
    alone, added = ({sign: names[at] for sign, names in numbers.reading.fractions.items()} for at in (0, 1))
    units, its = numbers.reading.units, numbers.reading.number

    def read(match: re.Match[str]) -> str:
        whole, part, unit = match["whole"], match["part"], match["unit"]
        if unit and whole and its["half_after_unit"]:
            return _counted(numbers, whole, units[unit]) + added[part]
        amount = numbers.cardinal(int(whole)) + added[part] if whole else alone[part]
        if not unit:
            return amount
        of_it = _of(numbers, units[unit][0]) if its["part_of_unit"] and part not in HALF else units[unit][0]
        return f"{amount} {units[unit][1] if whole else of_it}"

    signs = one_of(sign for sign in alone if "/" not in sign)
    whole = rf"(?:(?P<whole>\d{{1,4}})(?:[ \u00a0]|(?={signs})))?"
    unit = rf"(?:{SPACE}(?P<unit>{one_of(units)})(?!\w))?"
    return [(re.compile(rf"(?<![\w./,]){whole}(?P<part>{one_of(alone)})(?![\w/]){unit}"), read)]


def _ordinals(numbers: Numbers) -> list[Rule]:
    its = numbers.reading.ordinal
    ruleset_of = chosen_by_words_before(its["after"])

    def rule(pattern: str, usual: str) -> Rule:
        def read(match: re.Match[str]) -> str | None:
            ruleset = ruleset_of(match, usual)
            return numbers.spell(int(match["number"]), ruleset) if ruleset else None

        return re.compile(pattern), read

    return [rule(pattern, usual) for pattern, usual in its["patterns"]]


def _plain(numbers: Numbers) -> list[Rule]:
    its = numbers.reading.number
    from_year, to_year = its["years"]
    counted = [
        (gender, re.compile(rf"\s(?:{'|'.join(nouns)})(?!\w)", re.IGNORECASE))
        for gender, nouns in its["counted"].items()
    ]

    def gender_of(match: re.Match[str]) -> str:
        if re.fullmatch(r"\d{4}", match["number"]):  # more often a year
            return "cardinal"
        after = match.string[match.end() :]
        return next((gender for gender, nouns in counted if nouns.match(after)), "cardinal")

    def read_year(match: re.Match[str]) -> str | None:
        year = int(match["number"])
        if from_year <= year <= to_year:
            return apart(match, numbers.year(year))
        in_a_street = its["houses_in_hundreds"] and re.match(r"[A-Z]?\s+[A-Z][a-z]", match.string[match.end() :])
        return apart(match, numbers.in_hundreds(year)) if in_a_street else None

    def read(match: re.Match[str]) -> str:
        sign = {"-": its["minus"], "\u2212": its["minus"], "+": its["plus"]}.get(match["sign"], "")
        number = match["number"]
        foreign = re.fullmatch(r"(\d+)\.(\d+)", number) if its["decimal"] != "." else None
        if foreign and len(foreign[2]) != 3:
            words = f"{numbers.whole(foreign[1])} {its['point']} {numbers.digits(foreign[2])}"
        else:
            words = numbers.read(number, gender_of(match))
        return apart(match, f"{sign} {words}".strip())

    def read_version(match: re.Match[str]) -> str | None:
        if re.fullmatch(numbers.pattern, match[0]):
            return None
        return f" {its['dot']} ".join(numbers.whole(part) for part in match[0].split("."))

    def read_ratio(match: re.Match[str]) -> str:
        return f" {its['ratio']} ".join(numbers.whole(part) for part in match[0].split(":"))

    def read_list(match: re.Match[str]) -> str:
        parts = match[0].split("/")
        if re.fullmatch(r"(?:1[89]|20)\d\d/\d\d(?:\d\d)?", match[0]):  # from one year to the next
            return " ".join(numbers.year(int(part)) for part in parts)
        return f" {its['slash']} ".join(numbers.whole(part) for part in parts)

    def read_range(match: re.Match[str]) -> str | None:
        return f" {its['to']} " if BEFORE_A_RANGE.search(text_before(match)) else None

    def read_per(match: re.Match[str]) -> str | None:
        return f" {its['per']} " if re.search(r"\d\s?[^\W\d]{0,3}[€$£¥%]?$", text_before(match)) else None

    number = rf"(?P<sign>(?:(?<![\w)\]])[-\u2212+](?=\d))?)(?P<number>\d+\.\d+(?!\d|\.\d)|{numbers.pattern})"
    return [
        (re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d])"), read_version),
        (re.compile(r"(?<![\d:])\d{1,3}:\d{1,3}(?![\d:])"), read_ratio),
        (re.compile(r"(?<![\d/])\d{1,4}(?:/\d{1,4})+(?![\d/])"), read_list),
        (re.compile(rf"\s?{DASH}\s?(?=[$€£¥]?\d)"), read_range),
        (re.compile(r"/(?=[^\W\d]{2})"), read_per),
        (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), lambda _: f" {its['by']} "),  # noqa: RUF001
        (re.compile(r"(?<![\d.,'])(?P<number>\d{4})(?![\d]|[.,]\d)"), read_year),
        (re.compile(rf"(?<!\d){number}"), read),
    ]
