"""OpenAI's API as far as a phone call needs it, with scripted answers, fixed delays and faults on demand.

In a test: `async with FakeOpenAI(Script(answers=["We open at nine."])) as api: … api.url …`.
As a process: `python -m tests.bench.sides.endpoints`, which serves the benches.
`PUT /script` with a JSON object changes any field of the script, `?who=KEY` for the client with that API key alone;
`GET /requests` tells what was asked. A rule does otherwise with the requests that have certain words in them:
`Script(rules=(Rule("llm", match="weather", fault="hang"),))`.
"""

import asyncio
import base64
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self, TypeGuard

from aiohttp import web

from tests.support.fakes import voice
from tests.support.fakes.rules import Met

CHUNK = voice.CHUNK

HEAR, THINK, SPEAK = "stt", "llm", "tts"
KINDS = (HEAR, THINK, SPEAK)
FAULTS = ("error", "busy", "hang", "garbage", "empty")
BURST = 6  # chunks of speech that are sent at once; the rest follows faster than it is spoken
PACE = 4.0
WORD = re.compile(r"\s*\S+")  # with the blanks and row ends before it


@dataclass(frozen=True)
class Rule:
    """What is done otherwise with the requests of `kind` that have `match` (see `rules.Rule`) in their text.

    That is what was heard (stt), what the model was last told by somebody else than the system (llm; by the system, if
    there is nothing else), what is to be spoken (tts). A retry is a request of its own.
    """

    kind: str
    match: str = ""
    only: tuple[int, ...] = ()
    model: str = ""  # the model that is asked; empty: any
    delay: float = 0.0  # seconds before anything else happens
    fault: str = ""  # one of FAULTS
    answer: str | None = None  # what was heard (stt) or is answered (llm)
    tool: str = ""  # llm: the function that is called, after the answer if there is one
    arguments: str = "{}"  # its arguments, as JSON
    deltas: str = ""  # llm: a JSON list of deltas, or of whole choices, which are sent as they are
    body: str = ""  # what is answered with status 200 in place of everything else
    content_type: str = "application/json"  # of that body

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Rule":
        """From JSON, in which the arguments may be an object. What is not known is a ValueError."""
        _only_known(values, [item.name for item in fields(cls)])
        _only_known([values.get("kind", "")], KINDS)
        _only_known([values["fault"]] if "fault" in values else [], FAULTS)
        arguments = values.get("arguments", "{}")
        arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
        deltas = values.get("deltas", "")
        deltas = deltas if isinstance(deltas, str) else json.dumps(deltas)
        answer = values.get("answer", None if "tool" not in values else "")
        texts = {"arguments": arguments, "deltas": deltas, "answer": answer}
        return cls(**{**values, "only": tuple(values.get("only", ())), **texts})


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
    rules: tuple[Rule, ...] = ()  # the first one that holds counts
    key: str = ""  # the only API key that is let in; empty: any
    models: tuple[str, ...] = ()  # those that it lists; any other is unknown to it, unless there are none
    # stt, llm or tts -> status and body, as JSON; SAID in it becomes what was said or is to be spoken
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    # What other servers do.
    sound: str = ""  # one of voice.ENCODINGS, whatever is asked for
    sound_rate: int = voice.SAMPLE_RATE
    sound_type: str = ""  # the Content-Type that such a sound comes with
    sound_tone: float = 0.0  # Hz: such a sound is a tone and has no words
    refused_formats: tuple[str, ...] = ()  # of response_format, with 400
    # "order": user and assistant have to alternate; "system": also, there is no system; "all": no order is right
    refused_roles: str = ""
    pings: bool = False  # a comment before each event
    most_requests: dict[str, int] = field(default_factory=dict)  # stt, llm or tts -> those before a 429
    retry_after: float = 3.0  # seconds for which such a 429 holds
    refusal: int = 429  # or another status

    def changed(self, **changes: Any) -> "Script":
        """A copy with other values; lists as JSON has them are taken too. Unknown names are a ValueError."""
        _only_known(changes, [item.name for item in fields(self)])
        _only_known(changes.get("faults", {}).values(), FAULTS)
        values: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in changes.items()}
        if "rules" in values:
            values["rules"] = tuple(it if isinstance(it, Rule) else Rule.of(it) for it in values["rules"])
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
    rule: Rule | None = None  # the one that held
    outcome: str = "running"  # then finished, or cancelled by the client
    ended: float | None = None
    port: int = 0  # of the client: requests on one connection have the same


