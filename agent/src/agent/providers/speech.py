"""The embedded models: the speech service of this bundle, which has OpenAI's API and asks for no key."""

import openai
from livekit.plugins import openai as plugin

from agent.providers import PROVIDERS
from agent.providers.openai import connect, stt, tts
from agent.settings import Settings

NO_KEY = "none"  # the client insists on one
KNOWN = PROVIDERS["speech"]


def new_stt(model: str, settings: Settings, patience: float) -> plugin.STT:
    return stt(model, settings.language, _client(settings, patience))


def new_llm(model: str, settings: Settings, patience: float) -> plugin.LLM:
    return plugin.LLM(model=model, client=_client(settings, patience))


def new_tts(model: str, settings: Settings, patience: float) -> plugin.TTS:
    return tts(model, settings.voice or KNOWN.voices[0], _client(settings, patience))


def _client(settings: Settings, patience: float) -> openai.AsyncClient:
    return connect(settings.speech_url, NO_KEY, patience)
