"""The endpoints of the fixed profile: scripted delays, and ears for the bench's own sounds."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support.fakes import voice
from tests.support.fakes.openai_api import FakeOpenAI, Request, Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.bench.sides.endpoints.recognise import Known

REPLY = "We are open from seven to six, and you are most welcome."
SECONDS = 1.6  # of the reply's twelve words; everything else is spoken at the same speed

FIXED = Script(
    answers=(REPLY,),
    greeting="Hello, this is Landline Coffee. How can I help you?",
    stt_delay=0.25,
    first_token_delay=0.2,
    words_per_second=40.0,
    first_audio_delay=0.15,
    seconds_per_character=SECONDS / len(REPLY),
)


class Endpoints(FakeOpenAI):
    def __init__(self, known: Known, script: Script, **where: Any) -> None:
        super().__init__(script, **where)
        self._known = known
        self.app.cleanup_ctx.append(self._open_folder)
        self.app.add_routes([web.get(r"/heard/{number:\d+}.wav", self._tell_heard)])
        voice.speech(SECONDS)  # made now, so that nobody waits for it

    async def _open_folder(self, _: web.Application) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory() as folder:
            self._heard = Path(folder)
            yield

    async def transcript(self, audio: bytes, noted: Request) -> str:
        self.keep(audio, noted)
        return await asyncio.to_thread(self._known.recognise, audio)

    def keep(self, audio: bytes, noted: Request) -> None:
        (self._heard / f"{noted.number}.wav").write_bytes(audio)

    async def _tell_heard(self, request: web.Request) -> web.StreamResponse:
        """By the number that the request has in `GET /requests`."""
        file = self._heard / f"{request.match_info['number']}.wav"
        if not file.exists():
            raise web.HTTPNotFound(text=f"request {request.match_info['number']} brought no sound")
        return web.FileResponse(file)
