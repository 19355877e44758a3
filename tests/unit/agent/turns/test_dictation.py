"""What is read out in pieces, with pauses between them, is one turn."""

import time

import pytest

from agent.turns.dictation import run_at_the_end
from agent.turns.end_of_turn import EndOfTurn, Waits
from agent.turns.lexical_cue import LexicalCue
from tests.bench.sounds.sayings import dictations

DONE, UNSURE, UNFINISHED = 0.6, 1.1, 1.8  # seconds, the defaults
PAUSE = 1.4  # seconds between the pieces
REGIONS = {"en": "US", "de": "DE", "es": "ES", "fr": "FR"}
SURE = 2.0  # a tone of voice that sounds like an end after every piece
WHOLE = 0.9  # of all readings

CARD, PHONE, ORDER = "What is your card number?", "What is your phone number?", "What is the order number?"
NAME, MAIL = "How do you spell your last name?", "What is your email address?"

# Language, what the agent asked, and what speech to text writes down of each piece.
DICTATIONS = [
    ("en", "", ["My card is 4111", "1111", "1111", "1111."]),
    ("en", "", ["My card number is four one one one", "one one one one", "one one one one", "one one one one"]),
    ("en", CARD, ["4-1-1-1", "1-1-1-1", "1-1-1-1", "1-1-1-1."]),
    ("en", CARD, ["It's 4,111.", "1,111.", "1,111.", "1,111."]),
    ("en", CARD, ["41 11", "11 11", "11 11", "11 11"]),
    ("en", CARD, ["Four triple one.", "Double one, double one.", "1111", "1111."]),
    ("en", "", ["It's an Amex card, 3782", "822463", "10005."]),
    ("en", PHONE, ["202", "555", "0199."]),
    ("en", "", ["My phone number is two oh two", "five five five", "oh one nine nine"]),
    ("en", PHONE, ["Sure, it's 202.", "555.", "01.", "99."]),
    ("en", "", ["You can call my cell, 202-555", "01-99."]),
    ("en", PHONE, ["+1", "202 555", "0199"]),
    ("en", ORDER, ["48", "21", "93", "07"]),
    ("en", "", ["My order number is 4821", "9307", "55."]),
    ("en", "", ["The booking reference is A B 4", "7 7 Q", "9."]),
    ("en", "", ["Tracking number one Z nine nine", "nine A A one", "zero one two three."]),
    ("en", NAME, ["M-I-L-L", "E-R."]),
    ("en", "", ["My name is Miller, M I", "L L", "E R"]),
    ("en", NAME, ["D as in David, A as in Adam", "V as in Victor", "I, S."]),
    ("en", "", ["The last name is spelled S C H", "U L", "Z."]),
    ("en", MAIL, ["john dot smith at", "example dot com"]),
    ("en", MAIL, ["John.Smith@", "example.com"]),
    ("en", "", ["My email is J O H N", "underscore smith", "at gmail", "dot com."]),
    ("de", "Wie ist Ihre Kartennummer?", ["4111", "1111", "1111", "1111."]),
    ("de", "", ["Meine Kreditkarte ist vier eins eins eins", "eins eins eins eins", "1111", "1111"]),
    ("de", "Wie ist Ihre Telefonnummer?", ["0151", "234", "567", "89."]),
    ("de", "", ["Meine Handynummer ist null eins fünf eins", "zwei drei vier", "fünf sechs sieben acht"]),
    ("de", "", ["Die Bestellnummer ist 4821", "93", "07."]),
    ("de", "", ["Mein Name ist Möller, M wie Martha, Ö", "L L", "E R."]),
    ("de", "Wie ist Ihre E-Mail-Adresse?", ["hans punkt", "möller ät", "beispiel punkt de"]),
    ("es", "¿Cuál es el número de su tarjeta?", ["4111", "1111", "1111", "1111."]),
    ("es", "", ["Mi teléfono es seis uno dos", "tres cuatro cinco", "seis siete ocho."]),
    ("es", "", ["Mi teléfono es 612", "345", "678"]),
    ("es", "", ["Me llamo Ruiz, R de Roma, U", "I Z."]),
    ("es", "¿Cuál es su correo?", ["ana punto", "ruiz arroba", "ejemplo punto es"]),
    ("fr", "Quel est le numéro de votre carte ?", ["4111", "1111", "1111", "1111."]),
    ("fr", "", ["Mon téléphone, c'est le 06", "12", "34", "56", "78."]),
    ("fr", "", ["Mon portable, zéro six", "un deux", "trois quatre", "cinq six", "sept huit"]),
    ("fr", "", ["Mon nom est Dupont, D U", "P O", "N T."]),
    ("fr", "Quelle est votre adresse e-mail ?", ["anne point", "dupont arobase", "exemple point fr"]),
]
COMPLETE = {
    "en": [
        "My card is 4111 1111 1111 1111.",
        "My phone number is 202-555-0199.",
        "It's 202 555 0199.",
        "My number is 555 0199.",
        "My name is Miller, M-I-L-L-E-R.",
        "My email is john.smith@example.com.",
        "My email is john dot smith at example dot com.",
    ],
    "de": ["Meine Karte ist 4111 1111 1111 1111.", "Meine Mail ist hans punkt möller ät beispiel punkt de."],
    "es": ["Mi teléfono es 612 345 678.", "Mi correo es ana.ruiz@ejemplo.es."],
    "fr": ["Mon téléphone est le 06 12 34 56 78.", "Mon nom est Dupont, D-U-P-O-N-T."],
}
ORDINARY = {
    "en": [
        "I would like to book a table.",
        "I have lost my card.",
        "Can I pay by card.",
        "I want to change my order.",
        "Please send me an email.",
        "I got your email at noon.",
        "I want to change my email today.",
        "The email went to Anna.",
        "My phone is broken.",
        "What is your email address?",
        "I called from my cell this morning.",
        "He is out at the moment.",
        "I watched it on TV.",
        "No thanks.",
    ],
    "de": [
        "Ich habe meine Karte verloren.",
        "Ich möchte meine Bestellung ändern.",
        "Nein danke.",
    ],
    "es": ["He perdido mi tarjeta.", "Quiero cambiar mi reserva.", "En punto.", "No, gracias."],
    "fr": ["J'ai perdu ma carte.", "Je veux changer ma réservation.", "C'est un bon point.", "Non merci."],
}


