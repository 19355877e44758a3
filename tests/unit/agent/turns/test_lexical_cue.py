"""What a caller's last words tell about what comes next."""

import tomllib

import pytest

from agent import languages
from agent.turns.cue_words import CueWords
from agent.turns.dictation import WORD
from agent.turns.lexical_cue import Hint, LexicalCue

ENGLISH = LexicalCue.of("en")
DONE, NUMBER, PART, UNFINISHED = None, Hint.NUMBER, Hint.PART_OF_NUMBER, Hint.UNFINISHED


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("When are you open?", DONE),
        ("I would like to book a table.", DONE),
        ("Thank you, goodbye", DONE),
        ("THANK YOU!", DONE),
        ("I would like to", UNFINISHED),
        ("I would like to.", UNFINISHED),  # a transcriber ends with a full stop whatever it hears
        ("I would like THE", UNFINISHED),
        ("Book a table, because", UNFINISHED),
        ("Well, um.", UNFINISHED),
        ("Uh…", UNFINISHED),
        ("A table for two,", UNFINISHED),
        ("I was thinking...", UNFINISHED),
        ("Tomorrow … ", UNFINISHED),
        ("And that's", UNFINISHED),
        ("And that’s", UNFINISHED),  # noqa: RUF001 - the apostrophe that transcripts have
        ("I'd", UNFINISHED),
        ("I would like to-", UNFINISHED),  # what is broken off
        ("When we were –", UNFINISHED),  # noqa: RUF001
        ("Who is it for?", DONE),  # a question may end with any word
        ("What's it like? ", DONE),
        ("My address is info at example dot", UNFINISHED),
        ("It's for five.", NUMBER),  # one digit, as a word or a figure
        ("It's for 5.", NUMBER),
        ("It's for twenty", NUMBER),
        ("It's for 12.", NUMBER),
        ("My zip code is nine four", PART),  # nobody says twelve like that
        ("My zip code is 9 4", PART),
        ("It's for twenty-five", NUMBER),
        ("Five hundred.", NUMBER),
        ("We come at 6:30.", NUMBER),  # a time has no more figures to come, nor has a price
        ("It was $12.50.", NUMBER),
        ("We come on the 20th", NUMBER),
        ("The number is five five five", PART),
        ("The number is 555.", PART),
        ("202-555.", PART),
        ("five 5 oh", PART),
        ("07-7-009", PART),
        ("Five five five, oh one nine", PART),
        ("Five five five, oh one nine nine.", DONE),  # a whole one
        ("555 0199", DONE),
        ("202-555-0199", DONE),
        ("Is it 555?", DONE),
        ("555 is my number", DONE),
        ("It's spelled with a K", NUMBER),
        ("K L M", PART),  # spelled letters are as figures
        ("M-O-O", PART),
        ("", DONE),
        ("   ", DONE),
        ("?!", DONE),
        ("Guten Tag", DONE),
        ("営業時間は何時ですか", DONE),
        ("Спасибо.", DONE),
        ("💐", DONE),
    ],
)
def test_the_last_words_tell_whether_more_is_to_come(said: str, hint: Hint | None) -> None:
    assert ENGLISH.hint(said) is hint


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        ("Mm-hm.", True),
        ("mm-hmm, mm-hmm", True),
        ("Uh-huh.", True),
        ("Uh huh", True),
        ("Yeah, okay.", True),
        ("I see.", True),
        ("Got it!", True),
        ("OK", True),
        ("", True),
        ("...", True),
        ("Yes, but", False),
        ("No.", False),
        ("Stop.", False),
        ("I see a problem.", False),
        ("see", False),
        ("Right now?", False),
        ("Хорошо", False),
    ],
)
def test_who_only_listens_is_told_from_who_speaks(said: str, is_one: bool) -> None:
    assert ENGLISH.is_backchannel(said) is is_one


@pytest.mark.parametrize(
    ("language", "said", "hint"),
    [
        ("de", "Ich möchte gern einen", UNFINISHED),
        ("de", "Wir kommen, weil", UNFINISHED),
        ("de", "Äh…", UNFINISHED),
        ("de", "Das weiß ich.", DONE),
        ("de", "Danke sehr.", DONE),
        ("de", "Für vierundzwanzig.", NUMBER),
        ("de", "Meine Nummer ist null acht neun", PART),
        ("es", "Quisiera una mesa para", UNFINISHED),
        ("es", "Sí, soy yo.", DONE),
        ("es", "Somos treinta y cinco.", NUMBER),
        ("es", "Es el seis cinco cuatro", PART),
        ("fr", "Je voudrais une table pour", UNFINISHED),
        ("fr", "Je suis né le vingt-cinq", NUMBER),
        ("fr", "C'est pour jeudi.", DONE),
        ("fr", "J’ai", UNFINISHED),  # noqa: RUF001
        ("fr", "zéro six douze", PART),
    ],
)
def test_the_other_languages_have_their_own_words(language: str, said: str, hint: Hint | None) -> None:
    assert LexicalCue.of(language).hint(said) is hint


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Ach so."), ("de", "Mhm, genau"), ("es", "Sí, claro."), ("fr", "D’accord.")],  # noqa: RUF001
)
def test_who_listens_in_another_language_is_not_taken_for_who_speaks(language: str, said: str) -> None:
    assert LexicalCue.of(language).is_backchannel(said)


@pytest.mark.parametrize("language", languages.known())
def test_every_language_has_all_lists_each_word_in_the_form_in_which_it_is_looked_up(language: str) -> None:
    words = CueWords.of(language)
    for name in CueWords.__slots__:
        listed = getattr(words, name)
        assert listed, name
        assert [word for word in listed if word != word.lower() or WORD.findall(word) != [word] or "’" in word] == []  # noqa: RUF001
    with (languages.FOLDER / language / "lexical_cue.toml").open("rb") as file:
        lists = tomllib.load(file)
    assert set(lists) == set(CueWords.__slots__)
    for name, text in lists.items():
        assert len(text.split()) == len(set(text.split())), f"{name} has a word twice"


def test_english_is_a_language() -> None:
    assert "en" in languages.known()


def test_a_language_without_words_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"xx.lexical_cue\.toml"):
        LexicalCue.of("xx")
