"""Asks the embedded language model in this process, as the speech service does, without a call."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from speech.models.engines import AnswerEnd, Call, Delta
from speech.models.llm import Qwen
from speech.requests import ChatRequest
from tests.bench.tools.offered import as_sent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.tools.utterances import Utterance

PERSONA = "You are the phone assistant of Landline Coffee, a small coffee shop. Answer in one or two short sentences."
GREETING = "Hello, this is Landline Coffee. How can I help you?"


@dataclass
class Answer:
    """What the model made of an utterance: a call, or text, and when its first word came."""

    text: str = ""
    tool: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # until the first word, or the call


class InProcess:
    """The model, with or without tools."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._model = Qwen(weights, threads, calls_tools=True)
        for tools in ({}, {"tools": as_sent()}):  # as the agent has the persona read ahead
            self._ask({"messages": [_message("system", PERSONA)], "max_tokens": 1, **tools})

    def ask(self, utterance: Utterance, *, tools: bool = True) -> Answer:
        """Return the answer to the last of what the caller has said."""
        said = [
            _message("assistant", it.removeprefix("> ")) if it.startswith("> ") else _message("user", it)
            for it in utterance.talk
        ]
        messages = [_message("system", PERSONA), _message("assistant", GREETING), *said]
        return self._ask({"messages": messages, **({"tools": as_sent()} if tools else {})})

    def _ask(self, request: dict[str, Any]) -> Answer:
        answer, begun = Answer(), time.monotonic()

        def take(part: Delta | Call | AnswerEnd | None) -> bool:
            if isinstance(part, Delta | Call) and not answer.seconds:
                answer.seconds = time.monotonic() - begun
            if isinstance(part, Delta):
                answer.text += part.text
            elif isinstance(part, Call):
                answer.tool, answer.arguments = part.name, json.loads(part.arguments)
            return False

        self._model.chat(ChatRequest.model_validate({"model": "", **request}), take)
        return answer


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