def wait(language: str, asked: str, pieces: list[str], prosody: float | None = SURE) -> float:
    """Return how long the agent waits after the last of these pieces."""
    waits: list[float] = []
    judge = EndOfTurn(
        language,
        Waits(DONE, UNSURE, UNFINISHED),
        LexicalCue.of(language),
        None,
        waits.append,
        REGIONS[language],
    )
    judge.ask(asked)
    for piece in pieces:
        judge.hear(piece, final=True)
    judge.is_over(None if prosody is None else prosody * judge._threshold)
    return waits[-1]


@pytest.mark.parametrize("prosody", [None, 0.5, 1.0, SURE])
def test_nine_of_ten_dictations_with_pauses_are_one_turn_whatever_the_tone_of_voice(prosody: float | None) -> None:
    cut = [
        (language, pieces[:count])
        for language, asked, pieces in DICTATIONS
        for count in range(1, len(pieces))
        if wait(language, asked, pieces[:count], prosody) <= PAUSE
    ]
    broken = {(language, *pieces[:1]) for language, pieces in cut}
    assert len(DICTATIONS) == 40
    assert len(DICTATIONS) - len(broken) >= WHOLE * len(DICTATIONS), cut


@pytest.mark.parametrize("prosody", [None, 0.5, 1.0, SURE])
def test_what_the_bench_reads_out_is_one_turn(prosody: float | None) -> None:
    for saying in dictations():
        for count in range(1, len(saying.words)):
            assert wait("en", "", list(saying.words[:count]), prosody) > PAUSE, saying.words[:count]


@pytest.mark.parametrize(("language", "said"), [(it, said) for it, sentences in COMPLETE.items() for said in sentences])
def test_what_is_complete_is_answered_at_once(language: str, said: str) -> None:
    assert wait(language, "", [said]) == DONE


@pytest.mark.parametrize(("language", "said"), [(it, said) for it, sentences in ORDINARY.items() for said in sentences])
@pytest.mark.parametrize("asked", ["", "I will send you an email. Anything else?", "Is that all for your order?"])
def test_an_ordinary_sentence_is_answered_at_once(language: str, said: str, asked: str) -> None:
    assert wait(language, asked, [said]) == DONE


@pytest.mark.parametrize(
    "said", ["My card ends in 4111.", "The card expires 04 27.", "The card's security code is 123.", "It's 555."]
)
def test_what_is_a_few_digits_only_may_be_complete(said: str) -> None:
    assert wait("en", "", [said]) == UNSURE


@pytest.mark.parametrize(
    ("language", "said", "run"),
    [
        ("en", "My card is 4111\n1111", "41111111"),
        ("en", "4-1-1-1", "4111"),
        ("en", "4,111", "4111"),
        ("en", "four triple one", "####"),
        ("en", "double zero seven", "00#"),
        ("en", "D as in David, A", "da"),
        ("en", "D as in David", "d"),
        ("en", "V like Victor", "v"),
        ("en", "J-A-N-E", "jane"),
        ("en", "M I double L E R", "miller"),
        ("en", "A B 4 7", "ab47"),
        ("en", "We come at 6:30.", "1"),
        ("en", "It is a nice day", ""),
        ("de", "M wie Martha, Ö", "mö"),
        ("es", "R de Roma, U", "ru"),
        ("fr", "D comme David, U", "du"),
        ("fr", "06.12.34", "061234"),
    ],
)
def test_the_digits_and_letters_at_the_end_are_found_however_they_are_written(
    language: str, said: str, run: str
) -> None:
    found = run_at_the_end(said, LexicalCue.of(language)).text
    assert found.replace("#", "") == run.replace("#", "")
    assert len(found) == len(run)


def test_the_pauses_within_a_number_are_counted() -> None:
    assert run_at_the_end("My card is\n4111\n1111 1111", LexicalCue.of("en")).pieces == 2


@pytest.mark.parametrize("word", ["word ", "one ", "a@a.aa "])
def test_a_transcript_without_end_takes_no_long_time(word: str) -> None:
    began = time.process_time()
    LexicalCue.of("en").hint(f"My email is {word * 10_000}!", "", "US")
    assert time.process_time() - began < 1.5  # seconds


def test_what_was_asked_before_the_last_question_announces_nothing() -> None:
    assert wait("en", CARD, ["4111"]) == UNFINISHED
    assert wait("en", f"{CARD} Never mind. How many are you?", ["4111"]) == UNSURE


def test_the_numbers_of_the_lines_country_decide() -> None:
    judge = LexicalCue.of("en")
    assert judge.hint("My phone number is 020 7946", "", "GB") is not None
    assert judge.hint("My phone number is 020 7946 0958", "", "GB") is None
