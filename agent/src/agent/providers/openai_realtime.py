"""OpenAI's transcription while the caller speaks, over a connection that stays open for the call."""

from livekit.plugins import openai as plugin

from agent.providers.openai import client
from agent.settings import Settings


def new_stt(model: str, settings: Settings) -> plugin.STT:
    return plugin.STT(model=model, client=client(settings), use_realtime=True)
