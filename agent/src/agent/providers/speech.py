"""The embedded models: the speech service of this bundle, which has OpenAI's API and asks for no key."""

import openai
from livekit.plugins import openai as plugin

from agent.providers.openai import connect
from agent.settings import Settings

NO_KEY = "none"  # the client insists on one
VOICE = "heart"
PATIENCE = 30.0  # seconds: callers on one small CPU wait for each other


def new_stt(model: str, settings: Settings) -> plugin.STT:
    return plugin.STT(model=model, client=_client(settings), use_realtime=False)


def new_llm(model: str, settings: Settings) -> plugin.LLM:
    return plugin.LLM(model=model, client=_client(settings))


def new_tts(model: str, settings: Settings) -> plugin.TTS:
    return plugin.TTS(model=model, voice=settings.voice or VOICE, client=_client(settings), response_format="pcm")


def _client(settings: Settings) -> openai.AsyncClient:
    return connect(settings.speech_url, NO_KEY, PATIENCE)
