"""Finding numbers that must not be kept: cards by their check digit, identity numbers country by country.

The patterns say what to look for, and python-stdnum says whether a number is valid. Each function takes digits and
capital letters without anything between them, and yields where a number begins and ends. `edges` are the places at
which the text had a gap as it was written or spoken, including its beginning and its end.
"""

import re
from collections.abc import Callable, Iterator, Set
from itertools import combinations

from stdnum import luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir

Spans = Iterator[tuple[int, int]]

CARD = re.compile(r"(?=([2-6]\d{12,18}))")  # the digits that card schemes begin with; 13 to 19 digits in all
CARD_LENGTHS = (16, 15, 19, 18, 17, 14, 13)  # the usual ones first: one in ten others passes the check by chance
USUAL_CARD = re.compile(r"3[47]\d{13}|[2-6]\d{15}")
# Not `stdnum.us.ssn`, which rejects three numbers because they were once printed in advertisements.
US_SOCIAL_SECURITY = re.compile(r"(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}")
DE_TAX_ID = re.compile(r"[1-9]\d{10}")
DE_IDENTITY_CARD = re.compile(r"[LMNPRTVWXY][CFGHJKLMNPRTVWXYZ0-9]{8}")
ES_DNI = re.compile(r"\d{8}[A-Z]")
ES_NIE = re.compile(r"[XYZ]\d{7}[A-Z]")
FR_NIR = re.compile(r"[1-478]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d\d|2[AB])\d{6}(\d\d)?")


def cards(text: str) -> Spans:
    """Find card numbers (ISO/IEC 7812) within any row of digits, since an expiry date may follow directly."""
    for match in CARD.finditer(text):
        digits = match[1]
        for length in CARD_LENGTHS:
            if length <= len(digits) and luhn.is_valid(digits[:length]):
                yield match.start(), match.start() + length
                break


def cards_in_groups(text: str, edges: Set[int]) -> Spans:
    """Find card numbers of the usual lengths, in groups as on a card, among digits that may not belong together."""
    for start in edges:
        if (match := USUAL_CARD.match(text, start)) and match.end() in edges and luhn.is_valid(match[0]):
            as_on_a_card = {start + 4, start + 8} & edges  # a phone number beside a time is rarely grouped like this
            if as_on_a_card or _is_undivided(match, edges):
                yield match.span()


def us_social_security(text: str, edges: Set[int]) -> Spans:
    def well_grouped(match: re.Match[str]) -> bool:
        parts = {match.start() + 3, match.start() + 5}
        return parts <= edges or _is_undivided(match, edges) or match[0] == text

    return _whole(US_SOCIAL_SECURITY, text, edges, well_grouped)


def de_tax_id(text: str, edges: Set[int]) -> Spans:
    return _whole(DE_TAX_ID, text, edges, lambda match: idnr.is_valid(match[0]))


def de_identity_card(text: str, _edges: Set[int]) -> Spans:
    return _within(DE_IDENTITY_CARD, text, lambda match: sum(map(str.isdigit, match[0])) >= 4)


def es_dni(text: str, _edges: Set[int]) -> Spans:
    return _within(ES_DNI, text, lambda match: dni.is_valid(match[0]))


def es_nie(text: str, _edges: Set[int]) -> Spans:
    return _within(ES_NIE, text, lambda match: nie.is_valid(match[0]))


def fr_nir(text: str, edges: Set[int]) -> Spans:
    """Find NIRs with or without their two check digits, since many people do not say those."""
    return _whole(FR_NIR, text, edges, lambda match: match[1] is None or nir.is_valid(match[0]))


FORMS: dict[str, Callable[[str, Set[int]], Spans]] = {
    form.__name__: form for form in (us_social_security, de_tax_id, de_identity_card, es_dni, es_nie, fr_nir)
}


def _whole(form: re.Pattern[str], text: str, edges: Set[int], good: Callable[[re.Match[str]], bool]) -> Spans:
    """Find numbers that consist of digits alone, and so have to fill a whole row of digits.

    Another number may follow or precede the row, as in "078-05-1120 4 people". But consecutive single digits are one
    row; otherwise every phone number that is spoken digit by digit would contain such a number.
    """
    ends = {at for at in edges if not ({at - 1, at + 1} <= edges and text[at - 1 : at + 1].isdigit())}
    for start, end in combinations(sorted(ends), 2):
        if (match := form.fullmatch(text, start, end)) and good(match):
            yield match.span()


def _is_undivided(match: re.Match[str], edges: Set[int]) -> bool:
    return not any(match.start() < edge < match.end() for edge in edges)


def _within(form: re.Pattern[str], text: str, good: Callable[[re.Match[str]], bool]) -> Spans:
    yield from (match.span() for match in form.finditer(text) if good(match))
