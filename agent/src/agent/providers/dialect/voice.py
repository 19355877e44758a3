"""Text to speech: whatever format a sound comes in, it leaves as OpenAI's raw samples, and what is no sound fails.

docs/decisions/0010-what-servers-really-send.md says which format is asked for, and why.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING

import httpx2
from livekit.agents import utils

from agent.providers.dialect.exchange import ask_in_turn, describe, streamed, unusable, with_body
from agent.providers.dialect.sound_formats import PCM, PEEK, RATE, RAW, WAV, container_of, is_text, raw_sound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.providers.dialect.exchange import Ask
    from agent.providers.dialect.habits import Habits

logger = logging.getLogger(__name__)

FORMATS = ("wav", "mp3", "flac", "pcm")  # what is asked for in turn, if a server refuses one
ABOUT_FORMATS = re.compile(r"format|\b(?:wav|mp3|flac|pcm)\b", re.IGNORECASE)
EVENTS = "text/event-stream"  # OpenAI's raw samples, in events
SILENCE = bytes(2 * RATE // 50)  # 20 ms


async def speak(request: httpx2.Request, ask: Ask, habits: Habits) -> httpx2.Response:
    """Ask for the sound of a text; a text without a letter or a digit is a moment of silence, and nobody is asked."""
    body = json.loads(request.content)
    if not any(map(str.isalnum, body["input"])):
        headers = {"content-type": PCM, "x-request-id": "none"}
        return httpx2.Response(httpx2.codes.OK, headers=headers, content=SILENCE, request=request)
    body.setdefault("response_format", "mp3")  # as OpenAI's API says

    def in_format(form: str) -> httpx2.Request:
        if form == body["response_format"] == "pcm":
            return request  # which asks for events, too; in events, a sound has no rate
        others = {name: it for name, it in body.items() if name != "stream_format"}
        return with_body(request, others | {"response_format": form})

    forms = list(dict.fromkeys((habits.sound_format or body["response_format"], *FORMATS)))
    response, taken = await ask_in_turn(map(in_format, forms), ask, ABOUT_FORMATS)
    if taken and response.status_code == httpx2.codes.OK:
        habits.sound_format = forms[taken]
    if response.status_code != httpx2.codes.OK or response.headers.get("content-type", "").startswith(EVENTS):
        return response
    return await _as_samples(response, habits, asked_for_samples=forms[taken or 0] == "pcm")


async def _as_samples(response: httpx2.Response, habits: Habits, *, asked_for_samples: bool) -> httpx2.Response:
    pieces = response.aiter_bytes()
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= PEEK:
            break
    media_type = response.headers.get("content-type", "").lower()
    if not head:
        return streamed(response, PCM, pieces)  # which livekit-agents takes for a failure
    if is_text(head):
        return await unusable(response, "a sound", describe(head, media_type))
    container = container_of(head)
    if not container:
        if not asked_for_samples and not RAW.match(media_type):
            return await unusable(response, "a sound", f"bytes of unknown form, called {media_type or 'nothing'}")
        raw = raw_sound(response.headers)
        if raw.rate is None and not asked_for_samples and not habits.says_no_rate:
            habits.says_no_rate = True
            logger.warning(
                "%s was asked for WAV and sends samples without their rate, so %d a second are assumed. If the voice "
                "is too high or too low, that is wrong: it must send WAV or, say, audio/pcm;rate=16000",
                response.request.url.netloc.decode(),
                RATE,
            )
        if raw.rate in (None, RATE) and raw.channels == 1:
            return streamed(response, PCM, _joined(head, pieces))
        container, head = WAV if raw.channels == 1 else "", raw.wav_header() + head
    samples = _decoded(head, pieces, container)
    first = await anext(samples, None)
    if first is None:
        return await unusable(response, "a sound", f"a sound that cannot be decoded, called {media_type or 'nothing'}")
    return streamed(response, PCM, _joined(first, samples))


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _decoded(head: bytes, pieces: AsyncIterator[bytes], container: str) -> AsyncIterator[bytes]:
    """Decode a sound to raw samples as it arrives."""
    decoder = utils.codecs.AudioStreamDecoder(sample_rate=RATE, num_channels=1, format=container)

    async def feed() -> None:
        try:
            decoder.push(head)
            async for piece in pieces:
                decoder.push(piece)
        finally:
            decoder.end_input()

    feeding = asyncio.create_task(feed())
    try:
        async for frame in decoder:
            yield bytes(frame.data)
        await feeding  # what broke the server's connection breaks this sound, too
    finally:
        await utils.aio.cancel_and_wait(feeding)
        await decoder.aclose()
