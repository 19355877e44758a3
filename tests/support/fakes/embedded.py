"""The scripted API with ears and a real voice: it hears what a caller says, and what it says is words.

`PUT /sounds?text=WORDS` with a WAV file makes it know how these words sound: they are then heard at once and for
certain, and cost no CPU, which several callers at once would not leave. For whatever else it hears it asks Whisper.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from tests.bench.sides.endpoints.recognise import UNKNOWN, Known, look, read, trimmed
from tests.support.fakes import voice
from tests.support.fakes.openai_api import FakeOpenAI, Request, Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STT, TTS = "whisper-tiny.en", "kokoro-heart"


class Embedded(FakeOpenAI):
    """Hears and speaks with the speech service at `url`; with transcripts in the script it hears those instead.

    What it has once spoken it knows.
    """

    def __init__(self, url: str, script: Script, **where: Any) -> None:
        super().__init__(script, **where)
        self._url = url
        self._known = Known((), ())
        self._spoken: dict[str, bytes] = {}  # 16-bit PCM by text
        self._ears, self._mouth = asyncio.Semaphore(1), asyncio.Semaphore(1)  # its queue is short, and ours is not
        self.app.add_routes([web.put("/sounds", self._learn)])
        self.app.cleanup_ctx.append(self._connected)

    async def _connected(self, _: Any) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(raise_for_status=True) as self._http:
            yield

    async def transcript(self, audio: bytes, noted: Request) -> str:
        if self._script(noted).transcripts:
            return await super().transcript(audio, noted)
        if (words := self._known.recognise(audio)) != UNKNOWN:
            return words
        form = aiohttp.FormData({"model": STT})
        form.add_field("file", audio, filename="heard.wav", content_type="audio/wav")
        async with self._ears, self._http.post(f"{self._url}/audio/transcriptions", data=form) as answer:
            return str((await answer.json())["text"])

    async def _learn(self, request: web.Request) -> web.Response:
        sounds = trimmed(look(*read(await request.read())))
        part = (request.query["text"], 0, len(sounds))
        self._known = Known((*self._known.parts, (part,)), (*self._known.looks, sounds))
        return web.json_response({"known": len(self._known.parts)})

    async def sound(self, noted: Request) -> AsyncIterator[bytes]:
        encoder = voice.FORMATS[noted.body.get("response_format", "pcm")]()
        yield encoder.feed(await self._speech(noted.text))
        yield encoder.end()

    async def _speech(self, text: str) -> bytes:
        async with self._mouth:
            if text not in self._spoken:
                asked = {"model": TTS, "input": text, "response_format": "pcm"}
                async with self._http.post(f"{self._url}/audio/speech", json=asked) as answer:
                    self._spoken[text] = await answer.read()
        return self._spoken[text]
