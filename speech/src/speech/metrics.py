"""What Prometheus collects: for each model, its requests, how long they take, and how many wait for it."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

# Seconds. A caller notices one; after ten, livekit-agents gives a request up.
BOUNDS = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20)


class Metrics:
    """The measurements of one server. A label `kind` is what is asked for: transcription, chat or speech."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "landline_speech_requests",
            "Requests to an embedded model, by the HTTP status of the answer; 499: the client went away",
            ["kind", "model", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "landline_speech_request_seconds",
            "Seconds from a request to the end of its answer, with the time in the queue",
            ["kind", "model"],
            buckets=BOUNDS,
            registry=self.registry,
        )
        self._waiting = Gauge(
            "landline_speech_waiting",
            "Requests that wait for an embedded model, beside the one that it answers",
            ["kind"],
            registry=self.registry,
        )

    def count(self, kind: str, model: str, status: int, seconds: float) -> None:
        """Count a request that is over. `model` is empty while the models are loaded."""
        self._requests.labels(kind, model, str(status)).inc()
        if status < 400:
            self._seconds.labels(kind, model).observe(seconds)

    def watch(self, kind: str, waiting: Callable[[], int]) -> None:
        """Ask `waiting` for the length of a queue whenever Prometheus asks."""
        self._waiting.labels(kind).set_function(waiting)

    async def show(self, request: Request) -> Response:
        """Answer Prometheus, in the form that it asks for."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self.registry), headers={"content-type": content_type})
