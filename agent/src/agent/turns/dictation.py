"""Numbers, spelled names and e-mail addresses that a caller reads out piece by piece, with pauses between the pieces.

A pause after "4111" is not the end of the turn if a card number was announced, since that has 16 digits. What is
announced, by the caller ("My card is …") or by the agent's question before it, decides when it is complete.
"""

import enum
import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import PhoneMetadata

from agent.turns.cue_words import CueWords

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
AMOUNT = re.compile(r"(?<![\d.:])\d+[.:]\d{2}(?![\d.:]*\d)")  # 6:30 or 12.50 is one number, however many digits it has
DOMAIN = re.compile(r"\s*\S+\.\w{2,}\W*")  # all that comes after the @ of an e-mail address
TLD = re.compile(r"[a-z]{2,6}")
WRITTEN = re.compile(r"[@_]|\w\.\w")  # what an e-mail address has that is written down as one
ABROAD = re.compile(r"\+[\d\s().-]*$")  # a telephone number with its country code
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")

CARD = 16  # digits
AMERICAN_EXPRESS = 15
AMERICAN_EXPRESS_BEGINS = ("34", "37")
SHORT_GROUP = 4  # digits: a code whose length is not known goes on after a first group as short as this
LONGEST_CODE = 18  # characters, as parcels have
LOCAL_NUMBER = 7  # digits of a telephone number without its area code, where there are such numbers
LONGEST_NAME = 9  # letters of a name that is spelled without having been said
SHORTEST_RUN = 3  # digits from which a number is being read out


