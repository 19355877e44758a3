"""Abbreviations and signs in words."""

import re
from collections.abc import Iterable

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Reading, Rule, capital, one_of, text_before

NAME = r"[^\W\d_a-zß-öø-ÿ][\w'’-]*"  # noqa: RUF001 - begins with a capital
FACE = re.compile(r"(?<!\w)[:;=]'?-?[()DPpoO3/|](?!\w)")
OMITTED = re.compile("[•·▪◦→←↑↓⇒™©®†‡^|\\\\\u200b\u200d\ufeff]+ ?")

OPENING = "\"'«„“‚‘([¿¡"  # noqa: RUF001
INITIAL = re.compile(r"(?:[^\W\d_]\.)+")


def rules(numbers: Numbers) -> list[Rule]:
    reading = numbers.reading
    signs = reading.symbols

    def read_title(match: re.Match[str]) -> str | None:
        in_a_street = re.search(rf"\d\w?\s+(?:{NAME}\s+)+$", text_before(match))
        return None if in_a_street and match[0] in reading.after_a_name else reading.titles[match[0]]

    def read_after_name(match: re.Match[str]) -> str | None:
        after_a_name = re.search(rf"{NAME}\s+$|[^\W\d_][-\s]?$", text_before(match))
        return _stopped(match, reading.after_a_name[match[0]]) if after_a_name else None

    def read_ending(match: re.Match[str]) -> str:
        return match["stem"] + _stopped(match, reading.endings[match["ending"]])

    def read_before_number(match: re.Match[str]) -> str:
        short = match[0].rstrip()
        words = reading.before_a_number.get(short) or capital(reading.before_a_number[_small(short)])
        return f"{words} "

    def read_short(match: re.Match[str]) -> str:
        short = reading.abbreviations.get(match[0]) or reading.abbreviations[_small(match[0])]
        short = capital(short) if match[0][:1].isupper() else short
        return _stopped(match, short, before_a_name=match[0] in reading.closing)

    def read_month(match: re.Match[str]) -> str | None:
        beside_a_number = re.search(r"\d\W*$", text_before(match)) or re.match(r"\s*\d", match.string[match.end() :])
        return reading.date["months"][reading.months[match[0]] - 1] if beside_a_number else None

    def read_sign(match: re.Match[str]) -> str:
        word = signs[match[0].strip()]
        if text_before(match).rstrip().lower().endswith(f" {word}"):
            return ""
        return f" {word}" if re.match(r"[.,;:!?)]", match.string[match.end() :]) else f" {word} "

    table, before = reading.abbreviations, reading.before_a_number
    found: list[Rule] = [
        (FACE, lambda _: ""),
        (_words(reading.titles, rf"(?=\s+{NAME})"), read_title),
        (_words(reading.after_a_name), read_after_name),
        (re.compile(rf"(?<![\w.])(?:{one_of([*before, *map(capital, before)])})\s?(?=[+(]?\d)"), read_before_number),
        (_words([*table, *(capital(short) for short in table)]), read_short),
        (_words(reading.date["short"]), read_month),
        (re.compile(rf"(?:{one_of(signs)})\s*"), read_sign),
        (re.compile(r"#(?=\d)"), lambda _: f"{reading.number['number']} "),
        (OMITTED, lambda _: ""),
    ]
    if reading.endings:
        found.append(
            (re.compile(rf"(?P<stem>[^\W\d_]{{3,}}?)(?P<ending>{one_of(reading.endings)})(?!\w)"), read_ending)
        )
    return found


def fixed(numbers: Numbers) -> list[Rule]:
    """What is always read in the same way, whatever else it might be: 24/7."""
    literal = numbers.reading.literal
    return [(re.compile(rf"(?<![\w./,-])(?:{one_of(literal)})(?![\w/-]|[.,]\d)"), lambda match: literal[match[0]])]


def ends_with_one(before: str, after: str, reading: Reading) -> bool:
    """Return whether the full stop at the end of `before` belongs to an abbreviation or an initial.

    While it is not known what comes after it, "No." counts as one.
    """
    word = re.search(r"(?:\S+\s)?(\S+)$", before.rstrip())
    if not word or not word[1].endswith("."):
        return False
    last, both = (written.lstrip(OPENING).lower() for written in (word[1], word[0]))
    last = re.split(r"[-–/]", last)[-1]  # noqa: RUF001
    if last in reading.dotted_before_a_number and (not after.strip() or after.lstrip()[0].isdigit()):
        return True
    known = last in reading.dotted or both in reading.dotted or any(map(last.endswith, reading.endings))
    return known or bool(INITIAL.fullmatch(last))


def _words(words: Iterable[str], after: str = "") -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{one_of(words)})(?!\w){after}")


def _stopped(match: re.Match[str], words: str, *, before_a_name: bool = True) -> str:
    """Keep the full stop if it also ends the sentence: at the end, or before what may begin another one."""
    after = rf"[\"')\]]*(?:\s*$|\s+{NAME})" if before_a_name else r"[\"')\]]*\s*$"
    ends = match[0].endswith(".") and re.match(after, match.string[match.end() :])
    return f"{words}." if ends else words


def _small(word: str) -> str:
    return word[:1].lower() + word[1:]
