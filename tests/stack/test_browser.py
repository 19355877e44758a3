"""The tests' own browser: its microphone plays what it is given, and what a page hears can be listened to."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.browser import Browser, axe, beside
from tests.support.browser.sound import first_sound, loudness, save_at, sounded
from tests.support.sounds import hum

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A page that calls itself: what its microphone picks up goes out over one connection and comes in over the other.
PAGE = """<!doctype html><html lang="en"><title>Echo</title><main><h1>Echo</h1>%s<script>
async function call() {
  const sound = await navigator.mediaDevices.getUserMedia({audio: {echoCancellation: false, autoGainControl: false}});
  const context = new AudioContext(), analyser = context.createAnalyser();
  context.createMediaStreamSource(sound).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  window.level = 0;
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    window.level = Math.max(window.level, ...samples);
  }, 20);
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = (event) => event.candidate && there.addIceCandidate(event.candidate);
  there.onicecandidate = (event) => event.candidate && here.addIceCandidate(event.candidate);
  sound.getTracks().forEach((track) => here.addTrack(track, sound));
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
}
</script></main></html>"""
SAYS = 1.0  # seconds after which the microphone picks something up


@contextmanager
def served(folder: Path, body: str = "") -> Iterator[str]:
    (folder / "index.html").write_text(PAGE % body)
    handler: Any = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.mark.slow
def test_what_the_microphone_plays_is_what_a_page_hears(tmp_path: Path) -> None:
    speech = save_at(tmp_path / "speech.wav", (SAYS, np.concatenate([hum("ah", 150, 1.0), hum("ee", 200, 1.0)])))
    with served(tmp_path) as url, Browser.started(speech) as browser:
        page = browser.page()
        page.goto(url)
        page.evaluate("call()")
        browser.until(page, "level > 0.2")
        page.wait_for_timeout(3000)
        heard = browser.heard(page)
        assert sounded(heard) == pytest.approx(2.0, abs=0.4)
        assert first_sound(heard) < SAYS + 1
        assert loudness(heard).max() > 3000
        assert set(browser.ways(page)) <= {"host", "prflx"}
        assert browser.ways(page)
        assert sounded(browser.heard(page)) >= sounded(heard) - 0.1  # it can be asked again


@pytest.mark.slow
@pytest.mark.parametrize(("microphone", "error"), [("missing", "NotFoundError"), ("refused", "NotAllowedError")])
def test_a_microphone_can_be_missing_or_refused(tmp_path: Path, microphone: Any, error: str) -> None:
    with served(tmp_path) as url, Browser.started(microphone=microphone) as browser:
        page = browser.page()
        page.goto(url)
        assert page.evaluate("call().catch((error) => error.name)") == error


@pytest.mark.slow
def test_axe_names_what_is_wrong_and_a_coroutine_can_be_run_beside_the_browser(tmp_path: Path) -> None:
    async def answer() -> int:
        return 42

    with served(tmp_path, '<img src="data:,">') as url, Browser.started() as browser:
        page = browser.page(color="dark", width=390)
        page.goto(url)
        assert [found.split(":")[0] for found in axe(page)] == ["image-alt"]
        assert beside(answer()) == 42
        assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [390, True]
        assert "Echo" in page.title()


@pytest.mark.slow
def test_half_a_second_of_the_phones_sound_is_half_a_second_of_the_microphones(tmp_path: Path) -> None:
    kept = save_at(tmp_path / "half.wav", (0.5, hum("ah", 150, 0.5)))
    assert first_sound(kept) == pytest.approx(0.5, abs=0.05)
    assert sounded(kept) == pytest.approx(0.5, abs=0.1)
