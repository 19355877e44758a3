"""Calls that several tests place, and how long they wait for what follows from one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# The greeting is over by then; where it is not, the caller is listened to all the same.
QUESTION = ("--at", "6", "--say", "What is the ice cream of the week?")
FLAVORS = ["mango", "vanilla", "lemon", "cherry", "banana", "coconut", "ginger", "chocolate", "strawberry", "peach"]
STAYS = ("--silent", "--patience", "1", "--stay", "5")


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)
