"""`make bench pictures`: a line with calls on it, and a picture of each page of its desk in every look."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.bench.pictures import people
from tests.bench.pictures.made_up import SEED, make_up
from tests.bench.pictures.shots import FOLDER, LOOKS, Camera
from tests.bench.turns.line import bench_line
from tests.stack.desk import DeskOf
from tests.support.browser import Browser
from tests.support.browser.sound import save_speech
from tests.support.lines import abilities

if TYPE_CHECKING:
    import argparse

    from playwright.sync_api import Locator, Page

    from tests.bench.pictures.shots import Look
    from tests.stack.line import Line

LINE = "coffee"
ZONE = ZoneInfo("America/New_York")
MOST = 2.5  # megabytes, of all pictures together
SETTINGS = {
    "timezone": ZONE.key,
    # A summary of one call would keep the embedded model from the next one.
    "recording": {"enabled": True, "notice": "no", "summary": False},
    "silent_caller_after": 240,  # who is in the pictures waits until they are taken
    "filler_after": 30,
    "apology_after": 60,
}
# What the browser's caller says, and at which second after the microphone was opened.
SPEECH = ((8.0, "How much is a cappuccino?"), (40.0, "Can I bring my dog?"))
ANSWERS_WITHIN = 90_000  # milliseconds, of the embedded models on two cores with two calls
FOUND_WITHIN = 240.0  # seconds, until the doctor has looked
LISTED_WITHIN = 120.0  # seconds, until the record of a call is finished
BOOKED = f"/calls?kept=yes&text={people.BOOKS.number.lstrip('+')}"


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    shows: str  # a selector: when it is there, the page is
    height: int  # of a wide screen, in CSS pixels
    at: str = ""  # a selector: what is scrolled to the top


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pictures = commands.add_parser("pictures", help="pictures of the desk's pages for docs/desk")
    pictures.add_argument("--to", type=Path, default=FOLDER, help="the folder (docs/desk)")
    pictures.add_argument("--seed", type=int, default=SEED, help="of the made-up calls (%(default)s)")
    pictures.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    with bench_line(()) as line:
        line.change(**abilities(), **SETTINGS)
        people.write_contacts(line)
        with line.running():
            line.compose("build", "phone")  # no part of what `make up` builds
            fill(line, given.seed)
            taken = take_pictures(line, given.to)
    size = sum(path.stat().st_size for path in taken) / 1_000_000
    print(f"{len(taken)} pictures, {size:.2f} MB, of {MOST} MB")  # noqa: T201
    return int(size > MOST)


def fill(line: Line, seed: int) -> None:
    """Call the line, and put made-up calls of the last days beside these calls."""
    now = datetime.now(UTC)
    desk = DeskOf(line)
    desk.put({name: content for call in make_up(LINE, now, ZONE, seed) for name, content in call.files.items()})
    people.reserve(line, now, ZONE)
    for outcome in people.call(line):
        print(outcome.printed, flush=True)  # noqa: T201


def take_pictures(line: Line, folder: Path) -> list[Path]:
    """Return the files, after they have been written."""
    desk = DeskOf(line)
    with tempfile.TemporaryDirectory() as home:
        speech = save_speech(Path(home) / "speech.wav", *SPEECH)
        with Browser.started(speech) as browser:
            page = browser.page()
            desk.sign_in(page)
            taken = _of_what_is_over(desk, Camera(page, folder))
            return taken + _of_calls_in_progress(line, desk, browser, folder)


def _of_what_is_over(desk: DeskOf, camera: Camera) -> list[Path]:
    page = camera.page
    call = until(page, f"{desk.url}{BOOKED}", page.locator("#found tbody tr a"), LISTED_WITHIN)
    its = call.get_attribute("href")
    until(page, f"{desk.url}/health", page.get_by_text("Looked at"), FOUND_WITHIN)
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).date()
    monday = tomorrow - timedelta(days=tomorrow.weekday())
    shots = [
        Shot("calls", "/calls", "#found tbody tr", 900),
        Shot("call", str(its), "#wave canvas", 1500),
        Shot("line", f"/lines/{LINE}", "main textarea", 900),
        Shot("health", "/health?days=14", ".chart canvas", 1100),
        Shot("figures", "/health?days=14", ".chart canvas", 1300, "#figures"),
        Shot("messages", "/messages", "main .messages", 800),
        Shot("appointments", f"/appointments?line={LINE}&week={monday}", "#week", 1000),
    ]
    return [_take(desk, camera, shot, look) for shot in shots for look in LOOKS]


def _take(desk: DeskOf, camera: Camera, shot: Shot, look: Look) -> Path:
    camera.look(look, shot.height)
    camera.page.goto(f"{desk.url}{shot.path}")
    camera.page.locator(shot.shows).first.wait_for(state="attached")
    if shot.at:
        camera.scroll_to(shot.at)
    return camera.take(shot.name, look)


def _of_calls_in_progress(line: Line, desk: DeskOf, browser: Browser, folder: Path) -> list[Path]:
    now, talk = browser.page(), browser.page()
    for page, path in ((now, "/now"), (talk, "/talk")):
        desk.sign_in(page)
        page.goto(f"{desk.url}{path}")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(line.call, *people.STAYING)
        talk.get_by_role("button", name="Call", exact=True).click()
        expect(talk.locator("[data-phase]")).to_have_attribute("data-phase", "connected", timeout=ANSWERS_WITHIN)
        cards = now.get_by_role("article")
        expect(cards).to_have_count(2, timeout=ANSWERS_WITHIN)
        for card in cards.all():
            card.get_by_role("button", name="Captions").click()
        of_the_browser = cards.filter(has_text="browser")
        expect(of_the_browser.get_by_role("log").locator(".agent").first).to_be_visible(timeout=ANSWERS_WITHIN)
        expect(captions(talk, "you").nth(1)).to_be_visible(timeout=ANSWERS_WITHIN)
        expect(captions(talk, "line").nth(2)).to_be_visible(timeout=ANSWERS_WITHIN)
        taken = [*Camera(talk, folder).take_all("talk"), *Camera(now, folder).take_all("now")]
        talk.get_by_role("button", name="Hang up").click()
        expect(cards).to_have_count(1, timeout=ANSWERS_WITHIN)
        _hang_up_on_everybody(now)
    return taken


def _hang_up_on_everybody(now: Page) -> None:
    for card in now.get_by_role("article").all():
        card.get_by_role("button", name="Hang up").click()
        card.get_by_role("dialog").get_by_role("button", name="Yes, hang up").click()


def captions(page: Page, who: str) -> Locator:
    return page.get_by_role("log").locator(f'[data-who="{who}"]')


def until(page: Page, address: str, shows: Locator, seconds: float) -> Locator:
    """Load a page again and again until something is on it; AssertionError after so many seconds."""
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    page.goto(address)
    while not shows.count():
        assert datetime.now(UTC) < deadline, page.inner_text("main")
        page.wait_for_timeout(2000)
        page.goto(address)
    return shows.first
