"""What the HTTP side knows of the engines: what each is given, and the pieces it hands over.

An engine is called in a thread of its own, by one request at a time. It hands over its pieces by `emit`, and
returns early when that says that nobody is listening.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from speech.api.requests import ChatRequest, TranscriptionRequest
from speech.queueing import Emit


@dataclass(frozen=True)
class Heard:
    """The sound was read: it is `seconds` long."""

    seconds: float


@dataclass(frozen=True)
class Segment:
    """Words, and when they were said, in seconds from the beginning."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Delta:
    """More of the answer."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The answer is complete; in tokens: the prompt, how much of it was cached, and the answer."""

    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class STT(Protocol):
    def transcribe(self, sound: bytes, wanted: TranscriptionRequest, emit: Emit[Heard | Segment], /) -> None: ...


class LLM(Protocol):
    def chat(self, wanted: ChatRequest, emit: Emit[Delta | Answered], /) -> None: ...


class TTS(Protocol):
    sample_rate: int

    def speak(self, text: str, speed: float, emit: Emit[bytes], /) -> None:
        """Emits signed 16-bit little-endian mono samples at `sample_rate`, a sentence at a time."""


@dataclass(frozen=True)
class Engines:
    """The three of them, and the names that requests know them by."""

    stt: STT
    llm: LLM
    tts: TTS
    stt_model: str
    llm_model: str
    tts_model: str
