"""Sixty sentences full of numbers and abbreviations, spoken by the embedded voice, and written down by Whisper.

Whisper writes many of them with digits and signs again. What it has heard is therefore read aloud by the same rules as
what was written, and the words are compared.
"""

from __future__ import annotations

import asyncio
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pytest

from agent.aloud.reader import Reader
from agent.aloud.stream import read_aloud
from tests.stack.extension import an_extension
from tests.stack.outcome import plain

if TYPE_CHECKING:
    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

# By the word that the caller says.
SENTENCES = {
    "address": [
        "No. 12 Station Road is next to the library.",
        "Dr. Miller is in at nine.",
        "Our office is at 1201 Main St. near the park.",
        "St. Mary is on the 3rd floor.",
        "Take Exit 25 and turn left after 2 miles.",
    ],
    "opening hours": [
        "We open at 9:30 a.m. and close at 5 p.m. every day.",
        "We are open Mon-Fri from 9-5.",
        "On Sat. 10 to 4 we have a sale.",
        "The last tour starts at 16:45.",
        "We take a break from 12:00 to 1:15 p.m. on Sundays.",
    ],
    "prices": [
        "The coffee costs $3.50 today.",
        "A ticket is €12, or $15 at the door.",
        "The room is $1,250 per month.",
        "It is $0.99 for children and $5-10 for adults.",
        "They raised $3 million last year.",
    ],
    "dates": [
        "The concert is on January 5, 2024.",
        "We are closed on Dec. 25th and on 1/1/2027.",
        "The market runs from March 3-5 this year.",
        "The house was built in 1999.",
        "Your visit is on the 21st of May.",
    ],
    "phone": [
        "Please call (202) 555-0123 tomorrow.",
        "Our number is 555-0199.",
        "From abroad, dial +1 202 555 0147 instead.",
        "The PIN is 4711.",
        "Your order number is 48213.",
    ],
    "weather": [
        "It is 72°F outside.",
        "Tomorrow will be -5 °C in the mountains.",
        "There is a 20% chance of rain.",
        "The wind blows at 35 mph.",
        "We expect 10 cm of snow and 3.5 inches of rain.",
    ],
    "recipe": [
        "Add 1/2 cup of milk and 2½ cups of flour.",
        "Use 250 g of butter and 3 eggs.",
        "Bake it for approx. 45 min. at 350 °F in the oven.",
        "You need 1 kg of apples, 2 lbs of sugar, etc.",
        "Serve it with tea, e.g. green tea.",
    ],
    "internet": [
        "Write to info@landline.example for more.",
        "See https://www.landline.example/menu for the menu.",
        "Our page is landline.org today.",
        "The password is the word coffee & the number 42.",
        "The file has 25 MB and version 3.5.",
    ],
    "people": [
        "Mr. and Mrs. Lee have 2 children.",
        "Prof. Hill teaches 150 students.",
        "12,500 people live here.",
        "She came 1st and he came 22nd.",
        "About 3/4 of all guests come back.",
    ],
    "menu": [
        "We have **tomato soup** and *fresh bread*.",
        "Try our `apple cake`, it is great! 😀",
        "See [our menu](https://landline.example/menu) for more.",
        "We have:\n- coffee\n- tea\n- hot chocolate",
        "# Specials\nThe soup of the day is carrot.",
    ],
    "travel": [
        "The bus no. 42 takes ca. 20 minutes.",
        "It is 3.5 miles, or 5 km, from here.",
        "Room 204 is on the 2nd floor.",
        "The train leaves every 15-20 minutes.",
        "We drive at 60 km/h through town.",
    ],
    "offer": [
        "You save 15% until Nov. 30th.",
        "Buy 2 and get 1 free.",
        "The garden is 20 x 30 feet.",
        "It works 24/7, i.e. always.",
        "The score was 3-1 last night.",
    ],
}
READER = Reader.of("en")
OF_ALL, OF_ONE = 0.9, 0.5  # shares of the words that have to be heard, of all sentences and of each


@pytest.fixture(scope="module")
def outcomes(line: Line, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    models = {"tts": "speech/kokoro-heart"}
    handling = {"filler_after": 30, "apology_after": 60}
    folder = tmp_path_factory.mktemp("words")
    with an_extension(line, folder, models=models, handling=handling, end_of_turn="words") as extension:
        answers = [
            {"kind": "llm", "match": topic, "answer": "\n\n".join(written)} for topic, written in SENTENCES.items()
        ]
        extension.provider.script(rules=answers)
        calls = {topic: ["--say", f"Tell me about the {topic}.", "--patience", "4"] for topic in SENTENCES}
        return extension.calls_by_name(calls)


def shares(topic: str, outcome: Outcome) -> dict[str, tuple[int, int]]:
    """For each sentence, how many words it has, and how many of them were heard, in their order among the others."""
    heard = plain(aloud(" ".join(part["text"] for part in outcome.said))).split()
    said = {written: plain(aloud(written)).split() for written in SENTENCES[topic]}
    wanted = [word for words in said.values() for word in words]
    blocks = SequenceMatcher(a=wanted, b=heard, autojunk=False).get_matching_blocks()
    there = {place for block in blocks for place in range(block.a, block.a + block.size)}
    found, at = {}, 0
    for written, words in said.items():
        found[written] = len(words), len(there & set(range(at, at + len(words))))
        at += len(words)
    return found


def aloud(text: str) -> str:
    return asyncio.run(read_aloud(text, READER))


def test_there_are_sixty_sentences() -> None:
    assert sum(map(len, SENTENCES.values())) == 60


def test_nearly_every_word_of_them_is_heard(outcomes: dict[str, Outcome]) -> None:
    found = [share for topic, outcome in outcomes.items() for share in shares(topic, outcome).values()]
    words, heard = map(sum, zip(*found, strict=True))
    assert heard / words >= OF_ALL, {topic: outcome.heard for topic, outcome in outcomes.items()}


@pytest.mark.parametrize("topic", SENTENCES)
def test_no_sentence_is_lost(outcomes: dict[str, Outcome], topic: str) -> None:
    for written, (words, heard) in shares(topic, outcomes[topic]).items():
        assert heard / words >= OF_ONE, f"{written}\n{outcomes[topic].printed}"


@pytest.mark.parametrize("topic", ["menu", "internet"])
def test_no_mark_is_spoken(outcomes: dict[str, Outcome], topic: str) -> None:
    for mark in ("asterisk", "star star", "hashtag", "backtick", "bracket", "emoji", "smil", "https"):
        assert mark not in outcomes[topic].heard, outcomes[topic].printed
