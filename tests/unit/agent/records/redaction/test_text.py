"""Card and identity numbers are taken out however they are said; other numbers stay."""

import pytest

from agent import languages
from agent.records.redaction.spoken_digits import SpokenDigits
from agent.records.redaction.text import Redaction, Utterance, redact

CARD = "4111 1111 1111 1111"


def of(*turns: str, language: str = "en") -> Redaction:
    """`a: …` is the agent's, anything else the caller's."""
    said = [Utterance("agent", turn[3:]) if turn.startswith("a: ") else Utterance("caller", turn) for turn in turns]
    return redact(said, language)


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111111111111111",
        "four one one one, one one one one, one one one one, one one one one",
        "four triple one double one double one one one one one um double one one one",
        "forty-one eleven eleven eleven eleven eleven eleven eleven",
        "4111 1111, um, and then one one one one 1111",
        "3782 822463 10005",
    ],
)
def test_a_card_number_is_taken_out_in_whatever_form_it_is_said(number: str) -> None:
    assert of(f"It is {number}, thanks.").texts == ["It is [redacted], thanks."]


@pytest.mark.parametrize(
    "said",
    [
        "It is 4111 for the first, then 1111 after that, then 1111 and last 1111",
        "four one one one uh huh one one one one you know one one one one right one one one one",
        "4111 is the first part, 1111 the second one I think, 1111, and 1111 12/26",
        "4111 1111, I mean, 1111 1111",
        "3782, let me see, 822463 and finally 10005",
        "My visa plus 4111 1111 1111 1111",
        "My visa +4111111111111111",
        "My amex plus 3782 822463 10005",
        "4111 1111 plus 1111 1111",
    ],
)
def test_a_card_number_is_taken_out_whatever_is_said_between_or_before_its_groups(said: str) -> None:
    [text] = of(said).texts
    assert "[redacted]" in text
    assert "111" not in text
    assert "one one" not in text
    assert "822463" not in text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("My social is 078 05 1120 and I am 45", "My social is [redacted] am 45"),
        ("078-05-1120 4 people", "[redacted] people"),
        ("4 people 078051120", "4 people [redacted]"),
        ("zero seven eight zero five one one two zero and I am 45", "[redacted] am 45"),
    ],
)
def test_an_identity_number_is_taken_out_whatever_figures_are_beside_it(said: str, kept: str) -> None:
    assert of(said).texts == [kept]


@pytest.mark.parametrize(
    ("language", "number"),
    [
        ("en", "078-05-1120"),  # which was once printed in an advertisement, and is still a number
        ("en", "219-09-9999"),
        ("en", "536-90-4399"),
        ("de", "86 095 742 719"),
        ("de", "acht sechs null neun fünf sieben vier zwei sieben eins neun"),
        ("de", "L01X00T47"),
        ("de", "einundvierzig elf elf elf elf elf elf elf"),
        ("es", "12345678Z"),
        ("es", "X1234567L"),
        ("fr", "2 55 08 14 168 025 38"),
        ("fr", "2 53 07 2A 073 004 43"),
        ("fr", "2 55 08 14 168 025"),
        ("fr", "quarante et un onze onze onze onze onze onze onze"),
    ],
)
def test_each_language_knows_its_numbers(language: str, number: str) -> None:
    assert of(f"Also: {number}.", language=language).texts == ["Also: [redacted]."]


@pytest.mark.parametrize(
    ("language", "harmless"),
    [
        ("en", "My number is 202 555 0100, we are four at 7:30, for 25.50 dollars, on 2026-11-25."),
        ("en", "Call +49 1575 1234567 or 1 800 555 0199."),
        ("en", "Call plus 49 1575 1234567, for 12 at 7:30."),
        ("en", "It is two zero two five five five zero one zero zero, and then I am free."),
        ("en", "202 555 0100, 12 people."),
        ("en", "We are 4 at 7:30, or 12 at 19:30, on 11/25/2026, and I am at 202 555 0100."),
        ("en", "4111 1111 1111 1112 has a wrong check digit."),
        ("de", "Meine Nummer ist null eins sieben null eins zwei drei vier fünf sechs sieben."),
        ("de", "15751230005 ist ein Telefon, obwohl die Prüfziffer einer Steuer-ID stimmt."),
        ("de", "86 095 742 718 hat eine falsche Prüfziffer."),
        ("es", "Mi número es 612 345 678, somos cuatro a las 8 y media."),
        ("es", "12345678A tiene otra letra."),
        ("fr", "Mon téléphone : 06 12 34 56 78, à 19 h 30, pour 4 personnes."),
    ],
)
def test_telephone_numbers_times_and_prices_stay(language: str, harmless: str) -> None:
    assert of(harmless, language=language).texts == [harmless]


def test_a_number_that_is_said_in_several_turns_is_one() -> None:
    found = of(
        "The first half is 4111 1111.",
        "a: Four one one one, one one one one. And then?",
        "Then 1111 1111.",
        "a: Thanks!",
    )
    assert found.texts == [
        "The first half is [redacted].",
        "a: [redacted]. And then?"[3:],
        "Then [redacted].",
        "Thanks!",
    ]
    assert found.touched == {0, 1, 2}


def test_a_read_back_is_taken_out_too_and_so_are_its_last_figures() -> None:
    assert (
        of(f"{CARD}", "a: So 4111 1111 1111 1111, ending in 1111?").texts[1] == "So [redacted], ending in [redacted]?"
    )


def test_keys_are_figures() -> None:
    assert of("(keys pressed) 4 1 1 1 1 1 1 1", "(keys pressed) 1 1 1 1 1 1 1 1").touched == {0, 1}


@pytest.mark.parametrize(
    "turns",
    [
        ("My passport number is C 123 456 7.",),
        ("a: What is your social security number?", "It's 123 456."),
        ("It is my driver's license: one two three four five six seven.",),
    ],
)
def test_what_follows_the_name_of_a_document_is_an_identity_number(turns: tuple[str, ...]) -> None:
    assert "[redacted]" in of(*turns).texts[-1]
    assert not any(map(str.isdigit, of(*turns).texts[-1]))


def test_a_number_long_after_the_name_of_a_document_stays() -> None:
    turns = ("I have lost my passport.", "a: Oh.", "You can call me back about it at 202 555 0100.")
    assert of(*turns).texts[2] == turns[2]


def test_tools_are_given_and_give_back_nothing_of_it() -> None:
    found = of(CARD)
    assert found.clean_value({"card": 4111111111111111, "last": "1111", "people": 4, "open": True}) == {
        "card": "[redacted]",
        "last": "[redacted]",
        "people": 4,
        "open": True,
    }
    assert found.clean_json('{"card": "4111-1111-1111-1111"}') == '{"card": "[redacted]"}'
    assert found.clean_json("paid with 4111111111111111") == "paid with [redacted]"
    assert found.clean_json('{"open":  true}') == '{"open":  true}'


@pytest.mark.parametrize("language", languages.known())
def test_every_language_can_count_to_a_hundred(language: str) -> None:
    spoken = SpokenDigits.of(language)
    assert {int(value) for value in spoken.numbers.values()} == set(range(100))
    assert spoken.fillers
    assert spoken.labels
    assert spoken.identity
