"""OpenAI's API as far as a phone call needs it, with scripted answers, fixed delays and faults on demand.

In a test: `async with FakeOpenAI(Script(answers=["We open at nine."])) as api: … api.url …`.
As a process: `python tests/fakes/openai_api.py [PORT]` serves the delays that the benches are defined by;
`PUT /script` with a JSON object changes any field of the script, `GET /requests` tells what was asked.
"""

import asyncio
import json
import math
import struct
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from aiohttp import web

SAMPLE_RATE = 24_000
CHUNK = SAMPLE_RATE // 10 * 2  # bytes of 100 ms

HEAR, THINK, SPEAK = "stt", "llm", "tts"
FAULTS = ("error", "busy", "hang", "garbage", "empty")


@dataclass(frozen=True)
class Script:
    """What it hears, thinks and how fast. A list is gone through once; its last entry then stays."""

    transcripts: tuple[str, ...] = ("When are you open?",)
    answers: tuple[str, ...] = ("We are open from nine to five, Monday to Friday, and closed on holidays.",)
    stt_delay: float = 0.25  # seconds
    first_token_delay: float = 0.2
    words_per_second: float = 40.0
    first_audio_delay: float = 0.15
    seconds_per_character: float = 0.06
    faults: dict[str, str] = field(default_factory=dict)  # stt, llm or tts -> one of FAULTS

    def changed(self, **changes: Any) -> "Script":
        """A copy with other values; lists as JSON has them are taken too. Unknown names are a ValueError."""
        known = {item.name for item in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        if wrong := set(changes.get("faults", {}).values()) - set(FAULTS):
            raise ValueError(f"unknown faults: {', '.join(sorted(wrong))}; known: {', '.join(FAULTS)}")
        values: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in changes.items()}
        return replace(self, **values)


@dataclass(frozen=True)
class Request:
    """One request: `kind` stt, llm or tts; `at` in seconds of the monotonic clock; `body` without audio."""

    kind: str
    at: float
    body: dict[str, Any]


class FakeOpenAI:
    """A server on `url`; everything it was asked is in `requests`."""

    def __init__(self, script: Script | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.script = script or Script()
        self.requests: list[Request] = []
        self._host, self._port = host, port
        app = web.Application(client_max_size=64 * 2**20)
        app.on_response_prepare.append(_give_request_id)
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/v1/audio/transcriptions", self._hear),
                web.post("/v1/chat/completions", self._think),
                web.post("/v1/audio/speech", self._speak),
                web.put("/script", self._change_script),
                web.get("/requests", self._tell_requests),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._runner.addresses[0][1]}/v1"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def asked(self, kind: str) -> list[Request]:
        return [request for request in self.requests if request.kind == kind]

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        turn = self._note(HEAR, {name: value for name, value in form.items() if isinstance(value, str)})
        if fault := await self._fault(HEAR):
            return fault
        await asyncio.sleep(self.script.stt_delay)
        return web.json_response({"text": _nth(self.script.transcripts, turn)})

    async def _think(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        turn = self._note(THINK, body)
        if fault := await self._fault(THINK):
            return fault
        await asyncio.sleep(self.script.first_token_delay)
        answer = _nth(self.script.answers, turn)
        if not body.get("stream"):
            return web.json_response(_completion("chat.completion", message=_message(answer), finish_reason="stop"))
        return await self._stream(request, "text/event-stream", self._tokens(answer))

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._note(SPEAK, body)
        if fault := await self._fault(SPEAK):
            return fault
        await asyncio.sleep(self.script.first_audio_delay)
        tone = _tone(len(body["input"]) * self.script.seconds_per_character)
        return await self._stream(request, "audio/pcm", _chunks(tone))

    async def _tokens(self, answer: str) -> AsyncIterator[bytes]:
        for number, word in enumerate(answer.split()):
            text = f" {word}" if number else word
            yield _event(_completion("chat.completion.chunk", delta=_message(text), finish_reason=None))
            await asyncio.sleep(1 / self.script.words_per_second)
        yield _event(_completion("chat.completion.chunk", delta={}, finish_reason="stop"))
        yield b"data: [DONE]\n\n"

    async def _stream(self, request: web.Request, what: str, chunks: AsyncIterator[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": what})
        await response.prepare(request)
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    def _note(self, kind: str, body: dict[str, Any]) -> int:
        self.requests.append(Request(kind, time.monotonic(), body))
        return len(self.asked(kind)) - 1

    async def _fault(self, kind: str) -> web.Response | None:
        match self.script.faults.get(kind):
            case "error":
                return web.json_response({"error": {"message": "scripted failure"}}, status=500)
            case "busy":
                return web.json_response({"error": {"message": "busy"}}, status=429, headers={"Retry-After": "1"})
            case "hang":
                await asyncio.sleep(3600)
            case "garbage":
                return web.Response(body=b"\x00\xffnothing that anyone asked for")
            case "empty":
                return web.Response()
        return None

    async def _change_script(self, request: web.Request) -> web.Response:
        try:
            self.script = self.script.changed(**await request.json())
        except ValueError as problem:
            raise web.HTTPBadRequest(text=str(problem)) from None
        return web.json_response(asdict(self.script))

    async def _tell_requests(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(request) for request in self.requests])


async def _give_request_id(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = f"req_{time.monotonic_ns()}"


def _nth(entries: tuple[str, ...], turn: int) -> str:
    return entries[min(turn, len(entries) - 1)]


def _message(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _completion(what: str, **choice: Any) -> dict[str, Any]:
    return {"id": "fake", "object": what, "created": 0, "model": "fake", "choices": [{"index": 0, **choice}]}


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _tone(seconds: float) -> bytes:
    """A 440 Hz tone, so that whoever listens hears something: 16-bit PCM, mono."""
    samples = (int(9000 * math.sin(2 * math.pi * 440 * i / SAMPLE_RATE)) for i in range(int(seconds * SAMPLE_RATE)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


async def _chunks(audio: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(audio), CHUNK):
        yield audio[start : start + CHUNK]


async def _serve(port: int) -> None:
    async with FakeOpenAI(host="0.0.0.0", port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
