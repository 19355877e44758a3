"""A reply in pieces: the first one soon, and nothing lost."""

import random
import time
from collections.abc import Iterable, Iterator

import pytest

from agent.turns.tts_chunks import TTSChunks

REPLY = "We are open from nine to five, Monday to Friday. On Saturdays we open at ten! Shall I book a table for you?"
TEXTS = [
    REPLY,
    "Yes.",
    "Yes. We open at nine.",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    "Ends in a space. ",
    "Sure!\n\nWe have:\n- soup\n- bread\n",
    "\n Begins with space, and has  two spaces.  Twice.\n\n\n",
    "It costs 3.50 euros, i.e. not much. Dr. Smith pays. 3 < 5 > 2, <b>bold</b>…",
    "Wait - no – really — yes.",  # noqa: RUF001
    "你好。我们九点开门，五点关门。再见！",  # noqa: RUF001
    "नमस्ते। हम नौ बजे खुलते हैं।",
    "مرحبا، نفتح في التاسعة.",
    "💐 💐, 💐!",
    "!?",
    ", , , ,",
    "   ",
    "\n",
    "",
    "Yes it is. " * 40,
    "word " * 200,
    "x" * 500,
]


def pieces(chunks: Iterable[str], most: int = 4) -> list[str]:
    """What has left the stream, after each chunk and at the end."""
    stream = TTSChunks(most).stream()
    left = []
    for chunk in chunks:
        stream.push_text(chunk)
        left += _ready(stream)
    stream.end_input()
    return left + _ready(stream)


def _ready(stream: object) -> list[str]:
    channel, tokens = stream._event_ch, []  # type: ignore[attr-defined]
    while not channel.empty():
        tokens.append(channel.recv_nowait().token)
    return tokens


def cut(text: str, sizes: random.Random) -> Iterator[str]:
    while text:
        size = sizes.randint(1, 12)
        yield text[:size]
        text = text[size:]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:12]))
async def test_nothing_is_lost_or_doubled_however_the_text_arrives(text: str, most: int) -> None:
    words = [f" {word}" if number else word for number, word in enumerate(text.split(" "))]  # as models write
    arrivals = [list(text), [text], words, *(cut(text, random.Random(seed)) for seed in range(8))]  # noqa: S311
    for chunks in arrivals:
        assert "".join(pieces(chunks, most)) == text
    assert "".join(TTSChunks(most).tokenize(text)) == text


async def test_made_up_texts_too() -> None:
    chance = random.Random(1)  # noqa: S311
    for _ in range(300):
        text = "".join(
            chance.choices(["a", "word", "Mr.", " ", " ", " ", "\n", ",", ". ", "? ", "…", "。", "3.5"], k=30)
        )
        assert "".join(pieces(cut(text, chance), chance.randint(1, 5))) == text
        assert "".join(TTSChunks(3).tokenize(text)) == text


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Yes, we are open.", "Yes,"),
        ("We are open from nine to five, Monday to Friday.", "We are open from "),
        ("We are open. Come in.", "We are open."),
        ("Well … it depends.", "Well …"),
        ("Yes – we are.", "Yes –"),  # noqa: RUF001 - as models write it
        ("你好，我们九点开门。", "你好，"),  # noqa: RUF001
        ("It is 3.50 euros", "It is 3.50 euros"),
        ("Short", "Short"),
    ],
)
async def test_the_first_piece_ends_at_a_breath_or_after_some_words(text: str, first: str) -> None:
    assert TTSChunks(4).tokenize(text)[0] == first
    assert pieces(text)[0] == first


UNCUT = {
    "en": ["No. 12 Station Road", "Dr. Miller is in", "Ask J. Smith now", "St. Mary is here", "U.S. Embassy here"],
    "de": ["Nr. 12 am Markt", "Dr. Müller ist da", "z. B. um neun Uhr", "ca. zehn Minuten lang", "St. Martin ist da"],
    "es": ["Sr. García llega hoy", "Prof. Gil está aquí", "Dra. Ruiz está aquí", "p. ej. a pie", "J. Gil está aquí"],
    "fr": ["M. Dupont arrive ici", "Dr. Petit est là", "p. ex. à pied", "env. dix minutes ici", "J. Blanc est là"],
}


@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize(("language", "text"), [(it, text) for it, texts in UNCUT.items() for text in texts])
async def test_no_piece_ends_after_an_abbreviation(language: str, text: str, most: int) -> None:
    whole = f"{text}. Then {text}, or {text}."
    chunks = TTSChunks(most, language)
    for stream in (chunks.stream(), chunks.stream()):
        for letter in whole:
            stream.push_text(letter)
        stream.end_input()
        left = _ready(stream)
        assert "".join(left) == whole
    abbreviations = [word for word in text.split() if word.endswith(".")]
    for piece in (*left, *chunks.tokenize(whole)):
        assert piece.split()[-1] not in abbreviations, piece


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "The room is one thousand two hundred dollars a month", "The room is one thousand two hundred dollars "),
        ("en", "It takes about twenty-five minutes from here", "It takes about twenty-five minutes "),
        ("de", "Es kostet genau eine Million Euro im Jahr", "Es kostet genau eine Million Euro "),
        ("es", "El precio es mil doscientos cincuenta euros al mes", "El precio es mil doscientos cincuenta euros "),
        ("fr", "Le prix est mille deux cent euros par mois", "Le prix est mille deux cent euros "),
    ],
)
async def test_no_piece_ends_between_the_words_of_a_number(language: str, text: str, first: str) -> None:
    assert TTSChunks(4, language).tokenize(text)[0] == first
    stream = TTSChunks(4, language).stream()
    for letter in text:
        stream.push_text(letter)
    stream.end_input()
    assert _ready(stream)[0] == first


async def test_a_number_without_end_takes_no_long_time() -> None:
    stream = TTSChunks(4).stream()
    began = time.process_time()
    for _ in range(600):
        stream.push_text("one ")
    assert time.process_time() - began < 1  # seconds
    stream.end_input()


async def test_a_sentence_of_one_word_is_still_a_piece() -> None:
    assert pieces("No. We are closed on Sundays.")[0] == "No."


@pytest.mark.parametrize("most", [1, 2, 6])
async def test_the_first_piece_has_as_many_words_as_it_is_told(most: int) -> None:
    assert len(pieces("a b c d e f g h", most)[0].split()) == most


async def test_the_first_piece_leaves_before_the_text_is_finished_and_the_others_as_they_are_complete() -> None:
    stream, left = TTSChunks(4).stream(), []
    for number, word in enumerate(REPLY.split()):
        stream.push_text(f" {word}" if number else word)
        left += [(number + 1, piece) for piece in _ready(stream)]
    stream.end_input()
    assert left == [  # each with the first word that is no longer part of it
        (5, "We are open from "),
        (11, "nine to five, Monday to Friday."),
        (17, " On Saturdays we open at ten!"),
    ]
    assert _ready(stream) == [" Shall I book a table for you?"]


async def test_each_further_piece_may_be_three_times_as_long_when_there_is_nowhere_to_breathe() -> None:
    words = [len(piece.split()) for piece in TTSChunks(2).tokenize("word " * 99 + "end")]
    assert words == [2, 6, 18, 54, 20]


async def test_each_reply_begins_anew() -> None:
    voice = TTSChunks(4)
    for _ in range(2):
        stream = voice.stream()
        stream.push_text("We are open from nine to five")
        assert _ready(stream) == ["We are open from "]
