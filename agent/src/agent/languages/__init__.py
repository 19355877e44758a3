"""What differs from language to language, one folder each: a folder more is a language more.

`lexical_cue.toml` is for `turns.last_words`; `sentences.toml` are the `Sentences` that need no model; `heard.toml` is
what callers and machines say that the agent acts upon; `rules.md` tells the model to speak this language, and what a
turn from the keypad looks like; `voice.md`, where there is one, tells text to speech how to speak it.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
NO_WORDS = re.compile(
    r"\[[^]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?"
)  # what Whisper calls a sound by: [Music], (sighs), ♪ la la ♪
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Said word for word, from sound that was made when the image was built."""

    hello: str
    filler: str
    apology: str
    failed: str
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


@dataclass(frozen=True, slots=True)
class Heard:
    """Phrases as `plain` gives them."""

    machines: frozenset[str]  # no caller says one of them
    goodbyes: frozenset[str]
    courtesies: frozenset[str]  # what else may be said with a goodbye
    yes: frozenset[str]
    no: frozenset[str]


def known() -> list[str]:
    """The languages there are, as ISO 639-1 codes."""
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "sentences.toml").is_file())


@cache
def sentences(language: str) -> Sentences:
    """A language's sentences; a TypeError where one is missing or unknown."""
    return Sentences(**tomllib.loads((FOLDER / language / "sentences.toml").read_text(encoding="utf-8")))


@cache
def heard(language: str) -> Heard:
    """The phrases of a language that are acted upon; a TypeError where a list is missing or unknown."""
    lists = tomllib.loads((FOLDER / language / "heard.toml").read_text(encoding="utf-8"))
    return Heard(**{name: frozenset(map(plain, phrases)) for name, phrases in lists.items()})


def plain(said: str) -> str:
    """The words alone, in lower case and with one space between them; empty where there are none: `[Music]`, `♪`."""
    return " ".join(WORD.findall(NO_WORDS.sub(" ", said.lower().replace("’", "'"))))  # noqa: RUF001 - what transcripts have


def contains(said: str, phrases: frozenset[str]) -> bool:
    """Whether one of these phrases is among what was said, word for word."""
    words = f" {plain(said)} "
    return any(f" {phrase} " in words for phrase in phrases)


def phrases_of(said: str, known: frozenset[str]) -> list[str]:
    """All that was said: these phrases, the longer one of two that fit, and word by word what is in none of them."""
    longest_first = sorted((phrase.replace("-", " ") for phrase in known), key=len, reverse=True)
    return re.findall(rf"(?:{'|'.join(map(re.escape, longest_first))})(?=\s|$)|\S+", plain(said.replace("-", " ")))


def rules(language: str) -> str:
    """What the model is told besides the persona, so that it speaks this language and understands the keypad."""
    return (FOLDER / language / "rules.md").read_text(encoding="utf-8").strip()


def voice(language: str) -> str | None:
    """How text to speech is told to speak this language; None where it need not be told."""
    file = FOLDER / language / "voice.md"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None
