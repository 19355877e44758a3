"""`python -m tests.bench.sides.endpoints`: serve on port 8000. What is said to it is in a file of known sounds."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.bench.sides.endpoints.forward import Forwarding
from tests.bench.sides.endpoints.recognise import Known
from tests.bench.sides.endpoints.server import FIXED, Endpoints


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sides.endpoints", description=__doc__)
    parser.add_argument("--known", type=Path, help="file of known sounds")
    parser.add_argument("--forward", metavar="URL", help="ask this server instead, and only count")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    known = Known.load(given.known) if given.known else Known((), ())
    if given.forward:
        asyncio.run(serve(Forwarding(given.forward, FIXED, host="0.0.0.0", port=given.port)))
    else:
        asyncio.run(serve(Endpoints(known, FIXED, host="0.0.0.0", port=given.port)))


async def serve(endpoints: Endpoints) -> None:
    async with endpoints:
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
