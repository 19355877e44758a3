"""OpenAI, or another server with OpenAI's API at OPENAI_BASE_URL."""

from functools import cache

import httpx2
import openai
from livekit.agents import NOT_GIVEN
from livekit.plugins import openai as plugin

from agent import languages
from agent.providers import PROVIDERS
from agent.settings import Settings

VOICE = "ash"
UNTOLD = ("tts-1", "tts-1-hd")  # they take no instructions
KEPT_WARM = 120  # seconds a connection outlives its last request: longer than callers are silent


def new_stt(model: str, settings: Settings, patience: float) -> plugin.STT:
    return stt(model, settings.language, client(settings, patience))


def new_llm(model: str, settings: Settings, patience: float) -> plugin.LLM:
    return plugin.LLM(model=model, client=client(settings, patience))


def new_tts(model: str, settings: Settings, patience: float) -> plugin.TTS:
    return tts(model, settings.voice or VOICE, client(settings, patience), languages.voice(settings.language))


def stt(model: str, language: str, client: openai.AsyncClient) -> plugin.STT:
    """A whole utterance a request: a realtime connection is another protocol, which few servers speak."""
    return plugin.STT(model=model, language=language, client=client, use_realtime=False)


def tts(model: str, voice: str, client: openai.AsyncClient, manner: str | None = None) -> plugin.TTS:
    """Raw samples, so that there is nothing to decode. `manner`: how to speak, for models that can be told."""
    told = manner if manner and model not in UNTOLD else NOT_GIVEN
    return plugin.TTS(model=model, voice=voice, client=client, instructions=told, response_format="pcm")


def connect(base_url: str | None, api_key: str, patience: float = PROVIDERS["openai"].patience) -> openai.AsyncClient:
    """One client, and so one pool of warm connections, for all that is asked of one server during a call.

    `patience` is the longest silence of a request, in seconds. The plugin retries, and gives limits of its own with
    each request, but 30 s for speech to text and text to speech, whatever it is told: too long to be silent.
    """
    return connected(base_url, api_key, patience)


@cache
def connected(base_url: str | None, api_key: str, patience: float) -> openai.AsyncClient:
    """The same, without a default, so that the same call is found again."""

    async def be_impatient(request: httpx2.Request) -> None:
        limits = request.extensions["timeout"]
        limits["read"] = min(limits.get("read") or patience, patience)

    kept_warm = httpx2.AsyncClient(
        limits=httpx2.Limits(keepalive_expiry=KEPT_WARM), event_hooks={"request": [be_impatient]}
    )
    return openai.AsyncClient(base_url=base_url, api_key=api_key, max_retries=0, http_client=kept_warm)


def client(settings: Settings, patience: float) -> openai.AsyncClient:
    """The connection to the server and with the key that the settings name."""
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    return connect(settings.openai_base_url, key, patience)
