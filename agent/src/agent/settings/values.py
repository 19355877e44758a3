"""What several settings are checked for, and how a wrong one is told."""

from collections.abc import Callable
from typing import Any

import httpx2
from pydantic import AfterValidator

LAST_PORT = 65535


def url_of(*schemes: str) -> AfterValidator:
    """An address that begins with one of `schemes`, and that can be asked for."""
    expected = (
        f"should begin with {' or '.join(f'{scheme}://' for scheme in schemes)}, "
        f"then have a host and, if need be, a port: a number up to {LAST_PORT}"
    )

    def check(url: str) -> str:
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL:
            raise ValueError(expected) from None
        if url.partition("://")[0] not in schemes or not parsed.host or (parsed.port or 0) > LAST_PORT:
            raise ValueError(expected)
        return url

    return AfterValidator(check)


def at_least(name: str, given: dict[str, Any]) -> Callable[[float], float]:
    """No less than the setting `name` of those already `given`."""

    def check(value: float) -> float:
        if value < given.get(name, 0):
            raise ValueError(f"should be at least {name.upper()}, {given[name]:g}")
        return value

    return check
