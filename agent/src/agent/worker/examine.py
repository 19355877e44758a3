"""What the agent's container says to `make doctor`: one row of JSON, whose shape is AgentReport in bootstrap's doctor.

It says whether the agent is registered, whether its files can be used and its data volume written, how soon each model
answers, and whether the web addresses of the lines can be reached. It has no secret, phone number or address in it.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent import stores
from agent.appointments.appointment import AppointmentError
from agent.appointments.caldav import CalDAV
from agent.authorities import authorities
from agent.lines.folder import LinesFolder
from agent.lines.http_tools import tools_file
from agent.lines.line import Line
from agent.providers.capacity import calls_at_once
from agent.providers.check import lines_of
from agent.settings import Settings, read_what_can_be_read
from agent.storage.live_file import FileError
from agent.storage.private_files import DATA
from agent.worker import health
from agent.worker.certificates import trust_own_authorities
from agent.worker.check import problems
from agent.worker.first_answer import first_answers
from agent.worker.probe import doubts

STATUS = "http://127.0.0.1:8081/worker"  # livekit-agents' own page about this agent
LIMIT = 4.0  # seconds for a web address
HOUR = 3600  # seconds
NOT_REACHED = "cannot be reached"


@dataclass(frozen=True, slots=True)
class Receiver:
    kind: str  # webhook, lookup, calendar, tool or mcp
    line: str
    problem: str  # empty if it can be reached


async def examine(
    settings: Settings, lines: LinesFolder, data: Path = DATA, wrong: Sequence[str] = ()
) -> dict[str, Any]:
    """Look at everything, and change nothing; `wrong` are the problems with the settings themselves."""
    there = list(lines.all_as_written())
    asked, answers = await asyncio.gather(doubts(settings, lines), first_answers(there, settings))
    why_not = health.problem()
    return {
        "registered": why_not is None,
        "why_not": why_not or "",
        "name": await asyncio.to_thread(registered_name),
        "calls": calls_at_once(there, settings),
        "problems": len(wrong) + len(problems(settings, lines)),
        **kept(data),
        "doubts": asked,
        "models": [asdict(answer) for answer in answers],
        "receivers": [asdict(one) for one in await asyncio.gather(*receivers(there, settings))],
    }


def registered_name() -> str | None:
    """Return the name under which the running agent is registered; None if it does not run here."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(STATUS, timeout=LIMIT) as page:
            return str(json.load(page)["agent_name"])
    except (OSError, ValueError, KeyError):
        return None


def kept(data: Path) -> dict[str, Any]:
    """Say how the data volume is, and what is in the outbox."""
    waiting = [*data.glob("outbox/*/*.json"), *data.glob("outbox/*/notices/*.json")]
    return {
        "writable": _is_writable(data),
        "free_mb": shutil.disk_usage(data).free // 1_000_000 if data.is_dir() else 0,
        "newer_stores": len(stores.problems(data)),
        "waiting": len(waiting),
        "oldest": round(max(_ages(waiting), default=0.0) / HOUR, 2),
        "failed": len(list(data.glob("outbox/*/failed/*.json"))),
    }


def _is_writable(data: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=data, prefix=".doctor-") as file:
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def _ages(files: Iterable[Path]) -> Iterator[float]:
    for file in files:
        with suppress(FileNotFoundError):  # it has just been delivered
            yield time.time() - file.stat().st_mtime


def receivers(there: Iterable[Line], settings: Settings) -> "Iterator[asyncio.Task[Receiver]]":
    """Try whether each web address of the lines can be reached, without sending what it would keep."""
    for line in there:
        addresses = [("webhook", line.webhook.url), ("lookup", line.lookup.url)]
        urls = [(kind, url.get_secret_value()) for kind, url in addresses if url]
        urls += [("mcp", server.url) for server in line.mcp.values()]
        with suppress(FileError):  # which is among the problems
            file = tools_file(settings.lines_folder / line.name, settings.line_secrets)
            urls += [("tool", tool.url) for tool in file.as_written()]
        for kind, url in dict.fromkeys(urls):
            yield asyncio.create_task(_try_to_connect(kind, line.name, url))
        if line.calendar.url:
            yield asyncio.create_task(_read_the_calendar(line))


async def _try_to_connect(kind: str, line: str, url: str) -> Receiver:
    parts = urlsplit(_asked_for(url))
    tls = await authorities() if parts.scheme == "https" else None
    try:
        async with asyncio.timeout(LIMIT):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or (443 if tls else 80), ssl=tls)
    except (OSError, TimeoutError, ValueError):
        return Receiver(kind, line, NOT_REACHED)
    writer.close()
    return Receiver(kind, line, "")


def _asked_for(url: str) -> str:
    """Return the proxy that is asked for this URL, as httpx2 does; the URL itself if there is none for it."""
    parts, proxies = urlsplit(url), urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return url
    return proxy if "://" in proxy else f"http://{proxy}"


async def _read_the_calendar(line: Line) -> Receiver:
    its = line.calendar
    url, password = (secret.get_secret_value() if secret else "" for secret in (its.url, its.password))
    now = datetime.now(UTC)
    try:
        await CalDAV(url, its.username, password, line).between(now, now + timedelta(days=1))
    except AppointmentError:
        return Receiver("calendar", line.name, "cannot be read")
    return Receiver("calendar", line.name, "")


def main() -> int:
    """Print what there is to say; a settings file that cannot be read at all ends it with code 2."""
    settings, wrong = read_what_can_be_read()
    with tempfile.TemporaryDirectory(prefix="doctor-") as ours:
        tempfile.tempdir = ours  # nothing that is written from here on stays in the agent's container
        trust_own_authorities(settings.lines_folder)
        print(json.dumps(asyncio.run(examine(settings, lines_of(settings), wrong=wrong))))  # noqa: T201 - for the shell
    return 0


if __name__ == "__main__":
    sys.exit(main())
