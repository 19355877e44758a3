"""The differences between languages, in one folder for each language. Adding a folder adds a language.

`lexical_cue.toml` has the words for `turns.lexical_cue`, and `redaction.toml` those for `records.redaction`.
`aloud.toml` says for `aloud` how numbers and abbreviations are read. `sentences.toml` has the `Sentences` that need no
model, and `heard.toml` the phrases of callers and machines that the agent acts upon. `knowledge.toml` has the words by
which `knowledge` tells what a small model knows from what it makes up. `contacts.toml` has what the columns of
contacts.csv may be called. `messages.toml` says how a message is read back to its caller and told to the owner.
`dates.toml` has how callers speak of days and times, and how a moment is said.
`rules.md` tells the model to speak this language and what a turn from the keypad is like. `voice.md`, if there is one,
tells text to speech how to speak the language.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
# How Whisper writes down sounds that are not words: [Music], (sighs), *coughs*, ♪ la la ♪
NO_WORDS = re.compile(r"\[[^]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
KEYS = frozenset("0123456789*#ABCDabcd")  # of a telephone; a browser can send any text in place of one
KEYS_PRESSED = "(keys pressed) {}"  # a turn from the keypad, as each `rules.md` explains it to the model


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences that the agent says word for word; they are synthesized when the image is built.

    One with something to be filled in, such as `{name}`, is synthesized during the call.
    """

    hello: str
    filler: str
    apology: str
    failed: str
    take_your_time: str
    still_there: str
    cannot_hear: str
    silent: str
    endless: str
    ending_soon: str
    time_is_up: str
    busy: str
    caller_limit: str
    line_limit: str
    farewell: str
    recorded: str
    may_record: str
    not_recorded: str
    is_that_right: str
    done_already: str
    calling: str
    are_you: str  # with {name}
    message_for_you: str  # with {purpose}
    wrong_person: str
    no_more_calls: str
    thanks: str
    transferring: str
    putting_through: str
    connected: str
    transfer_busy: str
    transfer_no_answer: str
    transfer_declined: str
    transfer_unreachable: str
    transfer_cancelled: str
    person_hello: str
    person_asked: str
    person_declined: str
    person_caller_gone: str
    operator_left: str


@dataclass(frozen=True, slots=True)
class Phrases:
    """What callers and machines say in a language that the agent acts upon, in the form that `plain` returns."""

    machines: frozenset[str]  # said by machines, and by no caller
    goodbyes: frozenset[str]
    courtesies: frozenset[str]  # what else may be said with a goodbye
    yes: frozenset[str]
    no: frozenset[str]
    subtitles: frozenset[str]  # written down by speech to text where nobody spoke, and hardly ever said by a caller
    hallucinations: frozenset[str]  # written down where nobody spoke, but also said by callers
    holds: frozenset[str]  # "one moment, please"
    hold_reasons: frozenset[str]  # the beginnings of reasons for it, such as "let me get"
    hold_courtesies: frozenset[str]  # what else may be said with it
    no_messages: frozenset[str]  # said by a mailbox that takes no message
    speaking: frozenset[str]  # "that is me"; xxx stands for the name
    greetings: frozenset[str]  # of somebody who picks up the phone
    do_not_call: frozenset[str]  # "do not call me again"
    cancels: frozenset[str]  # said anywhere by a caller who does not want to be transferred any more


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How a language says what is known and what is not; words are in lower case, without apostrophes and hyphens."""

    told: str  # the heading and the instruction above the facts of a line, for the model
    unknown: str  # a sentence that is spoken
    stemmer: str  # a language of `snowballstemmer`
    not_known: frozenset[str]  # phrases by which an answer says so, in the form that `plain` returns
    phrases: frozenset[str]  # phrases that state nothing
    yes: frozenset[str]
    no: frozenset[str]
    but: frozenset[str]
    pronouns: frozenset[str]  # first words of a sentence about what was mentioned before
    joins: frozenset[str]  # the "and" between two numbers that belong together
    business: frozenset[str]  # by which a sentence speaks for the business
    caller: frozenset[str]  # by which a caller speaks of themselves
    you: frozenset[str]  # by which a sentence speaks of the caller
    details: frozenset[str]  # what only the caller knows, and the agent asks them for
    talk: frozenset[str]  # words that state nothing about a business


@dataclass(frozen=True, slots=True)
class MessageWords:
    """How a message is read back to its caller, and how messages and calls are told to the line's owner.

    `{who}`, `{about}` and the like stand for what the caller has said.
    """

    read_from: str  # what is read back, in sentences that follow each other
    read_about: str
    read_number: str
    read_no_number: str
    read_urgent: str
    read_question: str
    title: str  # of a notice about a message
    urgent_title: str
    call_title: str  # of a notice about a call
    nobody: str  # a caller whose name and number are not known
    who: str  # the headings of the rows of a notice
    number: str
    about: str
    urgent: str
    line: str
    taken: str
    caller: str
    began: str
    seconds: str
    outcome: str
    summary: str
    yes: str  # values in these rows
    no: str
    unknown: str


def known() -> list[str]:
    """List the available languages, as ISO 639-1 codes."""
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "sentences.toml").is_file())


@cache
def sentences(language: str) -> Sentences:
    """Read a language's sentences; a TypeError means that one is missing or unknown."""
    return Sentences(**tomllib.loads((FOLDER / language / "sentences.toml").read_text(encoding="utf-8")))