class Progress(enum.Enum):
    """How far something that is read out has come."""

    INCOMPLETE = enum.auto()  # more is surely to come
    MAYBE = enum.auto()  # it may be complete
    COMPLETE = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a part of one that has hyphens."""

    word: str
    piece: int  # how many pauses there were before it
    spelled: bool  # whether it has hyphens beside it


@dataclass(frozen=True, slots=True)
class Run:
    """The digits and letters at the end of what was said."""

    text: str  # one character each; a number word, whose digits are not known, is a #
    pieces: int  # that the caller paused between
    before: list[str]  # the words before it


def words_of(said: str) -> list[str]:
    """Return the words in lower case, with a plain apostrophe."""
    return [word.lower().replace("’", "'") for word in WORD.findall(said)]  # noqa: RUF001


def run_at_the_end(said: str, words: CueWords) -> Run:
    """Return the digits and letters at the end of what was said; a line break in it is a pause.

    "D as in David" is a D, "double four" is 44, "M-I-L-L" is four letters, and so is "M I L L".
    """
    tokens = [
        Token(part, number, spelled="-" in word)
        for number, piece in enumerate(said.splitlines())
        for word in words_of(AMOUNT.sub(" 1 ", piece))
        for part in word.split("-")
    ]
    text, first, last, at = "", 0, 0, 0
    while at < len(tokens):
        count, value = _read(tokens, at, words, beside=text[-1:] not in ("", "#"))
        text, last = (text + value, at) if value else ("", at)
        at += count
        if not text:
            first = at
    pieces = tokens[last].piece - tokens[first].piece + 1 if text else 0
    return Run(text, pieces, [token.word for token in tokens[:first]])


def _read(tokens: list[Token], at: int, words: CueWords, *, beside: bool) -> tuple[int, str]:
    """Return how many tokens from `at` on are one digit, letter or number, and its text; "" for any other word.

    `beside`: a figure or a letter stands before it. Without one, "a" or "I" is a word, unless two others come after it.
    """
    here, following = tokens[at], [token.word for token in tokens[at + 1 : at + 4]]
    times = 2 if here.word in words.doubles else 3 if here.word in words.triples else 0
    if times and following and len(value := _value(following[0], words)) == 1:
        return 2, value * times
    value = _value(here.word, words)
    if not value.isalpha():
        return 1, value
    two_follow = (
        len(following) > 1
        and (_is_letter(following[0]) or following[0].isdigit())
        and bool(_value(following[1], words))
    )
    if here.word in words.unfinished and not (beside or here.spelled or two_follow):
        return 1, ""
    if len(following) > 1 and following[0] in words.aids:  # "D as David", or "D as in David"
        return 4 if len(following) > 2 and following[1] in words.unfinished else 3, value
    return 1, value


def _value(word: str, words: CueWords) -> str:
    if word.isdigit() or _is_letter(word):
        return word
    if word in words.zeros:
        return "0"
    return "#" if word in words.numbers or word[0].isdigit() else ""


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def progress(run: Run, said: str, asked: str, words: CueWords, region: str | None) -> Progress | None:
    """Return how far a dictation has come; None if nothing is read out that is known to have a certain length.

    `run` is at the end of what was `said`. `asked` is what the agent said before; its last sentence may be the question
    that this answers. `region` (ISO 3166) is where telephone numbers without a country code are.
    """
    before, question = set(run.before), set(words_of(SENTENCE_END.split(asked.strip())[-1]))
    if before & words.mails or question & words.mails:
        return _progress_of_an_address(said, run, words, asked=bool(question & words.mails))
    if not run.text:
        return None
    if run.text.isalpha():
        return _progress_of_a_name(run, question, announced=bool((before | question) & words.names))
    asked_for_a_number = question & (words.cards | words.phones | words.codes) and question & words.numbered
    if len(run.text) < SHORTEST_RUN and not asked_for_a_number and not run.text.startswith("0"):
        return None
    if not before & words.partial:
        for announced in (before, question):
            if announced & words.cards:
                return _progress_of_a_card(run)
            if announced & words.phones:
                return _progress_of_a_telephone_number(run, said, region, announced=True)
            if announced & words.codes:
                return _progress_of_a_code(run)
    return _progress_of_a_telephone_number(run, said, region, announced=False)


def _progress_of_a_card(run: Run) -> Progress:
    whole = AMERICAN_EXPRESS if run.text.startswith(AMERICAN_EXPRESS_BEGINS) else CARD
    return Progress.COMPLETE if len(run.text) >= whole else Progress.INCOMPLETE


def _progress_of_a_telephone_number(run: Run, said: str, region: str | None, *, announced: bool) -> Progress | None:
    count = len(run.text)
    shortest, longest, prefix = _lengths(region)
    abroad = ABROAD.search(said) is not None or run.text.startswith("00")
    national = run.text.startswith("0") and prefix
    if abroad or national:
        shortest, longest = shortest + 1, longest + (3 if abroad else 1)
    if count >= longest:
        return Progress.COMPLETE
    if count >= shortest:
        return Progress.MAYBE
    if announced or abroad or (national and count >= LOCAL_NUMBER):
        local = count == LOCAL_NUMBER and not national and not abroad
        return Progress.COMPLETE if local else Progress.INCOMPLETE
    if run.pieces > 1 and count != LOCAL_NUMBER:
        return Progress.INCOMPLETE
    return None if count <= LOCAL_NUMBER else Progress.MAYBE


def _progress_of_a_code(run: Run) -> Progress:
    count = len(run.text)
    if count >= LONGEST_CODE:
        return Progress.MAYBE
    return Progress.INCOMPLETE if run.pieces > 1 or count <= SHORT_GROUP else Progress.MAYBE


def _progress_of_a_name(run: Run, question: set[str], *, announced: bool) -> Progress | None:
    """Compare what is spelled with the names that were said before it: "Miller, M-I-L" goes on with L-E-R."""
    spelled = run.text
    names = {word for word in {*run.before, *question} if len(spelled) > 1 and word.startswith(spelled)}
    if spelled in names:
        return Progress.COMPLETE
    if not names and not (run.pieces > 1 or (announced and len(spelled) > 1)):
        return None
    return Progress.INCOMPLETE if names or len(spelled) < LONGEST_NAME else Progress.MAYBE


def _progress_of_an_address(said: str, run: Run, words: CueWords, *, asked: bool) -> Progress | None:
    """Judge an e-mail address, which ends with a dot and a few letters that come after an @."""
    user, _, domain = said.rpartition("@")
    if user.strip() and DOMAIN.fullmatch(domain):
        return Progress.COMPLETE
    every = words_of(said)
    at = max((place for place, word in enumerate(every) if word in words.at), default=None)
    dots = [place for place, word in enumerate(every) if word in words.dots]
    if at is not None and dots and dots[-1] > at and len(every) == dots[-1] + 2 and TLD.fullmatch(every[-1]):
        return Progress.COMPLETE
    written = WRITTEN.search(said) is not None
    announced = max((place for place, word in enumerate(every) if word in words.mails), default=-1)
    stated = asked or not words.copulas.isdisjoint(every[announced + 1 : announced + 4])  # "my email address is"
    if not stated:  # "I sent you an email at noon" is no address
        return Progress.INCOMPLETE if written or (at is not None and dots) else None
    if written or at is not None or dots or run.text or not words.symbols.isdisjoint(every):
        return Progress.INCOMPLETE
    return Progress.MAYBE if 0 < len(every) - 1 - announced <= SHORTEST_RUN else None


@cache
def _lengths(region: str | None) -> tuple[int, int, bool]:
    """Return how many digits a telephone number has there, at least and at most, and whether a 0 may precede it."""
    metadata = PhoneMetadata.metadata_for_region(region, None) if region else None
    if metadata is None:
        return 10, 10, True
    kinds = [metadata.mobile, metadata.fixed_line]
    lengths = [n for kind in kinds if kind and kind.possible_length for n in kind.possible_length if n > LOCAL_NUMBER]
    longest = max(lengths, default=10)
    # A few countries have numbers of nearly every length. Most of their numbers have at least nine digits.
    return min(max(min(lengths, default=10), 9), longest), min(longest, 11), metadata.national_prefix == "0"
