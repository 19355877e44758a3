"""A real browser for tests: Debian's Chromium in a container on the host's network, driven by Playwright.

    with Browser.started(speech=wav) as browser:
        page = browser.page()
        page.goto("https://localhost/talk")

The sound of `speech` is what the browser's microphone picks up, once, from the moment that a page opens the microphone.
What a page hears over WebRTC is recorded: see `Browser.heard`. As long as the block lasts, `asyncio.run` refuses to
work in the test's thread, in which Playwright's own loop is; `beside` runs a coroutine in another one. Under the desk's
policy, Playwright's `wait_for_function` cannot be used: `Browser.until` can.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import shutil
import socket
import tempfile
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it does not say that it has types
from playwright.sync_api import sync_playwright

from tests.support.browser.sound import first_sound, save_silence, save_sound
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from playwright import sync_api

IMAGE = "landline-test/browser"
FOLDER = Path(__file__).parent
STARTS_WITHIN = 60.0  # seconds, on a machine whose cores are busy
PATIENCE = 30.0  # seconds that Playwright waits for what a test expects on a page

Microphone = Literal["works", "missing", "refused"]
Color = Literal["light", "dark"]
T = TypeVar("T")

USUAL = [
    "--headless",
    "--no-sandbox",  # a container is one already
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--user-data-dir=/tmp/profile",
    "--autoplay-policy=no-user-gesture-required",
    # If there are several pages, all are in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--remote-debugging-address=127.0.0.1",
]
MICROPHONES: dict[Microphone, list[str]] = {
    "works": [
        "--use-fake-ui-for-media-stream",  # which says yes by itself
        "--use-fake-device-for-media-stream",
        "--use-file-for-fake-audio-capture=/sounds/microphone.wav%noloop",
    ],
    "missing": ["--use-fake-ui-for-media-stream"],  # a container has no sound card
    "refused": ["--use-fake-device-for-media-stream", "--deny-permission-prompts"],
}


@dataclass(frozen=True)
class Browser:
    chromium: sync_api.Browser
    folder: Path  # what has been heard
    logs: list[str] = field(default_factory=list)  # what the pages' consoles said: warnings and errors

    @classmethod
    @contextmanager
    def started(cls, speech: Path | None = None, *, microphone: Microphone = "works") -> Iterator[Browser]:
        """Start the browser; it is gone after the block.

        `speech` is a WAV file, which the microphone plays once; without it, the microphone works and is silent.
        """
        with tempfile.TemporaryDirectory(prefix="landline-browser-") as home, sync_playwright() as playwright:
            sounds = Path(home) / "sounds"
            sounds.mkdir()
            if speech:
                shutil.copy(speech, sounds / "microphone.wav")
            else:
                save_silence(sounds / "microphone.wav")
            for path in (Path(home), sounds, sounds / "microphone.wav"):
                path.chmod(0o755)  # the container's user is not this one
            with _container(sounds, MICROPHONES[microphone]) as address:
                chromium = playwright.chromium.connect_over_cdp(address)
                try:
                    yield cls(chromium, Path(home))
                finally:
                    chromium.close()

    def page(self, *, color: Color = "light", width: int = 1280, height: int = 800) -> sync_api.Page:
        """Open an empty page of a person who has not been here before: without cookies and permissions."""
        context = self.chromium.new_context(
            color_scheme=color,
            viewport={"width": width, "height": height},
            ignore_https_errors=True,  # of Caddy's own authority
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(path=FOLDER / "listening.js")
        page = context.new_page()
        page.on("console", lambda message: self._keep(message.type, message.text))
        page.on("pageerror", lambda error: self._keep("error", str(error)))
        return page

    def _keep(self, kind: str, text: str) -> None:
        # The browser is on the host's network, which changes whenever a container begins or ends; it tries again.
        if kind in ("warning", "error") and "ERR_NETWORK_CHANGED" not in text:
            self.logs.append(f"{kind}: {text}")

    def heard(self, page: sync_api.Page) -> Path:
        """Return what the page has heard over WebRTC so far: WAV, mono, 16 kHz. AssertionError if no track came."""
        sound = base64.b64decode(page.evaluate("heard.read()"))
        assert sound, f"no sound has come to {page.url}; its console says {self.logs}"
        kept = self.folder / f"heard-{uuid.uuid4().hex}.webm"
        kept.write_bytes(sound)
        return save_sound(kept, kept.with_suffix(".wav"))

    def until(self, page: sync_api.Page, holds: str, seconds: float = PATIENCE) -> None:
        """Wait until a JavaScript expression holds on the page.

        Playwright's own `wait_for_function` calls eval, which a page with a strict policy forbids.
        """
        deadline = time.monotonic() + seconds
        while not page.evaluate(holds):
            assert time.monotonic() < deadline, f"{holds} does not hold at {page.url} after {seconds:g} s: {self.logs}"
            page.wait_for_timeout(50)

    def ways(self, page: sync_api.Page) -> list[str]:
        """Return over which kinds of addresses the page's calls go: "host", "prflx", "srflx", "relay"."""
        return list(page.evaluate("heard.ways()"))

    def first_heard(self, page: sync_api.Page) -> float:
        """Return when the page began to hear something, in seconds since 1970."""
        began: float = page.evaluate("heard.began") / 1000
        return began + first_sound(self.heard(page))


def axe(page: sync_api.Page, **options: Any) -> list[str]:
    """Return what axe finds wrong with the page as it is: a row for each rule, with the elements that break it."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{one['id']}: {one['help']}: {', '.join(str(node['target']) for node in one['nodes'])}" for one in found]


def beside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end while Playwright's loop is in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@functools.cache
def image() -> str:
    """Build the browser's image once a run; Docker keeps it for the next one."""
    docker("build", "--quiet", "--tag", IMAGE, str(FOLDER))
    return IMAGE


@contextmanager
def _container(sounds: Path, flags: list[str]) -> Iterator[str]:
    """Run Chromium; yield the address of its DevTools."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    name = f"landline-test-browser-{uuid.uuid4().hex[:8]}"
    run = ["run", "--detach", "--name", name, "--network", "host"]
    run += ["--shm-size", "1g", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    run += ["--volume", f"{sounds}:/sounds:ro", image()]
    try:
        docker(*run, *USUAL, *flags, f"--remote-debugging-port={port}", "about:blank")
        yield _devtools(name, port)
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


def _devtools(container: str, port: int) -> str:
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with directly.open(f"http://127.0.0.1:{port}/json/version", timeout=5) as answer:
                return str(json.load(answer)["webSocketDebuggerUrl"])
        except OSError:
            assert time.monotonic() < deadline, f"Chromium does not answer:\n{docker('logs', container)[-4000:]}"
            time.sleep(0.1)
