"""How many calls this host takes at once."""

from collections.abc import Iterable

from agent.lines.line import Line
from agent.providers.pipeline import Pipeline
from agent.settings import Settings

WITH_EMBEDDED_MODELS, WITHOUT = 3, 10  # the embedded models serve one request at a time


def calls_at_once(lines: Iterable[Line], settings: Settings) -> int:
    """Return how many calls are taken on all lines together before a further caller is told that all are busy."""
    if settings.max_concurrent_calls:
        return settings.max_concurrent_calls
    embedded = any(Pipeline(line, settings).embedded for line in lines)
    return WITH_EMBEDDED_MODELS if embedded else WITHOUT
