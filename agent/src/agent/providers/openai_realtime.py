"""OpenAI's transcription while the caller speaks, over a connection that stays open for the call."""

from livekit.plugins import openai as plugin

from agent.providers.openai import client
from agent.settings import Settings


def new_stt(model: str, settings: Settings, patience: float) -> plugin.STT:
    return plugin.STT(model=model, language=settings.language, client=client(settings, patience), use_realtime=True)
