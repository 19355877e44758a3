"""The rows of an owner's files, of which each is a fact, and which of them a question is about."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from agent.knowledge.terms import Language, Terms

HEADING = re.compile(r"#{1,6}\s+(.*)")
ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)")
SURE = 0.6  # the share of what a question says that a fact has to mention, to be spoken as its answer
DOUBTFUL = 1 / 3  # how much a word counts that no fact knows


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of a list, or a paragraph; what its heading says is among its terms."""

    text: str
    terms: Terms
    stems: frozenset[str]


class Facts:
    """All facts that an answer may rest on. Those of `spoken` may be answers themselves, those of `told` may not."""

    def __init__(self, spoken: str, told: str, language: Language) -> None:
        language.learn(spoken)
        self.spoken = [_fact(heading, row, language) for heading, row in rows(spoken)]
        self.all = [*self.spoken, *(_fact(heading, row, language) for heading, row in rows(told))]
        counts = Counter(stem for fact in self.spoken for stem in fact.stems)
        self._weights = {stem: self._weight(counts[stem] or 1) for fact in self.all for stem in fact.stems}

    def knows(self, stem: str) -> bool:
        """Return whether any fact mentions it."""
        return stem in self._weights

    def weight(self, stems: Iterable[str]) -> float:
        """Return how much these stems say together: the rarer one is among the facts, the more."""
        return sum(self._weights.get(stem, self._weight(0)) for stem in set(stems))

    def _weight(self, count: int) -> float:
        """Return what a stem says that is in so many facts, as the ranking BM25 has it."""
        return math.log(1 + (len(self.spoken) - count + 0.5) / (count + 0.5))

    def share(self, mentioned: Set[str], stems: Set[str], topics: Set[str]) -> float:
        """Return which share of these stems is mentioned: 0 to 1.

        A stem that no fact knows counts less, unless it is one of the topics of the question.
        """
        doubtful = {stem for stem in stems - topics if not self.knows(stem)}
        whole = self.weight(stems - doubtful) + self.weight(doubtful) * DOUBTFUL
        return self.weight(stems & mentioned) / whole if whole else 0.0

    def mention(self, mentioned: Set[str], asked: Set[str]) -> bool:
        """Return whether at least half of what was asked is mentioned."""
        return self.weight(asked & mentioned) >= self.weight(asked) / 2

    def best(self, asked: Terms, drafted: Terms, topics: Set[str]) -> Fact | None:
        """Return the fact that answers what was asked, or None if it is not sure that one does.

        What was drafted as the answer helps to find it, unless a topic of the question is something that no fact knows.
        """
        whole, known = set(asked.stems), set(filter(self.knows, asked.stems))
        hinted = {*whole, *drafted.stems} if all(map(self.knows, topics)) else whole

        def shares(fact: Fact) -> tuple[float, float]:
            its = [self.share(fact.stems, stems, topics) for stems in (whole, hinted)]
            return max(its), its[1]  # what was drafted decides between two that answer it

        candidates = [fact for fact in self.spoken if self.mention(fact.stems, known)]
        found = max(candidates, key=shares, default=None)
        return found if found and shares(found)[0] >= SURE else None


def rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield the rows of lists and the paragraphs of a Markdown text, each with the heading that it stands under."""
    heading, row = "", ""
    for line in [*text.splitlines(), ""]:
        title, item = HEADING.fullmatch(line.strip()), ITEM.fullmatch(line)
        if row and (title or item or not line.strip()):
            yield heading, row
            row = ""
        if title:
            heading = title[1]
        else:
            row = f"{row} {(item[1] if item else line).strip()}".strip()


def _fact(heading: str, row: str, language: Language) -> Fact:
    terms = language.terms(row)
    return Fact(row, terms, frozenset((*terms.stems, *language.terms(heading).stems)))