class FakeOpenAI:
    """A server on `url`; everything it was asked is in `requests`."""

    def __init__(self, script: Script | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.script = script or Script()
        self.scripts: dict[str, Script] = {}  # by API key, where one has its own
        self.requests: list[Request] = []
        self._met = Met()
        self._taken: dict[str, int] = {}  # requests of each kind since its last limit
        self._limited_until: dict[str, float] = {}
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
        voice.speech(0)  # takes a third of a second once, which the first to be spoken to would wait for
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
        script, rule = self._script(noted), noted.rule
        answer = _nth(script.answers, self._turn(noted))
        if script.greeting and all(message["role"] in ("system", "developer") for message in noted.body["messages"]):
            answer = script.greeting
        if rule and rule.answer is not None:
            answer = rule.answer
        for number, word in enumerate(WORD.findall(answer.strip())):
            await _until(noted.at + script.first_token_delay + number / script.words_per_second)
            yield word

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

    async def _models(self, request: web.Request) -> web.Response:
        if refused := self._refuse(_key_of(request)):
            return refused
        listed = [{"id": model, "object": "model"} for model in self.script.models]
        return web.json_response({"object": "list", "data": listed})

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        with self._noted(HEAR, request, said) as noted:
            if fault := await self._fault(noted):
                return fault
            audio = b"".join(part.file.read() for part in form.values() if isinstance(part, web.FileField))
            noted.bytes = len(audio)
            noted.text = await self.transcript(audio, noted)
            if fault := await self._ruled(noted, noted.text):
                return fault
            if noted.rule and noted.rule.answer is not None:
                noted.text = noted.rule.answer
            await _until(noted.at + self._script(noted).stt_delay)
            return web.json_response({"text": noted.text})

    async def _think(self, request: web.Request) -> web.StreamResponse:
        with self._noted(THINK, request, await request.json()) as noted:
            if fault := await self._fault(noted) or await self._ruled(noted, _last_told(noted.body["messages"])):
                return fault
            if refusal := _refusal_of_roles(self._script(noted).refused_roles, noted.body["messages"]):
                return _error(400, refusal)
            if noted.body.get("stream"):
                return await self._stream(request, "text/event-stream", self._completions(noted))
            noted.text = "".join([token async for token in self.tokens(noted)])
            message = _message(noted.text) | ({"tool_calls": [_tool_call(noted.rule)]} if _calls(noted.rule) else {})
            reason = _finish_reason(noted.rule)
            return web.json_response(_completion("chat.completion", message=message, finish_reason=reason))

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        with self._noted(SPEAK, request, await request.json()) as noted:
            noted.text = noted.body["input"]
            if fault := await self._fault(noted) or await self._ruled(noted, noted.text):
                return fault
            script = self._script(noted)
            if (form := noted.body.get("response_format", "pcm")) in script.refused_formats:
                return _error(400, f"Input should be another response_format than '{form}'")
            if script.sound:
                return web.Response(body=await self._odd_sound(noted), headers={"Content-Type": script.sound_type})
            if noted.body.get("stream_format") == "sse":
                return await self._stream(request, "text/event-stream", self._deltas(noted))
            encoder = voice.FORMATS[noted.body.get("response_format", "pcm")]
            return await self._stream(request, encoder.media_type, self._counted(noted))

    async def _odd_sound(self, noted: Request) -> bytes:
        """The sound as the script says, all of it at once."""
        script, asked = self._script(noted), replace(noted, body=noted.body | {"response_format": "pcm"})
        if script.sound_tone:
            pcm = voice.tone(script.sound_tone, len(noted.text) * script.seconds_per_character)
        else:
            pcm = b"".join([chunk async for chunk in self.sound(asked)])
        noted.bytes = len(pcm)
        return await asyncio.to_thread(voice.encoded, pcm, script.sound, script.sound_rate)

    async def _completions(self, noted: Request) -> AsyncIterator[bytes]:
        if noted.rule and noted.rule.deltas:
            for given in json.loads(noted.rule.deltas):
                choice = given if "delta" in given else {"delta": given, "finish_reason": None}
                yield _event(_completion("chat.completion.chunk", **choice))
            yield b"data: [DONE]\n\n"
            return
        async for token in self.tokens(noted):
            noted.text += token
            if self._script(noted).pings:
                yield b": ping\n\n"
            yield _event(_completion("chat.completion.chunk", delta=_message(token), finish_reason=None))
        if _calls(noted.rule):
            for part in _tool_call_parts(noted.rule):
                yield _event(_completion("chat.completion.chunk", delta={"tool_calls": [part]}, finish_reason=None))
        yield _event(_completion("chat.completion.chunk", delta={}, finish_reason=_finish_reason(noted.rule)))
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
        who = _key_of(request)
        peer = request.transport.get_extra_info("peername") if request.transport else None
        noted = Request(len(self.requests), kind, who, time.time(), body, port=peer[1] if peer else 0)
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

    def _refuse(self, key: str) -> web.Response | None:
        if self.script.key in ("", key):
            return None
        return _error(401, f"Incorrect API key provided: {key[:4]}***{key[-4:]}.")

    async def _fault(self, noted: Request) -> web.Response | None:
        script = self._script(noted)
        if refused := self._refuse(noted.who):
            return refused
        model = noted.body.get("model", "")
        if script.models and model not in script.models:
            return _error(404, f"The model `{model}` does not exist")
        if noted.kind in script.refusals:
            status, body = script.refusals[noted.kind]
            said = noted.text or (_last_told(noted.body["messages"]) if noted.kind == THINK else "")
            text = body.replace("SAID", json.dumps(said)[1:-1])
            return web.Response(status=status, text=text, content_type="application/json")
        if left := self._seconds_limited(noted):
            return _error(script.refusal, "Rate limit reached", headers={"Retry-After": f"{left:.3f}"})
        return await self._fail(script.faults.get(noted.kind))

    async def _ruled(self, noted: Request, text: str) -> web.Response | None:
        """Do what the rule for such a text says; its fault, where it has one."""

        def applies(rule: Rule) -> bool:
            return rule.kind == noted.kind and rule.model in ("", noted.body.get("model"))

        noted.rule = self._met.first(self._script(noted).rules, text, applies)
        if noted.rule is None:
            return None
        await asyncio.sleep(noted.rule.delay)
        if noted.rule.body:
            return web.Response(text=noted.rule.body, content_type=noted.rule.content_type)
        return await self._fail(noted.rule.fault)

    def _seconds_limited(self, noted: Request) -> float:
        """How long this kind of request has to wait; the request after the most that there may be begins a wait."""
        script, kind = self._script(noted), noted.kind
        most = script.most_requests.get(kind)
        if most is None:
            return 0.0
        if (left := self._limited_until.get(kind, 0.0) - noted.at) > 0:
            return left
        self._taken[kind] = self._taken.get(kind, 0) + 1
        if self._taken[kind] <= most:
            return 0.0
        self._taken[kind], self._limited_until[kind] = 0, noted.at + script.retry_after
        return script.retry_after

    async def _fail(self, fault: str | None) -> web.Response | None:
        match fault:
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
        self._met.forget()
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


def _key_of(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


async def _give_request_id(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = f"req_{time.monotonic_ns()}"


def _error(status: int, message: str, **options: Any) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, **options)


def _refusal_of_roles(kind: str, messages: list[dict[str, Any]]) -> str:
    """What a chat template says that wants the roles to alternate; empty if it is content."""
    roles = [message["role"] for message in messages]
    if kind == "system" and "system" in roles:
        return "System role not supported"
    talk = [role for role in roles[roles[:1] == ["system"] :] if role != "tool"]
    if kind == "all" or (kind and (talk[0] != "user" or any(one == other for one, other in itertools.pairwise(talk)))):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    return ""


async def _until(at: float) -> None:
    """Till that second of the epoch: what was slow on the way to here does not add to a delay."""
    if (left := at - time.time()) > 0:
        await asyncio.sleep(left)


def _only_known(names: Iterable[str], known: Iterable[str]) -> None:
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _last_told(messages: list[dict[str, Any]]) -> str:
    """The last message that is not the system's: the caller's, or what a function gave back; if there is one."""
    told = [message for message in messages if message["role"] not in ("system", "developer")] or messages
    content = (told[-1].get("content") or "") if told else ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _nth(entries: tuple[str, ...], turn: int) -> str:
    return entries[min(turn, len(entries) - 1)]


def _message(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _calls(rule: Rule | None) -> TypeGuard[Rule]:
    return rule is not None and bool(rule.tool)


def _finish_reason(rule: Rule | None) -> str:
    return "tool_calls" if _calls(rule) else "stop"


def _tool_call(rule: Rule) -> dict[str, Any]:
    function = {"name": rule.tool, "arguments": rule.arguments}
    return {"id": f"call_{time.monotonic_ns()}", "type": "function", "function": function}


def _tool_call_parts(rule: Rule) -> Iterator[dict[str, Any]]:
    """As they are streamed: who is called, then the arguments piece by piece."""
    whole = _tool_call(rule)
    yield {"index": 0} | whole | {"function": {"name": rule.tool, "arguments": ""}}
    middle = len(rule.arguments) // 2
    for piece in (rule.arguments[:middle], rule.arguments[middle:]):
        yield {"index": 0, "function": {"arguments": piece}}


def _completion(what: str, **choice: Any) -> dict[str, Any]:
    return {"id": "fake", "object": what, "created": 0, "model": "fake", "choices": [{"index": 0, **choice}]}


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
