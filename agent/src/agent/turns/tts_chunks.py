"""Pieces of a reply for text to speech, so that its first words are spoken while the rest is still being written.

Text to speech is usually given whole sentences, since it needs them for the prosody, and livekit-agents hands over a
sentence when the next one has begun. With this module, the first piece of a reply ends sooner: where a speaker would
draw breath, or after a few words if there is no comma by then. Each further piece may be three times as long as the one
before, so that the voice does not wait for a model that writes three times as fast as people speak.
"""

import itertools
import re
from collections.abc import Callable

from livekit.agents.tokenize import BufferedSentenceStream, SentenceStream, SentenceTokenizer, blingfire

from agent.aloud.abbreviations import ends_with_one
from agent.aloud.numbers import Numbers
from agent.aloud.reading import Reading

BREATH = re.compile(r"[,;:.!?…](?=\s)|\s[–—-](?=\s)|[，；：。！？、।]")  # noqa: RUF001 - other scripts' commas are meant
WORD = re.compile(r"\S+")

GROWTH = 3
LONGEST = 100  # words
CONTEXT = 40  # characters, more than an abbreviation has


class TTSChunks(SentenceTokenizer):
    """Cuts a text into sentences, but ends the first piece at the first breath, or after `most` words at the latest.

    No piece ends after an abbreviation of the language, such as "Dr.", or an initial, or between a number's words.
    """

    def __init__(self, most: int, language: str = "en") -> None:
        self._most = most
        self._reading = Reading.of(language)
        self._numbers = Numbers.of(language).words
        self._sentences = blingfire.SentenceTokenizer(min_sentence_len=1, retain_format=True)

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        """Return all pieces of a whole text."""
        pieces: list[str] = []
        while text:
            pieces.append(self._piece(text, len(pieces)) or text)
            text = text[len(pieces[-1]) :]
        return pieces

    def stream(self, *, language: str | None = None) -> SentenceStream:
        """Make a stream of the pieces of a text that is still being written."""
        return BufferedSentenceStream(tokenizer=self._one_reply(), min_token_len=1, min_ctx_len=1)

    def _one_reply(self) -> Callable[[str], list[tuple[str, int, int]]]:
        taken = 0

        def split(text: str) -> list[tuple[str, int, int]]:
            nonlocal taken
            end = len(self._piece(text, taken))
            if not end:
                return [(text, 0, len(text))]
            taken += 1  # the stream takes only the first of several pieces
            return [(text[:end], 0, end), (text[end:], end, len(text))]

        return split

    def _piece(self, text: str, number: int) -> str:
        """Return the first piece of `text`, the reply's piece `number` (from 0); "" while it may still grow."""
        if not text.strip():
            return ""
        limit = self._limit(text, number)
        within = text[:limit] if limit else text
        breaths = [match.end() for match in BREATH.finditer(within) if self._may_end(text, match.end())]
        if number == 0:
            end = min(breaths, default=0)
        else:
            sentence = self._sentence(within)
            end = sentence if sentence < len(within.rstrip()) else max(breaths, default=0) if limit else 0
        return text[: end or limit]

    def _limit(self, text: str, number: int) -> int:
        """Return where the piece has as many words as it may have; 0 if the text does not have more."""
        words = min(self._most * GROWTH**number, LONGEST)
        for word, following in itertools.islice(itertools.pairwise(WORD.finditer(text)), words - 1, None):
            if word[0].lower() not in self._numbers and self._may_end(text, following.start()):
                return following.start()
        return 0

    def _sentence(self, text: str) -> int:
        """Return where the first sentence ends."""
        end = 0
        for sentence in self._sentences.tokenize(text):
            end += len(sentence)
            if self._may_end(text, end):
                break
        return end

    def _may_end(self, text: str, end: int) -> bool:
        return not ends_with_one(text[:end], text[end:], self._reading)
