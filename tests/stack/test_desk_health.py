"""The desk's page Health on a line that is up: the doctor's findings, and figures of calls that were put there."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import Browser, axe
from tests.support.containers import docker, of_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.stack.desk import DeskOf
    from tests.stack.line import Line

LINE = "figures"  # of which there are no other calls
FOUND_WITHIN = 150.0  # seconds after the watcher's start, at which it looks for the first time
BLANK = """[...document.querySelectorAll('.chart canvas')].filter((it) =>
    !it.getContext('2d').getImageData(0, 0, it.width, it.height).data.some(Boolean)).length"""
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


def note(back: int, *, rejected: str = "") -> dict[str, Any]:
    """A call of `back` days ago, of three replies."""
    at = datetime.now(UTC) - timedelta(days=back, seconds=secrets.randbelow(3))
    transcript = {
        "version": 1,
        "line": LINE,
        "call": "SCL_made",
        "started": at.isoformat(timespec="seconds"),
        "ended": at.isoformat(timespec="seconds"),
        "seconds": 60.0,
        "language": "en",
        "caller": "",
        "name": "",
        "dialled": "+12025550100",
        "outcome": "goodbye",
        "models": {"stt": "openai/hears", "llm": "openai/thinks", "tts": "openai/speaks"},
    }
    turn = {"at": 3.0, "transcribed": 0.2, "decided": 0.5, "first_token": 0.9, "first_audio": 1.2}
    used = {"provider": "openai", "requests": 3, "errors": 0}
    usage = [{"kind": "llm", "model": "thinks", **used, "errors": 1}, {"kind": "tts", "model": "speaks", **used}]
    return {
        "version": 1,
        "record": f"{at:%Y-%m-%d_%H%M%S}-{secrets.token_hex(3)}",
        "transcript": transcript,
        "came_by": "phone",
        "kept": False,
        "rejected": rejected,
        "draft": "",
        "greeted_after": 0.6,
        "turns": [] if rejected else [turn | {"first_audio": 1.2 + late} for late in (0.0, 0.1, 0.6)],
        "tools": [],
        "usage": [] if rejected else usage,
        "cost": {"currency": "USD", "total": 0.01, "parts": []},
    }


@pytest.fixture(scope="module")
def figures(desk: DeskOf) -> Iterator[None]:
    """Ten calls of a line of the test's own, of five days."""
    for back in range(5):
        desk.put_call(note(back))
        desk.put_call(note(back, rejected="busy"))
    yield
    desk.remove(f"noted/{LINE}")


def look(browser: Browser, desk: DeskOf, query: str = "", color: str = "light", width: int = 1280) -> Page:
    page = browser.page(color=color, width=width)  # type: ignore[arg-type]  # one of two colors
    desk.sign_in(page)
    page.goto(f"{desk.url}/health{query}")
    return page


def test_the_watcher_has_the_doctor_look_and_the_page_says_what_was_found(browser: Browser, desk: DeskOf) -> None:
    page = look(browser, desk)
    deadline = time.monotonic() + FOUND_WITHIN
    while not page.get_by_text("Looked at").count():
        assert time.monotonic() < deadline, page.inner_text("main")
        page.wait_for_timeout(2000)
        page.reload()
    for station in ("The settings", "The SIP gateway", "The media server", "Trunks and rules", "The agent"):
        group = page.locator("details.station", has=page.locator("summary", has_text=station))
        expect(group).to_have_count(1)
        assert group.locator("summary .badge").inner_text() != "failed", group.inner_html()
    assert "make doctor" in page.inner_text("main")
    for service in ("Media server", "Agent", "Watcher"):
        expect(page.locator(".services li", has_text=service).get_by_text("up", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="livekit livekit/livekit-server")).to_be_visible()
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("The doctor is looking.")).to_be_visible()
    page.context.close()


@pytest.mark.slow
@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize(("color", "width"), LOOKS)
def test_figures_are_drawn_and_can_be_read_without_seeing_them(
    browser: Browser, desk: DeskOf, color: str, width: int
) -> None:
    page = look(browser, desk, f"?line={LINE}&days=7", color, width)
    expect(page.locator(".chart canvas")).to_have_count(page.locator("[data-chart]").count())
    assert page.locator("[data-chart]").count() >= 14
    browser.until(page, f"{BLANK} === 0")
    assert "5 calls answered, 5 rejected" in page.inner_text("main")
    expect(page.get_by_role("row", name="too many calls at once 5")).to_be_visible()
    page.get_by_text("Waits as tables").click()
    expect(page.get_by_role("row", name="Thinking openai/thinks 15")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not [told for told in browser.logs if told.startswith("error")], browser.logs
    page.context.close()


@pytest.mark.slow
def test_where_there_are_no_calls_that_is_said_and_nothing_is_drawn(browser: Browser, desk: DeskOf) -> None:
    page = look(browser, desk, "?line=nobody&days=30")
    expect(page.get_by_text("No calls in these days.")).to_be_visible()
    assert page.locator("canvas").count() == 0
    page.context.close()


@pytest.mark.slow
def test_one_call_alone_is_drawn_and_a_damaged_note_is_said(browser: Browser, desk: DeskOf) -> None:
    alone = note(0)
    alone["transcript"]["line"] = "alone"
    desk.put_call(alone)
    desk.put({f"noted/alone/{alone['record'][:10]}/000000-000000.json": b'{"version": 1, "tra'})
    try:
        page = look(browser, desk, "?line=alone&days=1")
        expect(page.get_by_text("1 note of calls cannot be read")).to_be_visible()
        assert "1 call answered" in page.inner_text("main")
        expect(page.locator(".chart canvas")).to_have_count(page.locator("[data-chart]").count())
        browser.until(page, f"{BLANK} === 0")
        page.context.close()
    finally:
        desk.remove("noted/alone")


@contextmanager
def standing_still(line: Line, service: str) -> Iterator[None]:
    container = of_service(line, service).id
    docker("pause", container)
    try:
        yield
    finally:
        docker("unpause", container)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "name", "words"),
    [
        ("agent", "Agent", "no call is taken"),
        ("livekit", "Media server", "no call is taken"),
        ("watch", "Watcher", "nothing of this is known"),
    ],
)
def test_a_service_that_does_not_answer_is_said_and_the_page_is_there(
    line: Line, browser: Browser, desk: DeskOf, service: str, name: str, words: str
) -> None:
    page = look(browser, desk)
    with standing_still(line, service):
        page.reload()
        card = page.locator(".services li", has_text=name)
        expect(card.get_by_text("down", exact=True)).to_be_visible()
        expect(card).to_contain_text(words)
    line.wait_until_healthy()
    page.reload()
    expect(page.locator(".services li", has_text=name).get_by_text("up", exact=True)).to_be_visible()
    page.context.close()
