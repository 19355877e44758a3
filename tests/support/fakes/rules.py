"""What a scripted server does otherwise with some of the requests that it gets."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Rule(Protocol):
    @property
    def match(self) -> str:
        """A regular expression for the text of a request, case ignored; empty: any."""

    @property
    def only(self) -> tuple[int, ...]:
        """Which of the requests that match, the first being 1; empty: all."""


R = TypeVar("R", bound=Rule)


class Met:
    """How often each rule was met."""

    def __init__(self) -> None:
        self._times: Counter[Rule] = Counter()

    def first(self, rules: Iterable[R], text: str, applies: Callable[[R], bool] = lambda _: True) -> R | None:
        """The first rule that holds for this request; every rule before it that matches has been met once more."""
        for rule in rules:
            if applies(rule) and re.search(rule.match, text, re.IGNORECASE):
                self._times[rule] += 1
                if not rule.only or self._times[rule] in rule.only:
                    return rule
        return None

    def forget(self) -> None:
        self._times.clear()
