"""What Prometheus collects of the desk: its requests by page and status, and how long they take.

GET /metrics asks for no password: the port is on the private network only, and Caddy does not pass this path on.
"""

import math
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/metrics"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # seconds
METHODS = ("GET", "HEAD", "POST")
FIRST, OTHER = "first", "other"  # the page at /, and what is no page


class Metrics:
    """The measurements of one desk. A label `page` is the first part of the path, such as calls."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "landline_desk_requests", "Requests by their answer", ["page", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "landline_desk_request_seconds",
            "Seconds until an answer begins",
            ["page"],
            buckets=BOUNDS,
            registry=self.registry,
        )
        self._index_age = Gauge(
            "landline_desk_index_age_seconds",
            "Seconds since the list of calls had all of them; it is brought up to date when somebody looks at it",
            registry=self.registry,
        )
        self._index_age.set(math.nan)

    def watch_index(self, age: Callable[[], float]) -> None:
        """Ask `age` for the age of the index of calls, in seconds, whenever Prometheus asks."""
        self._index_age.set_function(age)

    def count(self, page: str, method: str, status: int, seconds: float) -> None:
        """Count an answer that begins, `seconds` after its request."""
        self._requests.labels(page, method if method in METHODS else OTHER, str(status)).inc()
        self._seconds.labels(page).observe(seconds)

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._show)]

    async def _show(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self.registry), headers={"content-type": content_type})


class Measured:
    """ASGI middleware that counts every request, except Prometheus' own."""

    def __init__(self, app: ASGIApp, metrics: Metrics, pages: frozenset[str]) -> None:
        """`pages` are the first parts of the paths there are: whatever else is asked for counts as `other`."""
        self._app, self._metrics, self._pages = app, metrics, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == PATH:
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        first = scope["path"].split("/")[1]
        page = (first or FIRST) if first in self._pages else OTHER
        has_begun = False

        def count(status: int) -> None:
            self._metrics.count(page, scope["method"], status, time.monotonic() - started)

        async def send_and_count(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_count)
        except Exception:  # Starlette answers it outside of all middleware
            if not has_begun:
                count(500)
            raise


def first_parts(routes: list[BaseRoute]) -> frozenset[str]:
    """Return the first part of the path of each route."""
    return frozenset(path.split("/")[1] for path in (getattr(route, "path", "") for route in routes) if path)
