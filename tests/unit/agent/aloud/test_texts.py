"""What is written, and what the caller hears: the same words in every language, wherever the text is cut."""

import random
import tomllib
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path

import pytest

from agent import languages
from agent.aloud.reader import Reader
from agent.aloud.reading import Reading
from agent.aloud.stream import Aloud, read_aloud, transforms

FOLDER = Path(__file__).with_name("texts")
TEXTS = {language: tomllib.loads((FOLDER / f"{language}.toml").read_text()) for language in languages.known()}
ALL = [(language, written, spoken) for language, texts in TEXTS.items() for written, spoken in texts.items()]


async def spoken(language: str, pieces: Sequence[str]) -> str:
    """What is said of an answer that arrives in these pieces."""

    async def answer() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    text: AsyncIterable[str] = answer()
    for transform in transforms(Reader.of(language)):
        text = transform(text)
    return "".join([piece async for piece in text]).strip()


def cut(text: str, sizes: random.Random, longest: int) -> list[str]:
    pieces = []
    while text:
        size = sizes.randint(1, longest)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@pytest.mark.parametrize("language", languages.known())
def test_there_are_enough_texts_in_every_language(language: str) -> None:
    assert len(TEXTS[language]) >= 60


@pytest.mark.parametrize(("language", "written", "expected"), ALL, ids=[f"{it}: {text[:40]!r}" for it, text, _ in ALL])
async def test_a_text_is_read_as_people_of_its_language_read_it(language: str, written: str, expected: str) -> None:
    assert await read_aloud(written, Reader.of(language)) == expected


@pytest.mark.parametrize("language", languages.known())
async def test_where_the_pieces_of_a_text_end_makes_no_difference(language: str) -> None:
    reader, chance = Reader.of(language), random.Random(1)  # noqa: S311
    for written in TEXTS[language]:
        expected = await read_aloud(written, reader)
        words = [f" {word}" if number else word for number, word in enumerate(written.split(" "))]  # as models write
        for pieces in (list(written), words, *(cut(written, chance, longest) for longest in (3, 6, 12, 12))):
            assert await spoken(language, pieces) == expected, pieces


SCRAPS = [
    *("12", "3.5", "1,250", "9:30", "-", "\u2013", "$", "€", "%", "5th", "1.", "2024", "No.", "Dr.", "z. B.", "M."),
    *("May", "de", "mayo", "am", "p. m.", "km", "+49 30", "info@x.de", "www.x.com", "&", "**", "*", "`", "_", "<!--"),
    *("-->", "<b>", "<", "&amp;", "|", "\n", "\n- ", "\n# ", "\n```\n", "[a](b)", "😀", " ", " ", " ", " ", "word"),
    *(".", ",", "!", "?", "(", ")", '"', "1/2", "½", "24/7", "x", "Mo-Fr", "etc.", "str.", "\u00a0", "°C", "n°", "3 4"),
    *("Name", "h", "Uhr", "\n1. ", "\n| a | 5 |\n", "</b>", "\n> "),
]


@pytest.mark.parametrize("language", languages.known())
async def test_nor_does_it_in_made_up_texts(language: str) -> None:
    reader, chance = Reader.of(language), random.Random(2)  # noqa: S311
    for _ in range(300):
        written = "".join(chance.choices(SCRAPS, k=25))
        expected = await read_aloud(written, reader)
        for longest in (1, 4, 15):
            pieces = cut(written, chance, longest)
            assert await spoken(language, pieces) == expected, pieces


def keys_of(table: object) -> list[str]:
    """All that the rules of a language look for."""
    if not isinstance(table, dict):
        return []
    return [key for name, entry in table.items() for key in (name, *keys_of(entry))]


@pytest.mark.parametrize("language", languages.known())
async def test_no_heap_of_signs_and_abbreviations_is_too_much(language: str) -> None:
    reader, chance = Reader.of(language, "GB"), random.Random(3)  # noqa: S311
    scraps = keys_of(vars(Reading.of(language))) + [*SCRAPS, *"0123456789.,:;/-+()", " "] * 5
    for _ in range(300):
        assert isinstance(await read_aloud("".join(chance.choices(scraps, k=25)), reader), str)


@pytest.mark.parametrize("language", languages.known())
async def test_no_digit_and_no_sign_is_left(language: str) -> None:
    for written in TEXTS[language]:
        assert not set(await read_aloud(written, Reader.of(language))) & set("0123456789$€£%&@#*`_|°½")


@pytest.mark.parametrize("language", languages.known())
async def test_what_is_in_words_already_stays_as_it_is(language: str) -> None:
    reader = Reader.of(language)
    for said in (*TEXTS[language].values(), *sentences(language)):
        assert await read_aloud(said, reader) == said


def sentences(language: str) -> list[str]:
    """The sentences that the agent says in this language."""
    its = languages.sentences(language)
    return [getattr(its, name) for name in its.__slots__]


def test_words_leave_as_soon_as_they_are_complete_and_a_number_as_soon_as_the_next_word_is() -> None:
    aloud = Aloud(Reader.of("en"))
    pieces = ("We", " open", " at", " 9", ":3", "0", " a", ".m", ".", " every", " day", ".")
    heard = [aloud.feed(piece) for piece in pieces]
    assert heard == ["", "We ", "open ", "at ", "", "", "", "", "", "", "nine thirty AM every ", ""]
    assert aloud.flush() == "day."


def test_a_long_row_of_numbers_is_heard_while_it_is_written() -> None:
    aloud = Aloud(Reader.of("en"))
    heard = [aloud.feed(f"{number}, ") for number in range(1, 101)]
    assert "".join(heard[:50]).startswith("One, two, three,")
    assert ("".join(heard) + aloud.flush()).split()[-3:] == ["ninety-nine,", "one", "hundred,"]
    assert len("".join(heard).split()) > 50


def test_scripts_without_blanks_are_not_held_back() -> None:
    aloud = Aloud(Reader.of("en"))
    heard = [aloud.feed(piece) for piece in ("你好", "。我们", "九点开门。", "再")]
    assert heard == ["", "你好。", "我们九点开门。", ""]
    assert aloud.flush() == "再"


def test_a_country_has_its_own_dates_and_phone_numbers() -> None:
    american, british = Reader.of("en"), Reader.of("en", "GB")
    assert american.read("", "on 3/4/2026", "") == "on March fourth, twenty twenty-six"
    assert british.read("", "on 3/4/2026", "") == "on the third of April, twenty twenty-six"
    assert british.read("", "020 7946 0958", "") == "Zero two zero, seven nine four six, zero nine five eight"
