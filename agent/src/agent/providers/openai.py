"""OpenAI, or another server with OpenAI's API: at OPENAI_BASE_URL, or one of a line's own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from agent import languages
from agent.providers.catalog import LLM, STT, TTS, Provider, Wanted

if TYPE_CHECKING:
    import openai
    from livekit.plugins import openai as plugin

PROVIDER = Provider(
    kinds=(STT, LLM, TTS),
    key="OPENAI_API_KEY",
    url="https://api.openai.com/v1",
    defaults={STT: "gpt-4o-mini-transcribe", LLM: "gpt-4o-mini", TTS: "gpt-4o-mini-tts"},
)
VOICE = "ash"
WITHOUT_INSTRUCTIONS = ("tts-1", "tts-1-hd")
NO_KEY = "none"  # for a server that asks for no key, because the client insists on one
SAMPLES, WITH_RATE = "pcm", "wav"


def new_stt(wanted: Wanted, *, realtime: bool = False) -> plugin.STT:
    """Make a speech to text that takes a whole utterance per request, unless a realtime connection is asked for."""
    from livekit.plugins import openai as plugin

    return plugin.STT(model=wanted.model, language=wanted.language, client=client(wanted), use_realtime=realtime)


def new_llm(wanted: Wanted) -> plugin.LLM:
    """Make a language model."""
    from livekit.plugins import openai as plugin

    return plugin.LLM(model=wanted.model, client=client(wanted))


def new_tts(wanted: Wanted, *, usual_voice: str = VOICE, response_format: str = "") -> plugin.TTS:
    """Make a text to speech.

    OpenAI itself gives raw samples, so that there is nothing to decode. Those of another server may have any rate, so
    it is asked for WAV, whose header has the rate, unless `response_format` says otherwise.
    """
    from livekit.agents import NOT_GIVEN
    from livekit.plugins import openai as plugin

    how = languages.voice(wanted.language)
    return plugin.TTS(
        model=wanted.model,
        voice=wanted.voice or usual_voice,
        client=client(wanted),
        instructions=how if how and wanted.model not in WITHOUT_INSTRUCTIONS else NOT_GIVEN,
        response_format=response_format or (WITH_RATE if wanted.base_url else SAMPLES),
    )


def client(wanted: Wanted) -> openai.AsyncClient:
    """Return the client for the wanted server and key."""
    return connect(wanted.base_url, wanted.key or NO_KEY, wanted.patience, wanted.may_think_aloud)


@cache
def connect(base_url: str | None, api_key: str, patience: float, may_think_aloud: bool) -> openai.AsyncClient:
    """Make one client, and so one pool of warm connections, for all that is asked of one server during a call.

    `patience` is how long a request may be silent, in seconds. The plugin retries.
    """
    import openai

    from agent.providers.client import Client

    asking = Client(patience, may_think_aloud=may_think_aloud)
    return openai.AsyncClient(base_url=base_url, api_key=api_key, max_retries=0, http_client=asking)
