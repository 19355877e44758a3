"""A real CalDAV server for tests: Radicale, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STARTS_WITHIN = 30.0  # seconds
USER, PASSWORD = "owner", "secret"


@contextmanager
def radicale(folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """Run a server, and yield the address of its root; each folder below it is a user's, and becomes a calendar."""
    with socket.socket() as one:
        one.bind((host, 0))
        port = one.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    options = {
        "server-hosts": f"{host}:{port}",
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(folder / "users"),
        "auth-htpasswd-encryption": "plain",
        "auth-delay": "0",
        "storage-filesystem-folder": str(folder / "data"),
        "logging-level": "error",
        "server-max-connections": "100",
    }
    command = [sys.executable, "-m", "radicale", "--config", "", *(f"--{name}={it}" for name, it in options.items())]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"NO_PROXY": "*"})
        try:
            _wait_until_open(host, port, folder / "log", server)
            yield f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
        finally:
            server.terminate()
            server.wait(10)


def make_calendar(root: str, name: str) -> str:
    """Make an empty calendar, and return its address."""
    address = f"{root}/{USER}/{name}/"
    request(address, "MKCALENDAR")
    return address


def request(address: str, method: str, body: str = "", **headers: str) -> str:
    """Ask the server as the owner does."""
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    manager.add_password(None, address, USER, PASSWORD)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(manager))
    asked = urllib.request.Request(address, body.encode() or None, headers, method=method)  # noqa: S310
    with opener.open(asked) as answer:
        return str(answer.read().decode())


def put_event(calendar: str, uid: str, *rows: str) -> None:
    """Write an event as the owner's own program would."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:owner", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z"]
    text = "\r\n".join([*lines, *rows, "END:VEVENT", "END:VCALENDAR", ""])
    request(f"{calendar}{uid}.ics", "PUT", text, **{"Content-Type": "text/calendar"})


def _wait_until_open(host: str, port: int, log: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection((host.replace("0.0.0.0", "127.0.0.1"), port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"Radicale does not listen: {log.read_text()}")
