"""Asks the embedded language model in this process, without a call: for tuning."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.aloud.reader import Reader
from agent.knowledge.knowledge import Knowledge
from agent.lines.words import read_words
from speech.cores import usable_cores
from speech.models.engines import AnswerEnd, Call, Delta
from speech.models.llm import Qwen
from speech.requests import ChatRequest
from tests.support.lines import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.knowledge.questions import Question

TOGETHER = 5  # questions in one call


class InProcess:
    """The example line without hearing and voice."""

    def __init__(self, weights: Path) -> None:
        with tempfile.TemporaryDirectory() as kept:
            self._words = read_words(EXAMPLE / "coffee", "en", Path(kept))
        words = self._words
        self._knowledge = Knowledge(words.facts, words.persona, words.greeting, "en", Reader.of("en"))
        self._model = Qwen(weights, usable_cores(), calls_tools=True)

    def ask(self, questions: list[Question]) -> Iterator[tuple[str, str]]:
        """Yield for each question what the model has written, and what is said of it."""
        for first in range(0, len(questions), TOGETHER):
            talk = [("system", self._words.persona), ("assistant", self._words.greeting)]
            for question in questions[first : first + TOGETHER]:
                talk.append(("user", question.text))
                drafted, said = self._answer(talk)
                talk.append(("assistant", said))
                yield drafted, said

    def _answer(self, talk: list[tuple[str, str]]) -> tuple[str, str]:
        asked = [text for role, text in talk if role == "user"]
        check = self._knowledge.check(asked[-1], asked)
        drafted, said = "", ""

        def take(part: Delta | Call | AnswerEnd | None) -> bool:
            nonlocal drafted, said
            if isinstance(part, Delta):
                drafted += part.text
                said += check.feed(part.text)
            return check.over

        messages = [{"role": role, "content": text} for role, text in talk]
        self._model.chat(ChatRequest.model_validate({"model": "", "messages": messages}), take)
        return drafted, said + check.flush()
