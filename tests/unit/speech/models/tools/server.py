"""A model that completes each prompt as a test has written it down."""

import math
from collections.abc import Callable
from typing import Any


class ScriptedServer:
    """Completes the prompts in turn.

    A completion is a text, or its tokens, each with how probable it and its rivals are: [{"talk": 0.9, "x": 0.1}].
    """

    def __init__(self, *completions: str | list[dict[str, float]] | dict[str, Any]) -> None:
        self._completions = list(completions)
        self.asked: list[dict[str, Any]] = []

    def handle_completions(self, wanted: dict[str, Any], take: Callable[[dict[str, Any]], bool]) -> None:
        self.asked.append(wanted)
        if take({"choices": [{"text": ""}], "prompt_progress": {"processed": 64}}):
            return
        completion = self._completions.pop(0)
        if isinstance(completion, dict):
            take(completion)
            return
        tokens = [{completion: 1.0}] if isinstance(completion, str) else completion
        for token in tokens:
            if take({"choices": [_choice(token)]}):
                return
        take({"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": len(tokens)}})


def _choice(token: dict[str, float]) -> dict[str, Any]:
    rivals = [{"token": text, "logprob": math.log(share)} for text, share in token.items()]
    return {"text": rivals[0]["token"], "logprobs": {"content": [rivals[0] | {"top_logprobs": rivals}]}}
