"""Loads the engines of a size and runs each once. Importing this module imports them all, which takes a second."""

from speech.models.engines import Engines
from speech.models.llm import Qwen
from speech.models.stt import Whisper
from speech.models.tts import Heart
from speech.models.weights import Weights, names_of
from speech.settings import Size


def load_engines(found: Weights, size: Size, threads: int) -> Engines:
    names = names_of(size)
    stt, tts = Whisper(found.stt, threads), Heart()
    llm = Qwen(found.llm, threads, calls_tools=names.calls_tools)
    for engine in (stt, llm, tts):
        engine.warm()
    return Engines(stt, llm, tts, names.stt, names.llm, names.tts)
