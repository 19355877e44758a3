"""What several settings are checked for, and how a wrong one is told."""

from collections.abc import Callable
from typing import Any

from pydantic import AfterValidator


def url_of(*schemes: str) -> AfterValidator:
    """An address that begins with one of `schemes`."""

    def check(url: str) -> str:
        if url.partition("://")[0] not in schemes:
            raise ValueError("should begin with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return url

    return AfterValidator(check)


def at_least(name: str, given: dict[str, Any]) -> Callable[[float], float]:
    """No less than the setting `name` of those already `given`."""

    def check(value: float) -> float:
        if value < given.get(name, 0):
            raise ValueError(f"should be at least {name.upper()}, {given[name]:g}")
        return value

    return check
