"""Reads groups of talks, one JSON list a line, holds each group's calls at once, prints one JSON line a call.

The calls of a group share one process and one clock. What was heard is looked at once all of them are over: that work
would keep the others from their beat.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phone.audio import RATE
from tests.bench.turns.driver.caller import hold
from tests.bench.turns.driver.record import record
from tests.bench.turns.driver.talk import Talk

if TYPE_CHECKING:
    from phone.audio import Pcm

SOUNDS = Path("/sounds")


def main() -> None:
    host, _, port = os.environ["PHONE_GATEWAY"].partition(":")
    for line in sys.stdin:
        talks = [Talk.from_json(values) for values in json.loads(line)]
        for kept in asyncio.run(hold_all(talks, (host, int(port or 5060)), SOUNDS)):
            print(json.dumps(kept), flush=True)  # noqa: T201 - the bench reads it


async def hold_all(talks: list[Talk], gateway: tuple[str, int], sounds: Path) -> list[dict[str, Any]]:
    """The records, in the order of the talks."""
    held = await asyncio.gather(*(hold(talk, gateway, lambda name: load(sounds / name)) for talk in talks))
    return [record(call) for call in held]


@functools.cache
def load(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        form = file.getframerate(), file.getnchannels(), file.getsampwidth()
        if form != (RATE, 1, 2):
            raise ValueError(f"{path} has {form} as rate, channels and bytes a sample, expected {(RATE, 1, 2)}")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


if __name__ == "__main__":
    main()
