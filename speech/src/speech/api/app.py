"""The routes of OpenAI's API that a phone line needs, and the engines that answer them."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from speech.api import chat, speech, transcriptions
from speech.api.http import CancelOnDisconnect, Facts, RequestLog
from speech.errors import APIError, no_such_model, still_loading
from speech.metrics import Metrics
from speech.models.engines import Engines
from speech.queueing import EngineQueue

logger = logging.getLogger("speech")

Load = Callable[[], Engines]
Answer = Callable[[Engines, EngineQueue, Request, Facts], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]


class App:
    """The server. Until the engines are loaded and warm, every request is answered with 503."""

    def __init__(self, load: Load, bound: int, give_up: Callable[[], None]) -> None:
        """`load` runs in a thread; `give_up` is called when it fails; `bound` requests may wait for each engine."""
        self._load = load
        self._bound = bound
        self._give_up = give_up
        self._engines: Engines | None = None
        self._metrics = Metrics()

    def starlette(self) -> Starlette:
        post = [
            ("/v1/audio/transcriptions", "transcription", transcriptions.transcribe),
            ("/v1/chat/completions", "chat", chat.complete),
            ("/v1/audio/speech", "speech", speech.speak),
        ]
        routes = [self._answered(path, kind, answer) for path, kind, answer in post]
        routes += [
            Route("/v1/models", self._models),
            Route("/v1/models/{name:path}", self._model),
            Route("/health", self._health),
            Route("/metrics", self._metrics.show),
        ]
        handlers: Any = {HTTPException: _http_error, APIError: _api_error}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    def _answered(self, path: str, kind: str, answer: Answer) -> Route:
        queue = EngineQueue(kind, self._bound)
        self._metrics.watch(kind, lambda: queue.waiting)

        def count(status: int, seconds: float) -> None:
            self._metrics.count(kind, self._models_of().get(kind, ""), status, seconds)

        middleware = [Middleware(RequestLog, kind, count), Middleware(CancelOnDisconnect)]
        return Route(path, self._with_engines(answer, queue), methods=["POST"], middleware=middleware)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(self._load_engines())
        yield
        loading.cancel()
        await asyncio.wait({loading})

    async def _load_engines(self) -> None:
        started = time.monotonic()
        try:
            self._engines = await asyncio.to_thread(self._load)
        except Exception:
            logger.exception("The models cannot be loaded")
            self._give_up()
            return
        _take_signals_back()
        logger.info("ready took=%.1f", time.monotonic() - started)

    def _with_engines(self, answer: Answer, queue: EngineQueue) -> Handler:
        async def handle(request: Request) -> Response:
            await request.body()  # read before anything is refused, and kept by Starlette for whoever parses it
            if self._engines is None:
                raise still_loading()
            return await answer(self._engines, queue, request, request.state.facts)

        return handle

    async def _health(self, _: Request) -> Response:
        if self._engines is None:
            return JSONResponse({"status": "loading"}, 503)
        return JSONResponse({"status": "ok"})

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [_described(name) for name in self._names()]})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._names():
            raise no_such_model(name, ", ".join(self._names()))
        return JSONResponse(_described(name))

    def _names(self) -> list[str]:
        if self._engines is None:
            raise still_loading()
        return list(self._models_of().values())

    def _models_of(self) -> dict[str, str]:
        """Return the model of each kind of request; empty while they are loaded."""
        its = self._engines
        return {"transcription": its.stt_model, "chat": its.llm_model, "speech": its.tts_model} if its else {}


def _described(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "landline"}


async def _api_error(_: Request, error: APIError) -> Response:
    return JSONResponse(error.body, error.status, error.headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    message = f"{request.method} {request.url.path}: {error.detail.lower()}."
    return await _api_error(request, APIError(error.status_code, message, code="unknown_url"))


def _take_signals_back() -> None:
    """Install our signal handlers again: llama.cpp replaces them while it loads, and the process would not stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if (handler := signal.getsignal(number)) is not None:
            signal.signal(number, handler)
