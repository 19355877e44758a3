"""The desk of a running line, as the operator sees it in a browser, and records that are put there for it to show."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.stack.outcome import plain
from tests.support.containers import docker, of_service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Cookie, Page

    from tests.stack.line import Line

PHONE = "landline/phone:0.1.0"
# Runs in the agent's container, as its user: files and folders are then as the agent would have made them.
WRITE = """
import base64, json, os, pathlib, sys
os.umask(0o007)
data = pathlib.Path("/data")
for name, content in json.load(sys.stdin).items():
    path = data / name
    for folder in [it for it in reversed(path.parents) if it.is_relative_to(data) and not it.exists()]:
        folder.mkdir()
        folder.chmod(0o2770)
    path.write_bytes(base64.b64decode(content))
"""


class DeskOf:
    """`DeskOf(line).sign_in(page)`, after which the page can go anywhere below `.url`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._cookies: list[Cookie] = []  # of the last time that somebody signed in: only ten times a minute one may

    @property
    def url(self) -> str:
        return f"https://localhost:{self._line.value('HTTPS_PORT')}"

    @property
    def plain_url(self) -> str:
        """Without TLS, which on localhost is enough for a browser to give its microphone."""
        return f"http://localhost:{self._line.value('HTTP_PORT')}"

    @property
    def password(self) -> str:
        return self._line.value("DESK_PASSWORD")

    def sign_in(self, page: Page) -> None:
        """Sign the page's browser in, and leave it on the first page that the operator sees."""
        if self._cookies:
            self._give_cookies(page)
        page.goto(f"{self.url}/sign-in")  # which leads on whoever has signed in already
        if page.url.endswith("/sign-in"):
            page.get_by_label("Password").fill(self.password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
        self._cookies = page.context.cookies(self.url)

    def _give_cookies(self, page: Page) -> None:
        """Give the browser the cookies of the last session. Playwright's own `add_cookies` names their domain, which
        a browser does not accept of a cookie whose name begins with __Host-."""
        devtools = page.context.new_cdp_session(page)
        for cookie in self._cookies:
            kept: dict[str, Any] = {name: cookie.get(name) for name in ("name", "value", "httpOnly", "secure")}
            devtools.send("Network.setCookie", {**kept, "url": self.url, "path": "/", "sameSite": "Strict"})
        devtools.detach()

    def put_call(
        self, note: Mapping[str, Any], transcript: Mapping[str, Any] | None = None, audio: Path | bytes | None = None
    ) -> None:
        """Put a call among those that the line has taken; see `files_of_call`."""
        self.put(files_of_call(note, transcript, audio))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files below /data, by their paths there: {"calls/coffee/…/transcript.json": b"…"}."""
        packed = {name: base64.b64encode(content).decode() for name, content in files.items()}
        container = of_service(self._line, "agent").id
        write = ["docker", "exec", "--interactive", container, "python", "-c", WRITE]
        done = subprocess.run(write, input=json.dumps(packed), text=True, capture_output=True, check=False)
        assert not done.returncode, done.stderr

    def remove(self, *folders: str) -> None:
        """Remove folders or files below /data, where the test has put them."""
        code = "import pathlib, shutil, sys\nfor it in sys.argv[1:]:\n    path = pathlib.Path('/data', it)\n"
        code += "    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)\n"
        docker("exec", of_service(self._line, "agent").id, "python", "-c", code, *folders)


def files_of_call(
    note: Mapping[str, Any], transcript: Mapping[str, Any] | None = None, audio: Path | bytes | None = None
) -> dict[str, bytes]:
    """Return what the agent writes of a call, by its path below /data.

    The note's `record` ("2026-11-25_142233-1f2e3d") and its transcript's `line` say where. With `transcript`, the call
    was kept; `audio` is the recording in Ogg Opus.
    """
    day, _, name = str(note["record"]).partition("_")
    line = note["transcript"]["line"]
    files = {f"noted/{line}/{day}/{name}.json": json.dumps(note).encode()}
    kept = f"calls/{line}/{day}/{name}"
    if transcript is not None:
        files[f"{kept}/transcript.json"] = json.dumps(transcript).encode()
    if audio is not None:
        files[f"{kept}/audio.ogg"] = audio if isinstance(audio, bytes) else audio.read_bytes()
    return files


def words_in(wav: Path) -> str:
    """Return what is said in a file, as the phone's larger Whisper writes it: in lower case, without punctuation."""
    run = ["run", "--rm", "--network", "none", "--volume", f"{wav}:/heard.wav:ro", PHONE, "transcribe", "/heard.wav"]
    return plain(docker(*run))
