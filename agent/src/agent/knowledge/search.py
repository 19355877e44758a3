"""Searching facts that are too many to be told to a model: what a question is about is found by its rarest words."""

from collections.abc import Iterator
from functools import cache

import bm25s  # type: ignore[import-untyped]
import numpy as np
import snowballstemmer  # type: ignore[import-untyped]

from agent import languages
from agent.knowledge.facts import rows

MOST = 6  # passages
LONGEST = 2_400  # characters of all that is found


class Search:
    """Ranks the rows of lists and the paragraphs of a text by BM25, with the stems of one language's words.

    It takes about a second for a megabyte to be made, so make it in a thread.
    """

    def __init__(self, text: str, language: str) -> None:
        its = languages.knowledge(language)
        self._stem = cache(snowballstemmer.stemmer(its.stemmer).stemWord)
        self._talk = its.talk
        self._passages = [(heading, row) for heading, row in rows(text) if row]
        corpus = [self._stems(f"{heading} {row}") for heading, row in self._passages]
        self._ranking = bm25s.BM25()
        self._known = frozenset(stem for stems in corpus for stem in stems)
        if self._known:
            self._ranking.index(corpus, show_progress=False)

    def find(self, question: str) -> str:
        """Return the passages that a question is about, the best first, as Markdown; "" if there are none."""
        asked = [stem for stem in dict.fromkeys(self._stems(question)) if stem in self._known]
        if not asked:
            return ""
        scores = self._ranking.get_scores(asked)
        best = np.argsort(-scores, kind="stable")[:MOST]
        return "\n".join(self._within_limit(int(at) for at in best if scores[at] > 0))

    def _within_limit(self, places: Iterator[int]) -> Iterator[str]:
        left = LONGEST
        for place in places:
            heading, row = self._passages[place]
            passage = f"## {heading}\n- {row}" if heading else f"- {row}"
            if left < LONGEST and len(passage) > left:
                return
            yield passage[:LONGEST]
            left -= len(passage)

    def _stems(self, text: str) -> list[str]:
        words = languages.plain(text).replace("-", " ").replace("'", " ").split()
        return [self._stem(word) for word in words if word not in self._talk]
