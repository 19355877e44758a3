"""The endpoints of the embedded profile: the line's own speech service answers, and what it is asked is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.bench.sides.endpoints.recognise import Known
from tests.bench.sides.endpoints.server import Endpoints
from tests.support.fakes import voice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.fakes.openai_api import Request, Script

STT, LLM, TTS = "whisper-tiny.en", "qwen2.5-coder-1.5b-instruct", "kokoro-heart"


class Forwarding(Endpoints):
    def __init__(self, url: str, script: Script, **where: Any) -> None:
        super().__init__(Known((), ()), script.changed(stt_delay=0), **where)
        self._url = url
        self.app.cleanup_ctx.append(self._connected)

    async def _connected(self, _: Any) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(raise_for_status=True) as self._http:
            yield

    async def transcript(self, audio: bytes, noted: Request) -> str:
        self.keep(audio, noted)
        form = aiohttp.FormData({"model": STT})
        form.add_field("file", audio, filename="heard.wav", content_type="audio/wav")
        async with self._http.post(f"{self._url}/audio/transcriptions", data=form) as answer:
            return str((await answer.json())["text"])

    async def tokens(self, noted: Request) -> AsyncIterator[str]:
        limits = {name: noted.body[name] for name in ("max_tokens", "max_completion_tokens") if name in noted.body}
        asked: dict[str, Any] = {"model": LLM, "messages": noted.body["messages"], "stream": True} | limits
        async with self._http.post(f"{self._url}/chat/completions", json=asked) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {"):
                    for choice in json.loads(line[6:])["choices"]:
                        if token := choice["delta"].get("content"):
                            yield token

    async def sound(self, noted: Request) -> AsyncIterator[bytes]:
        asked = {"model": TTS, "input": noted.text, "response_format": "pcm"}
        encoder = voice.FORMATS[noted.body.get("response_format", "pcm")]()
        odd = b""  # a network has no respect for the two bytes of a sample
        async with self._http.post(f"{self._url}/audio/speech", json=asked) as answer:
            async for part in answer.content.iter_any():
                pcm = odd + part
                pcm, odd = pcm[: len(pcm) // 2 * 2], pcm[len(pcm) // 2 * 2 :]
                if pcm:
                    yield encoder.feed(pcm)
        yield encoder.end()
