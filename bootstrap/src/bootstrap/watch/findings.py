"""The doctor's findings, as far as they are seen from the watcher's container: looked for now and then, and served.

They are looked for in a process of its own, as Twilio's side is (see `watch.drift`). GET /findings answers with the
last ones, and POST /findings has them looked for again, on the private network alone: Caddy passes neither on. No
finding has a secret or a phone number in it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from aiohttp import web

from bootstrap.watch.own_process import NotPrintedError, printed_by

logger = logging.getLogger(__name__)

PATH, PORT = "/findings", 8084
EVERY = 600.0  # seconds
AT_MOST_EVERY = 15.0  # seconds, however often somebody asks
ANSWERS_WITHIN = 120.0  # seconds; a check has 20, and several wait for one another
LOOK = (sys.executable, "-m", "bootstrap.watch.examine")
HOST = "0.0.0.0"  # noqa: S104 - of a container, which publishes no port


class Findings:
    """The last findings, and when they were found."""

    def __init__(self, command: tuple[str, ...] = LOOK) -> None:
        self._command = command
        self._found: dict[str, Any] = {"worst": None, "checks": []}
        self._at: datetime | None = None
        self._problem = ""  # why there are no newer ones; a sentence
        self._wanted = asyncio.Event()
        self._looks = False

    async def watch(self) -> NoReturn:
        """Look at once, every ten minutes, and when somebody asks."""
        while True:
            self._wanted.clear()
            await self.look()
            await asyncio.sleep(AT_MOST_EVERY)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY - AT_MOST_EVERY):
                    await self._wanted.wait()

    async def look(self) -> None:
        """Look once. What was found before stays if nothing can be found now."""
        self._looks = True
        try:
            found = json.loads(await printed_by(self._command, ANSWERS_WITHIN))
            self._found = {"worst": found["worst"], "checks": found["checks"]}
        except Exception as error:  # whatever goes wrong here, the watcher goes on watching
            why = str(error) if isinstance(error, NotPrintedError) else "it printed no findings"
            self._problem = f"The doctor could not look from the watcher's container: {why}."
            logger.warning("%s", self._problem)
        else:
            self._at, self._problem = datetime.now(UTC), ""
        finally:
            self._looks = False

    def told(self) -> dict[str, Any]:
        """Return what GET /findings answers; `at` is null before the first look has ended."""
        at = self._at.isoformat(timespec="seconds") if self._at else None
        return {"at": at, "problem": self._problem, "looking": self._looks or self._wanted.is_set(), **self._found}

    def ask(self) -> None:
        """Have them looked for again, soon."""
        self._wanted.set()


async def serve(findings: Findings, host: str = HOST, port: int = PORT) -> NoReturn:
    """Answer requests until this is cancelled. A port that cannot be used is logged, and the watcher goes on."""

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(findings.told(), headers={"Cache-Control": "no-store"})

    async def look_again(_: web.Request) -> web.Response:
        findings.ask()
        return web.json_response(findings.told(), status=202)

    app = web.Application()
    app.add_routes([web.get(PATH, tell), web.post(PATH, look_again)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        logger.error("Cannot listen on port %d, so nobody is told what the doctor finds: %s", port, error.strerror)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
    raise AssertionError("the event is never set")