@cache
def phrases(language: str) -> Phrases:
    """Read the phrases of a language; a TypeError means that a list is missing or unknown."""
    lists = tomllib.loads((FOLDER / language / "heard.toml").read_text(encoding="utf-8"))
    return Phrases(**{name: frozenset(map(plain, said)) for name, said in lists.items()})


@cache
def message_words(language: str) -> MessageWords:
    """Read how a language tells of messages and calls; a TypeError means that an entry is missing or unknown."""
    return MessageWords(**tomllib.loads((FOLDER / language / "messages.toml").read_text(encoding="utf-8")))


@cache
def contact_columns() -> Mapping[str, str]:
    """Return what a column of contacts.csv may be called in any language, as `bare` returns it -> its English name."""
    written = [tomllib.loads((FOLDER / language / "contacts.toml").read_text(encoding="utf-8")) for language in known()]
    return {bare(word): column for columns in written for column, words in columns.items() for word in words}


@cache
def knowledge(language: str) -> Knowledge:
    """Read how a language says what is known; a TypeError means that an entry is missing or unknown."""
    its: dict[str, Any] = tomllib.loads((FOLDER / language / "knowledge.toml").read_text(encoding="utf-8"))
    lists = ("yes", "no", "but", "pronouns", "joins", "business", "caller", "you", "details", "talk")
    its |= {name: frozenset(its[name].split()) for name in lists}
    its |= {name: frozenset(map(plain, its[name])) for name in ("not_known", "phrases")}
    return Knowledge(**its)


def bare(word: str) -> str:
    """Return it in lower case, without accents and without what surrounds it: Tél.: becomes tel."""
    letters = (letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    return " ".join("".join(letters).casefold().strip(" .:*").split())


def plain(said: str) -> str:
    """Return the words alone, in lower case, with one space between them; "" if there are none: `[Music]`, `♪`."""
    return " ".join(WORD.findall(NO_WORDS.sub(" ", said.lower().replace("’", "'"))))  # noqa: RUF001 - what transcripts have


def contains(said: str, phrases: frozenset[str]) -> bool:
    """Return whether one of these phrases was said, word for word."""
    words = f" {plain(said)} "
    return any(f" {phrase} " in words for phrase in phrases)


def split_phrases(said: str, known: frozenset[str]) -> list[str]:
    """Cut what was said into known phrases, preferring the longest that fits, and single words where none fits."""
    longest_first = sorted((phrase.replace("-", " ") for phrase in known), key=len, reverse=True)
    return re.findall(rf"(?:{'|'.join(map(re.escape, longest_first))})(?=\s|$)|\S+", plain(said.replace("-", " ")))


def rules(language: str) -> str:
    """Read what is added to the persona, so that the model speaks this language and understands DTMF digits."""
    return (FOLDER / language / "rules.md").read_text(encoding="utf-8").strip()


def voice(language: str) -> str | None:
    """Read the instruction on how to speak this language, for text to speech; None if there is none."""
    file = FOLDER / language / "voice.md"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None
