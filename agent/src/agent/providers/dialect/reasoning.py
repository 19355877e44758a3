"""What a reasoning model thinks before it answers: nobody wants to hear it.

A model marks its thoughts with tags, or its server puts them into a field of their own. With some models the server
sends the last tag only, since the first one is the end of the model's chat template. Then it is not known until the
last tag whether a text is a thought, so that it has to be held back: always if the model is known by its name, or has
done it before in this call. Of the first answer of an unknown model only the first moment is held back, unless it
reads like a thought.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.providers.dialect.habits import Habits

logger = logging.getLogger(__name__)

PAIRS = {
    **{f"<{name}>": f"</{name}>" for name in ("think", "thinking", "thought", "reasoning", "reason")},
    "[think]": "[/think]",  # Magistral
    "◁think▷": "◁/think▷",  # Kimi
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",  # gpt-oss, from a server that does not parse it
    "<|channel|>commentary<|message|>": "<|channel|>final<|message|>",
}
# Ends of texts and of messages that a server should have taken out.
ENDS = ("<|im_end|>", "<|end|>", "<|return|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "</s>")
TAGS = tuple(dict.fromkeys([*PAIRS, *PAIRS.values(), *ENDS]))
TAG = re.compile("|".join(map(re.escape, sorted(TAGS, key=len, reverse=True))), re.IGNORECASE)
# Models whose chat template ends with the first tag: DeepSeek-R1, QwQ, Qwen3-…-Thinking, Kimi-K2-Thinking, MiniMax-M2.
BY_NAME = re.compile(r"(?:\b|_)(?:r1|qwq|thinking|think|reasoning|reasoner|minimax-m\d)(?:\b|_)", re.IGNORECASE)
# How models talk to themselves: about the caller, about their own task, and about what to say. Most think in English.
LIKE_A_THOUGHT = re.compile(
    r"\b(?:the|this) (?:user|caller|customer|person|question|assistant|system|prompt|persona|instructions?)\b|"
    r"\bthey (?:want|ask|need|say|said|would|might)|\blet me (?:think|see|check)\b|\b(?:hmm|okay,? so|alright,? so)\b|"
    r"\b(?:i|we) (?:should|need to|must|have to|say|can say|will say|answer)\b|"
    r"\bder (?:nutzer|benutzer|anrufer|kunde)\b|\b(?:el|la) (?:usuari[oa]|cliente|persona)\b|"
    r"\bl['’](?:utilisateur|appelant)|\ble client\b|用户",  # noqa: RUF001
    re.IGNORECASE,
)
FIRST_MOMENT = 0.5  # seconds
BEGINNING = 300  # characters of an answer, in which a thought is expected to show itself as one


class ReasoningFilter:
    """Takes the thoughts out of one answer, which is fed to it piece by piece."""

    def __init__(self, model: str, habits: Habits) -> None:
        self._model, self._habits = model, habits
        self._known = habits.thinks_aloud.get(model, _guess(model) if habits.may_think_aloud else False)
        self._began: float | None = None
        self._pending = ""  # not looked at yet, since it may end within a tag
        self._held = ""
        self._closing = ""  # the tag that ends the thought; empty outside of one
        self._may_be_thought = self._known is not False
        self._released = False

    def feed(self, text: str) -> str:
        """Return what may be spoken now."""
        self._began = self._began or time.monotonic()
        self._pending += text
        while self._take_to_the_next_tag():
            pass
        return "" if self._holds_back() else self._release()

    def separate(self) -> None:
        """Note that the server sends thoughts in a field of their own, so that the text has none."""
        self._may_be_thought = False

    def finish(self, *, complete: bool = True) -> str:
        """Return the rest. An answer that is not `complete`, since it was too long, may have ended within a thought."""
        if not self._closing:
            self._held += self._pending
        if self._may_be_thought and self._known and not complete:
            self._held = ""
        elif self._may_be_thought and self._began:
            self._habits.thinks_aloud.setdefault(self._model, False)
        self._pending = ""
        return self._release()

    def _take_to_the_next_tag(self) -> bool:
        found = TAG.search(self._pending)
        end = found.start() if found else len(self._pending) - _length_of_beginning(self._pending, TAGS)
        text, self._pending = self._pending[:end], self._pending[found.end() if found else end :]
        if not self._closing:
            self._held += text
        if found:
            self._pass(found.group().lower())
        return bool(found)

    def _pass(self, tag: str) -> None:
        if self._closing:
            if tag == self._closing:
                self._closing = ""
        elif tag in PAIRS:
            self._closing = PAIRS[tag]
            self._may_be_thought = False
        elif tag not in ENDS:
            self._drop_the_thought()

    def _drop_the_thought(self) -> None:
        """All of the answer so far was a thought: this is its last tag, and the first one was never sent."""
        if self._released:
            logger.warning("The caller may have heard what the model thought: it writes no tag before its reasoning")
        self._habits.thinks_aloud[self._model] = True
        self._held, self._may_be_thought = "", False

    def _holds_back(self) -> bool:
        if not self._may_be_thought or self._known:
            return self._may_be_thought
        elapsed = time.monotonic() - (self._began or 0.0)
        return elapsed < FIRST_MOMENT or (not self._released and bool(LIKE_A_THOUGHT.search(self._held[:BEGINNING])))

    def _release(self) -> str:
        text, self._held = self._held if self._released else self._held.lstrip(), ""
        self._released |= bool(text)
        return text


def _guess(model: str) -> bool | None:
    """Return True if a model of this name is known to send only the last tag; None if nothing is known."""
    return True if BY_NAME.search(model) else None


def _length_of_beginning(text: str, tags: tuple[str, ...]) -> int:
    """Return how many characters at the end of the text may be the beginning of a tag."""
    tail = text[-max(map(len, tags)) :].lower()
    lengths = range(len(tail), 0, -1)
    return next((length for length in lengths if any(tag.startswith(tail[-length:]) for tag in tags)), 0)
