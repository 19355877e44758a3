"""OpenAI's API as far as a phone call needs it, with scripted answers, fixed delays and faults on demand.

In a test: `async with FakeOpenAI(Script(answers=["We open at nine."])) as api: … api.url …`.
As a process: `python -m tests.bench.sides.endpoints`, which serves the benches.
`PUT /script` with a JSON object changes any field of the script, `?who=KEY` for the client with that API key alone;
`GET /requests` tells what was asked.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from aiohttp import web

from tests.fakes import voice

CHUNK = voice.CHUNK

HEAR, THINK, SPEAK = "stt", "llm", "tts"
FAULTS = ("error", "busy", "hang", "garbage", "empty")
BURST = 6  # chunks of speech that are sent at once; the rest follows faster than it is spoken
PACE = 4.0


@dataclass(frozen=True)
class Script:
    """What it hears, thinks and how fast. A list is gone through once; its last entry then stays."""

    transcripts: tuple[str, ...] = ("When are you open?",)
    answers: tuple[str, ...] = ("We are open from nine to five, Monday to Friday, and closed on holidays.",)
    greeting: str = ""  # the answer to a conversation in which nobody has said anything; empty: one of the answers
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


@dataclass
class Request:
    """One request: `kind` stt, llm or tts; `who` the API key it came with; `body` without audio."""

    number: int
    kind: str
    who: str
    at: float  # seconds of the epoch, when it had arrived
    body: dict[str, Any]
    bytes: int = 0  # of audio, received or sent
    text: str = ""  # heard, answered, or to be spoken
    outcome: str = "running"  # then finished, or cancelled by the client
    ended: float | None = None


class FakeOpenAI:
    """A server on `url`; everything it was asked is in `requests`."""

    def __init__(self, script: Script | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.script = script or Script()
        self.scripts: dict[str, Script] = {}  # by API key, where one has its own
        self.requests: list[Request] = []
        self._host, self._port = host, port
        self.app = web.Application(client_max_size=64 * 2**20)
        self.app.on_response_prepare.append(_give_request_id)
        self.app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/v1/audio/transcriptions", self._hear),
                web.post("/v1/chat/completions", self._think),
                web.post("/v1/audio/speech", self._speak),
                web.put("/script", self._change_script),
                web.get("/requests", self._tell_requests),
            ]
        )
        # A handler is to notice that the client has gone.
        self._runner = web.AppRunner(self.app, handler_cancellation=True, shutdown_timeout=0.1)

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

    # What a subclass may do otherwise.

    async def transcript(self, audio: bytes, noted: Request) -> str:
        return _nth(self._script(noted).transcripts, self._turn(noted))

    async def tokens(self, noted: Request) -> AsyncIterator[str]:
        """What to answer, word by word at the scripted pace."""
        script = self._script(noted)
        answer = _nth(script.answers, self._turn(noted))
        if script.greeting and all(message["role"] in ("system", "developer") for message in noted.body["messages"]):
            answer = script.greeting
        for number, word in enumerate(answer.split()):
            await _until(noted.at + script.first_token_delay + number / script.words_per_second)
            yield f" {word}" if number else word

    async def sound(self, noted: Request) -> AsyncIterator[bytes]:
        """The text spoken, in the format that was asked for."""
        script = self._script(noted)
        start = noted.at + script.first_audio_delay
        chunks = voice.chunks(
            round(len(noted.text) * script.seconds_per_character, 3), noted.body.get("response_format", "pcm")
        )
        for number, chunk in enumerate(chunks):
            await _until(start + max(0, number - BURST) * 0.1 / PACE)
            yield chunk

    # The API.

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        with self._noted(HEAR, request, said) as noted:
            if fault := await self._fault(noted):
                return fault
            audio = b"".join(part.file.read() for part in form.values() if isinstance(part, web.FileField))
            noted.bytes = len(audio)
            noted.text = await self.transcript(audio, noted)
            await _until(noted.at + self._script(noted).stt_delay)
            return web.json_response({"text": noted.text})

    async def _think(self, request: web.Request) -> web.StreamResponse:
        with self._noted(THINK, request, await request.json()) as noted:
            if fault := await self._fault(noted):
                return fault
            if noted.body.get("stream"):
                return await self._stream(request, "text/event-stream", self._completions(noted))
            noted.text = "".join([token async for token in self.tokens(noted)])
            return web.json_response(_completion("chat.completion", message=_message(noted.text), finish_reason="stop"))

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        with self._noted(SPEAK, request, await request.json()) as noted:
            noted.text = noted.body["input"]
            if fault := await self._fault(noted):
                return fault
            if noted.body.get("stream_format") == "sse":
                return await self._stream(request, "text/event-stream", self._deltas(noted))
            encoder = voice.FORMATS[noted.body.get("response_format", "pcm")]
            return await self._stream(request, encoder.media_type, self._counted(noted))

    async def _completions(self, noted: Request) -> AsyncIterator[bytes]:
        async for token in self.tokens(noted):
            noted.text += token
            yield _event(_completion("chat.completion.chunk", delta=_message(token), finish_reason=None))
        yield _event(_completion("chat.completion.chunk", delta={}, finish_reason="stop"))
        yield b"data: [DONE]\n\n"

    async def _deltas(self, noted: Request) -> AsyncIterator[bytes]:
        async for chunk in self._counted(noted):
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()})
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        yield _event({"type": "speech.audio.done", "usage": usage})

    async def _counted(self, noted: Request) -> AsyncIterator[bytes]:
        async for chunk in self.sound(noted):
            noted.bytes += len(chunk)
            if chunk:
                yield chunk

    async def _stream(self, request: web.Request, what: str, chunks: AsyncIterator[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": what})
        started = False
        async for chunk in chunks:
            if not started:  # a provider sends its headers with the first of the answer
                await response.prepare(request)
                started = True
            await response.write(chunk)
        if not started:
            await response.prepare(request)
        await response.write_eof()
        return response

    @contextmanager
    def _noted(self, kind: str, request: web.Request, body: dict[str, Any]) -> Iterator[Request]:
        who = request.headers.get("Authorization", "").removeprefix("Bearer ")
        noted = Request(len(self.requests), kind, who, time.time(), body)
        self.requests.append(noted)
        try:
            yield noted
            noted.outcome = "finished"
        except (asyncio.CancelledError, ConnectionError):
            noted.outcome = "cancelled"
            raise
        finally:
            noted.ended = time.time()

    def _script(self, noted: Request) -> Script:
        return self.scripts.get(noted.who, self.script)

    def _turn(self, noted: Request) -> int:
        return sum(earlier.kind == noted.kind for earlier in self.requests[: noted.number])

    async def _fault(self, noted: Request) -> web.Response | None:
        match self._script(noted).faults.get(noted.kind):
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
        who = request.query.get("who", "")
        try:
            script = self.scripts.get(who, self.script).changed(**await request.json())
        except ValueError as problem:
            raise web.HTTPBadRequest(text=str(problem)) from None
        if who:
            self.scripts[who] = script
        else:
            self.script, self.scripts = script, {}
        return web.json_response(asdict(script))

    async def _tell_requests(self, request: web.Request) -> web.Response:
        """`?since=SECONDS` of the epoch: those that arrived then or later; `?who=KEY`: those of one client."""
        since, who = float(request.query.get("since", 0)), request.query.get("who")
        told = [noted for noted in self.requests if noted.at >= since and who in (None, noted.who)]
        return web.json_response([asdict(noted) for noted in told])


async def _give_request_id(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = f"req_{time.monotonic_ns()}"


async def _until(at: float) -> None:
    """Till that second of the epoch: what was slow on the way to here does not add to a delay."""
    if (left := at - time.time()) > 0:
        await asyncio.sleep(left)


def _nth(entries: tuple[str, ...], turn: int) -> str:
    return entries[min(turn, len(entries) - 1)]


def _message(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _completion(what: str, **choice: Any) -> dict[str, Any]:
    return {"id": "fake", "object": what, "created": 0, "model": "fake", "choices": [{"index": 0, **choice}]}


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
