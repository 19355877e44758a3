"""The interface between the HTTP side and the engines: what each engine is given, and the pieces it hands over.

An engine is called in a thread of its own, by one request at a time. It hands over its pieces by `emit`, and returns
early when `emit` says that nobody reads them any more.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from speech.queueing import Emit
from speech.requests import ChatRequest, TranscriptionRequest


@dataclass(frozen=True)
class SoundLength:
    """How long the sound of a request is."""

    seconds: float


@dataclass(frozen=True)
class Segment:
    """Words, and when they were spoken, in seconds from the beginning."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Delta:
    """The next part of an answer."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of a tool, which is the whole answer; `arguments` are JSON."""

    name: str
    arguments: str


@dataclass(frozen=True)
class AnswerEnd:
    """The end of an answer, with the tokens of the prompt, those of it that were cached, and those of the answer."""

    finish_reason: Literal["stop", "length", "tool_calls"]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class STT(Protocol):
    def transcribe(self, sound: bytes, wanted: TranscriptionRequest, emit: Emit[SoundLength | Segment], /) -> None: ...


class LLM(Protocol):
    def chat(self, wanted: ChatRequest, emit: Emit[Delta | Call | AnswerEnd], /) -> None: ...


class TTS(Protocol):
    sample_rate: int

    def speak(self, text: str, speed: float, emit: Emit[bytes], /) -> None:
        """Emit signed 16-bit little-endian mono samples at `sample_rate`, a sentence at a time."""


@dataclass(frozen=True)
class Engines:
    """The three engines, and the names that requests know them by."""

    stt: STT
    llm: LLM
    tts: TTS
    stt_model: str
    llm_model: str
    tts_model: str
