"""Loads the engines of a size and runs each once. Importing this imports them all, which takes a second."""

from speech import weights
from speech.engines import Engines
from speech.llm import Qwen
from speech.settings import Size
from speech.stt import Whisper
from speech.tts import Heart


def load_engines(found: weights.Weights, size: Size, threads: int) -> Engines:
    stt, llm, tts = Whisper(found.stt, threads), Qwen(found.llm, threads), Heart()
    for engine in (stt, llm, tts):
        engine.warm()
    return Engines(stt, llm, tts, weights.STT, weights.LLM[size], weights.TTS)
