"""OpenAI's transcription while the caller speaks, over a connection that stays open for the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.providers import openai
from agent.providers.catalog import STT, Provider, Wanted

if TYPE_CHECKING:
    from livekit.plugins import openai as plugin

PROVIDER = Provider(kinds=(STT,), key=openai.PROVIDER.key, url=openai.PROVIDER.url)


def new_stt(wanted: Wanted) -> plugin.STT:
    """Make a speech to text that streams."""
    return openai.new_stt(wanted, realtime=True)
