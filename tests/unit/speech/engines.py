"""Engines without models: they keep to the same protocols, and do what a test tells them."""

import threading

from speech.models.engines import AnswerEnd, Call, Delta, Engines, Segment, SoundLength
from speech.queueing import Emit
from speech.requests import ChatRequest, TranscriptionRequest


class Ears:
    """Hears the bytes it is given as if they were text."""

    def transcribe(self, sound: bytes, wanted: TranscriptionRequest, emit: Emit[SoundLength | Segment]) -> None:
        emit(SoundLength(1.5))
        for number, word in enumerate(sound.decode().split()):
            emit(Segment(number, number + 1, f" {word}"))


class Mind:
    """Repeats the last message word by word; `gate` holds it after the first, `error` is raised instead.

    A last message that is the name of a tool is called.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.begun: list[str] = []
        self.stopped = threading.Event()  # it was told that nobody listens, and stopped

    def chat(self, wanted: ChatRequest, emit: Emit[Delta | Call | AnswerEnd]) -> None:
        if self.error:
            raise self.error
        text = wanted.messages[-1].content
        self.begun.append(text)
        if text in (tool.name for tool in wanted.offered):
            emit(Call(text, '{"day": "today"}'))
            emit(AnswerEnd("tool_calls", prompt_tokens=10, cached_tokens=4, completion_tokens=5))
            return
        for word in text.split():
            if emit(Delta(word + " ")):
                self.stopped.set()
                return
            while not self.gate.wait(0.01):
                if emit(None):
                    self.stopped.set()
                    return
        emit(AnswerEnd("stop", prompt_tokens=10, cached_tokens=4, completion_tokens=len(text.split())))


class Mouth:
    """Speaks a text as its own letters, two bytes each."""

    sample_rate = 24_000

    def speak(self, text: str, speed: float, emit: Emit[bytes]) -> None:
        for sentence in text.split(". "):
            emit(sentence.encode("utf-16-le"))


def some_engines() -> Engines:
    return Engines(Ears(), Mind(), Mouth(), "ears", "mind", "mouth")
