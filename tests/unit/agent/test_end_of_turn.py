"""What a caller's last words tell about what comes next."""

import tomllib

import pytest
from livekit.agents import ChatContext, LanguageCode

from agent.turns.end_of_turn import EndOfTurn
from agent.turns.last_words import LANGUAGES, LastWords, Waits

ENGLISH = LastWords.of("en")
DONE, NUMBER, UNFINISHED = WAITS = (0.5, 1.0, 2.0)


def waits() -> Waits:
    return Waits(done=DONE, number=NUMBER, unfinished=UNFINISHED)


@pytest.mark.parametrize(
    ("said", "wait"),
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
        ("Who is it for?", DONE),  # a question may end with any word
        ("What's it like? ", DONE),
        ("My address is info at example dot", UNFINISHED),
        ("It's for five.", NUMBER),  # one digit, as a word or a figure
        ("It's for 5.", NUMBER),
        ("It's for twenty", NUMBER),
        ("It's for twenty-five", NUMBER),
        ("Five hundred.", NUMBER),
        ("The number is five five five", UNFINISHED),  # more than one: in the middle of a number
        ("The number is 555.", UNFINISHED),
        ("202-555.", UNFINISHED),
        ("At 10.", UNFINISHED),
        ("At 10:30.", UNFINISHED),
        ("five 5 oh", UNFINISHED),
        ("Five five five, oh one nine", UNFINISHED),
        ("Five five five, oh one nine nine.", NUMBER),  # a whole one, which may yet have an extension
        ("555 0199", NUMBER),
        ("202-555-0199", NUMBER),
        ("Is it 555?", DONE),
        ("555 is my number", DONE),
        ("K L M", UNFINISHED),  # spelled letters are as digits
        ("", DONE),
        ("   ", DONE),
        ("?!", DONE),
        ("Guten Tag", DONE),
        ("営業時間は何時ですか", DONE),
        ("Спасибо.", DONE),
        ("💐", DONE),
    ],
)
def test_what_was_said_decides_how_long_to_wait(said: str, wait: float) -> None:
    assert ENGLISH.wait(said, waits()) == wait


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


@pytest.mark.parametrize("language", sorted(path.stem for path in LANGUAGES.glob("*.toml")))
def test_every_language_has_all_lists_each_word_in_the_form_in_which_it_is_looked_up(language: str) -> None:
    words = LastWords.of(language)
    for name in LastWords.__slots__:
        listed = getattr(words, name)
        assert listed, name
        for word in listed:
            assert word == word.lower(), word
            assert not set(word) & set(" .,?!’_"), word  # noqa: RUF001
    with (LANGUAGES / f"{language}.toml").open("rb") as file:
        assert set(tomllib.load(file)) == set(LastWords.__slots__)


def test_english_is_a_language() -> None:
    assert (LANGUAGES / "en.toml").is_file()


def test_a_language_without_words_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"xx\.toml"):
        LastWords.of("xx")


@pytest.mark.parametrize(
    ("said", "probability", "wait"),
    [
        (["When are you open?"], 1, DONE),
        (["It's for five."], 0, NUMBER),
        (["I would like to"], 0, UNFINISHED),
        (["I would like to", "Thank you."], 1, DONE),  # the last ones count
        (["Thank you.", "I would like to"], 0, UNFINISHED),
        ([], 1, DONE),
    ],
)
async def test_a_turn_is_over_or_the_longer_wait_is_told_first(said: list[str], probability: int, wait: float) -> None:
    told: list[float] = []
    talk = ChatContext.empty()
    for words in said:
        talk.add_message(role="user", content=words)
        talk.add_message(role="assistant", content="I would like to")  # its own words are none of the caller's
    detector = EndOfTurn("en", waits(), told.append)
    assert await detector.predict_end_of_turn(talk) == probability
    assert told == [wait]


async def test_a_number_that_needs_no_longer_wait_may_be_a_whole_turn() -> None:
    talk = ChatContext.empty()
    talk.add_message(role="user", content="It's for five.")
    assert await EndOfTurn("en", Waits(0.5, 0.5, 2), lambda _: None).predict_end_of_turn(talk) == 1


@pytest.mark.parametrize(
    ("language", "known"), [(None, True), ("en", True), ("en-US", True), ("en-GB", True), ("de", False)]
)
async def test_another_language_is_not_judged(language: str | None, known: bool) -> None:
    detector = EndOfTurn("en", waits(), lambda _: None)
    code = LanguageCode(language) if language else None
    assert await detector.supports_language(code) is known
    threshold = await detector.unlikely_threshold(code)
    assert threshold is not None
    assert 0 < threshold < 1
