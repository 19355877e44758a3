"""The questions, and how an answer to them is judged: by the words in it, and by what the facts say."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.aloud.numbers import Numbers
from agent.aloud.reader import Reader
from agent.aloud.stream import Aloud
from agent.languages import knowledge
from tests.stack.outcome import plain
from tests.support.lines import EXAMPLE

FOLDER = Path(__file__).parent
FILES = {"tuning": ["questions"], "held-out": ["held_out"], "all": ["questions", "held_out"]}
HONEST = re.compile(
    r"\b(?:do not|don't|did not|didn't) know\b|\bnot (?:sure|know)\b|\bno (?:information|idea)\b"
    r"|\b(?:do not|don't) have (?:any |that |the |this )?(?:information|details)\b"
)
NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][a-z]+")  # in the middle of a sentence


@dataclass(frozen=True)
class Question:
    """`right` is what an answer by the facts contains; None if they have no answer."""

    text: str
    right: str | None


@dataclass(frozen=True)
class Judged:
    """An answer as it was heard; `not_told` are the numbers and names in it that the line was not told in these
    words: a person has to say whether they are made up."""

    question: Question
    answer: str
    is_right: bool
    not_told: list[str]


def load(which: str) -> list[Question]:
    """Read the questions for tuning, those that are held out, or all: a fact asked for, and one that is not there."""
    found = []
    for name in FILES[which]:
        told = tomllib.loads((FOLDER / f"{name}.toml").read_text())
        found += [Question(text, right) for text, right in told["answered"].items()]
        found += [Question(text, None) for texts in told["unanswered"].values() for text in texts]
    return found


def judge(question: Question, answer: str) -> Judged:
    """Judge what was said to a question: whether it is right, or honest where nothing is known, and what is made up."""
    said = in_words(answer)
    right = bool(re.search(question.right, said)) if question.right else bool(HONEST.search(said))
    return Judged(question, answer, right, not_told(question, answer))


def not_told(question: Question, answer: str) -> list[str]:
    """List the numbers and the names in an answer that neither the owner nor the caller has told the line.

    A number counts with what is counted: "nine dollars" is not told if the shop opens at nine.
    """
    told = f" {_told()} {in_words(question.text)} ".replace("'s ", " ")
    names = [plain(name).removesuffix("'s") for name in NAME.findall(answer)]
    said = [*_numbers(in_words(answer)), *(name for name in names if name != "i")]
    return [words for words in said if f" {words} " not in told]


def _numbers(said: str) -> list[str]:
    """List the numbers in a text of words, each with the noun after it, if there is one."""
    number = "|".join(sorted(Numbers.of("en").words - {"and", "one", "a", "point", "minus"}, key=len, reverse=True))
    found = re.findall(rf"\b((?:{number})(?: (?:{number}))*)(?: (\w+))?", said)
    return [f"{digits} {noun}" if noun and noun not in knowledge("en").talk else digits for digits, noun in found]


def in_words(text: str) -> str:
    """Return it in lower case, without punctuation, and with its numbers in words."""
    aloud = Aloud(Reader.of("en"))
    return plain(aloud.feed(text) + aloud.flush())


@cache
def _told() -> str:
    return in_words(" ".join(file.read_text() for file in sorted((EXAMPLE / "coffee").rglob("*.md"))))
