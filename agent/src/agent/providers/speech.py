"""The embedded models: the speech service of this bundle, which has OpenAI's API and asks for no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.providers import openai
from agent.providers.catalog import LLM, STT, TTS, Provider, Wanted

if TYPE_CHECKING:
    from livekit.plugins import openai as plugin

DEFAULTS = {STT: "whisper-tiny.en", LLM: "qwen2.5-coder-1.5b-instruct", TTS: "kokoro-heart"}
SMALL = {LLM: "qwen2.5-coder-0.5b-instruct"}  # with SPEECH_SIZE=small
PROVIDER = Provider(
    kinds=(STT, LLM, TTS),
    defaults=DEFAULTS,
    models=(*DEFAULTS.values(), *SMALL.values()),
    voices=("heart",),
    languages=("en",),
    patience=30.0,  # one small CPU, shared by all calls
    without_tools=tuple(SMALL.values()),  # what it can do is in docs/decisions/0013-a-small-model-and-tools.md
    writes_json=False,  # the speech service passes on what can be spoken, and takes JSON for code
    reads_slowly=True,
    invents_facts=True,
    embedded=True,
)


def new_stt(wanted: Wanted) -> plugin.STT:
    """Make the embedded speech to text."""
    return openai.new_stt(wanted)


def new_llm(wanted: Wanted) -> plugin.LLM:
    """Make the embedded language model."""
    return openai.new_llm(wanted)


def new_tts(wanted: Wanted) -> plugin.TTS:
    """Make the embedded text to speech."""
    return openai.new_tts(wanted, usual_voice=PROVIDER.voices[0], response_format=openai.SAMPLES)
