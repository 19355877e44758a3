"""The desk's pages of calls in a real browser: made-up calls in every state, and one that was really made."""

from __future__ import annotations

import json
import math
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from desk.records.name import CallName
from tests.stack.desk import DeskOf, files_of_call
from tests.support.browser import Browser, axe
from tests.support.containers import of_service
from tests.unit.desk.made_up import note_of, transcript_of
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.stack.line import Line

LINE = "coffee"
RATE = 48_000
SECONDS = 12
CALLER = "+12025550142"
LISTED_WITHIN = 90.0  # seconds in which the record of a real call is finished, on two busy cores
MOST_TRIES = 6  # by the player and the picture of the sound, twice each, and by who finds out what went wrong
PHONE = {"width": 390, "height": 844}
UNPRICED = {"kind": "llm", "provider": "openai", "model": "gpt", "amount": None}
FETCH = "async (path) => (await fetch(path)).text()"
KEPT = {"enabled": True, "notice": "no", "summary": False}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tones(tmp_path_factory.mktemp("calls") / "audio.ogg")


@pytest.fixture
def page(desk: DeskOf, browser: Browser) -> Page:
    page = browser.page()
    page.on("dialog", lambda dialog: pytest.fail(f"a script has run and said {dialog.message}"))
    desk.sign_in(page)
    browser.logs.clear()
    return page


def save_tones(path: Path) -> Path:
    """Write a recording: the caller's tone on the left, the agent's on the right."""
    times = np.arange(RATE * SECONDS) / RATE
    both = np.stack([np.sin(2 * math.pi * pitch * times) * 8000 for pitch in (220, 330)]).astype("<i2")
    with av.open(str(path), "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(both.T.reshape(1, -1).copy(), format="s16", layout="stereo")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return path


def a_name(hours_ago: float, letters: str) -> CallName:
    """Return the name of a made-up call: not so old that the agent deletes it."""
    began = datetime.now(UTC) - timedelta(hours=hours_ago)
    name = CallName.checked(LINE, f"{began:%Y-%m-%d}", f"{began:%H%M%S}-{letters}")
    assert name
    return name


def put(desk: DeskOf, name: CallName, sound: Path | None = None, /, **more: Any) -> str:
    """Put a made-up call there, kept if it has a sound, and return its page."""
    more = {"caller": CALLER, "seconds": SECONDS, **more}
    note = note_of(name, kept=sound is not None, **more)
    desk.put_call(note, transcript_of(name, **more) if sound else None, sound)
    return f"{desk.url}/calls/{name.path}"


@pytest.mark.slow
def test_the_list_is_searched_as_somebody_types(desk: DeskOf, page: Page, browser: Browser, sound: Path) -> None:
    one, other = a_name(5, "aaaa01"), a_name(6, "aaaa02")
    put(desk, one, sound, name="Zenobia")
    put(desk, other, caller="+12025550143", name="Walburga")
    page.goto(f"{desk.url}/calls")
    rows = page.locator("#found tbody tr")
    expect(rows.filter(has_text="Walburga")).to_have_count(1)
    for typed in ("zenobia", "202-555-0142", "Yirgacheffe"):
        page.get_by_label("Number, name or words").fill(typed)
        expect(rows.filter(has_text="Zenobia")).to_have_count(1)
        expect(rows.filter(has_text="Walburga")).to_have_count(0)
    expect(page).to_have_url(re.compile("text=Yirgacheffe"))
    page.get_by_label("Number, name or words").fill("no such word")
    expect(page.get_by_text("No call is like this.")).to_be_visible()
    page.get_by_label("From").fill("2026-11-25")
    page.get_by_label("To", exact=True).fill("2026-11-24")
    expect(page.get_by_text("The first day is after the last one")).to_be_visible()
    page.get_by_label("To", exact=True).fill("2026-11-26")
    expect(page.get_by_text("No call is like this.")).to_be_visible()
    expect(page.get_by_text("The first day is after the last one")).to_have_count(0)
    browser.logs.clear()  # Chromium has noted the status 400
    page.get_by_role("link", name="Show all calls").click()
    expect(page).to_have_url(f"{desk.url}/calls")
    page.get_by_label("Recorded").select_option("no")
    expect(rows.filter(has_text="Walburga")).to_have_count(1)
    expect(rows.filter(has_text="Zenobia")).to_have_count(0)
    page.goto(f"{desk.url}/calls?text=walburga")
    rows.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Walburga (+12025550143)")
    assert browser.logs == []


@pytest.mark.slow
def test_the_list_is_filtered_and_leafed_through_and_all_of_it_exported(
    desk: DeskOf, page: Page, browser: Browser
) -> None:
    names = [a_name(30 + which / 60, f"aaab{which:02}") for which in range(60)]
    notes = [note_of(name, caller="", came_by="browser", kept=False) for name in names]
    desk.put({path: content for note in notes for path, content in files_of_call(note).items()})
    put(desk, a_name(40, "aaac01"), rejected="busy", outcome="all lines were busy")
    page.goto(f"{desk.url}/calls")
    rows, found = page.locator("#found tbody tr"), page.locator("#found").get_by_role("status")
    page.get_by_label("Came by").select_option("browser")
    expect(found).to_have_text("50 calls, and there are more")
    page.get_by_role("link", name="Older calls").click()
    expect(found).to_have_text("10 calls")
    page.get_by_role("link", name="Newer calls").click()
    expect(found).to_have_text("50 calls, and there are more")
    for kind in ("CSV", "JSON"):
        link = page.get_by_role("link", name=kind)
        with page.expect_download() as saved:
            link.click()
        assert saved.value.suggested_filename == f"calls.{kind.lower()}"
    exported = page.evaluate(FETCH, link.get_attribute("href"))
    assert [call["came_by"] for call in json.loads(exported)] == ["browser"] * 60
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(f"{desk.url}/calls")
    page.get_by_label("Rejected").select_option("yes")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Rejected: too many calls at once")
    page.get_by_label("Rejected").select_option("no")
    page.get_by_label("Ended because").select_option("all lines were busy")
    expect(page.get_by_text("No call is like this.")).to_be_visible()
    assert browser.logs == []


@pytest.mark.slow
def test_all_that_is_known_of_a_call_is_on_its_page_and_in_its_files(
    desk: DeskOf, page: Page, browser: Browser, sound: Path
) -> None:
    name = a_name(7, "aaad01")
    page.goto(put(desk, name, sound, cost={"currency": "USD", "total": None, "parts": [UNPRICED]}))
    for heading, words in {
        "Summary": "The caller asked for a roast.",
        "Tools": "on Tuesdays",
        "Transfers": "Grace",
        "What the line wanted to know": "order",
        "Facts": "the caller hung up",
        "Cost": "is not known, because a price is missing",
    }.items():
        card = page.locator("section.card", has=page.get_by_role("heading", name=heading, exact=True))
        expect(card).to_contain_text(words)
    expect(page.locator("#conversation")).to_contain_text("Interrupted")
    for link, file in {"Export as JSON": ".json", "Download the recording": ".ogg"}.items():
        with page.expect_download() as saved:
            page.get_by_role("link", name=link).click()
        assert saved.value.suggested_filename.endswith(file)
    exported = json.loads(page.evaluate(FETCH, f"/calls/{name.path}/call.json"))
    assert exported["transcript"]["turns"][1]["text"] == "Do you roast Yirgacheffe?"
    assert browser.logs == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            lambda name: {f"calls/{name.line}/.work/{name.record}/audio.ogg": b"OggS"},
            "is still being written. Load this page again later.",
            id="being written",
        ),
        pytest.param(lambda name: {f"calls/{name.path}/transcript.json": b'{"turns": ['}, "half written", id="cut off"),
        pytest.param(lambda name: kept(name, outcome="the agent broke off"), "may lack the end", id="broken off"),
        pytest.param(lambda name: kept(name, summary="Card [redacted]."), "replaced by [redacted]", id="redacted"),
    ],
)
def test_a_record_that_is_not_whole_is_said_and_never_a_blank_page(
    desk: DeskOf, page: Page, files: Callable[[CallName], dict[str, bytes]], words: str
) -> None:
    name = a_name(8, "aaae01")
    desk.put(files(name))
    try:
        page.goto(f"{desk.url}/calls/{name.path}")
        expect(page.get_by_role("main")).to_contain_text(words)
    finally:
        desk.remove(f"calls/{name.path}", f"calls/{LINE}/.work")


def kept(name: CallName, **more: Any) -> dict[str, bytes]:
    return {f"calls/{name.path}/transcript.json": json.dumps(transcript_of(name, **more)).encode()}


def test_a_sentence_is_heard_and_marked(desk: DeskOf, page: Page, browser: Browser, sound: Path) -> None:
    page.goto(put(desk, a_name(4, "aaaa03"), sound))
    sentence = page.get_by_role("button", name="Do you roast Yirgacheffe?")
    sentence.focus()
    page.keyboard.press("Enter")
    expect(sentence).to_have_attribute("aria-current", "true")
    at, paused = page.evaluate(
        "[document.getElementById('audio').currentTime, document.getElementById('audio').paused]"
    )
    assert 4.2 <= at < 6.5
    assert not paused
    expect(page.get_by_role("button", name="Yes, every Tuesday.")).to_have_attribute("aria-current", "true")
    expect(sentence).not_to_have_attribute("aria-current", "true")

    drawn = "document.querySelector('#wave div').firstElementChild.shadowRoot.querySelectorAll('canvas').length"
    browser.until(page, f"{drawn} >= 2")  # the caller's sound and the agent's
    axis = page.locator("#axis svg")
    expect(axis.locator("rect.caller")).to_have_count(1)
    expect(axis.locator("rect.agent")).to_have_count(2)
    for stage in ("transcribed", "decided", "first_token", "first_audio"):
        expect(axis.locator(f"rect.{stage}")).to_have_count(1)
    page.get_by_text("Every gap as a table").click()
    expect(page.get_by_role("cell", name="1.10 s")).to_be_visible()
    assert browser.logs == []  # nothing that the policy of the page forbids


def test_scripts_in_a_call_are_shown_as_text(desk: DeskOf, page: Page, browser: Browser, sound: Path) -> None:
    name = a_name(3, "aaaa04")
    turns = [
        {"who": ("caller", "agent")[at % 2], "text": text, "start": at / 3, "end": at / 3 + 0.3}
        for at, text in enumerate(PAYLOADS)
    ]
    tools = [{"name": text, "arguments": {text: text}, "result": text, "at": 1} for text in PAYLOADS]
    everything = " ".join(PAYLOADS)
    more = {"name": everything, "summary": everything, "outcome": everything}
    page.goto(put(desk, name, sound, turns=turns, tool_calls=tools, **more))
    shown = " ".join(page.locator("#conversation .words").all_text_contents())
    for payload in PAYLOADS:
        assert " ".join(payload.replace("\x00", "").split()) in " ".join(shown.split()), payload  # browsers drop a zero
    expect(page.locator("#axis svg")).to_be_visible()
    assert page.locator("main :is(img, iframe, object, video, script, style, math, base, link, meta)").count() == 0
    page.goto(f"{desk.url}/calls?text=alert")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    assert page.locator("#found :is(img, iframe, object, video, script, style, svg)").count() == 0
    assert browser.logs == []


def test_one_call_is_deleted_after_a_question(desk: DeskOf, page: Page, sound: Path) -> None:
    looked_at = put(desk, a_name(2, "aaaa05"), sound, name="Ottilie")
    page.goto(looked_at)
    page.get_by_role("link", name="Delete this call").click()
    expect(page.get_by_text("This cannot be taken back")).to_be_visible()
    page.get_by_role("button", name="Delete this call").click()
    expect(page.get_by_text("The call is deleted.")).to_be_visible()
    page.goto(f"{desk.url}/calls?text=Ottilie")
    expect(page.get_by_text("No call is like this.")).to_be_visible()
    page.goto(looked_at)
    expect(page.get_by_text("Nothing is kept of this call.")).to_be_visible()


@pytest.mark.slow
def test_a_call_that_is_deleted_while_somebody_looks_at_it(desk: DeskOf, page: Page, sound: Path) -> None:
    name = a_name(2.5, "aaaa0b")
    looked_at = put(desk, name, sound)
    tried: list[str] = []

    def delete_it(route: Route) -> None:
        tried.append(route.request.resource_type)
        desk.remove(f"calls/{name.path}", f"noted/{name.path}.json")
        route.continue_()

    page.route("**/audio.ogg", delete_it)
    page.goto(looked_at)
    expect(page.get_by_text("The recording is gone: it was deleted while you looked at it")).to_be_visible()
    page.wait_for_timeout(2000)
    assert len(tried) <= MOST_TRIES, tried  # and it is not asked for again and again
    expect(page.get_by_role("button", name="Do you roast Yirgacheffe?")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing is kept of this call.")).to_be_visible()


@pytest.mark.slow
def test_everything_of_a_caller_is_deleted(desk: DeskOf, page: Page, sound: Path) -> None:
    caller = "+12025550177"
    looked_at = put(desk, a_name(2, "aaaa06"), sound, caller=caller)
    put(desk, a_name(26, "aaaa07"), caller=caller)
    put(desk, a_name(1, "aaaa08"), caller="+120255501770", name="Bystander")
    page.goto(looked_at)
    page.get_by_role("link", name="Delete everything of this caller").click()
    page.get_by_role("button", name="Delete 2 calls").click()
    expect(page.get_by_text("2 calls are deleted.")).to_be_visible()
    page.goto(f"{desk.url}/calls?text=%2B12025550177")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    expect(page.locator("#found tbody tr")).to_contain_text("Bystander")


@pytest.mark.slow
@pytest.mark.parametrize("color", ["light", "dark"])
def test_everybody_can_use_the_pages(desk: DeskOf, browser: Browser, sound: Path, color: Any) -> None:
    """On a wide screen and on a phone's: axe finds nothing, and nothing is beyond the edge."""
    kept, noted = a_name(1.5, "aaaa09"), a_name(1.6, "aaaa0a")
    paths = [put(desk, kept, sound), put(desk, noted), f"{desk.url}/calls", f"{desk.url}/calls/{kept.path}/delete"]
    for size in ({"width": 1280, "height": 800}, PHONE):
        page = browser.page(color=color, **size)
        desk.sign_in(page)
        for path in paths:
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert axe(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.slow
def test_a_call_that_was_really_made_is_there(desk: DeskOf, page: Page, line: Line) -> None:
    line.change(recording=KEPT)
    try:
        outcome = line.call("--say", "What is the ice cream of the week?")
        assert outcome.code == 0, outcome
    finally:
        line.change(recording=None)
    path = f"{desk.url}/calls?kept=yes&text=ice+cream"
    made = page.locator("#found tbody tr").first
    deadline = time.monotonic() + LISTED_WITHIN
    page.goto(path)
    while not made.count():
        assert time.monotonic() < deadline, page.inner_text("main")
        page.wait_for_timeout(1000)
        page.goto(path)
    made.get_by_role("link").click()
    spoken = page.locator(".caller .sentence").first
    expect(spoken).to_have_text(re.compile("ice cream", re.IGNORECASE))
    spoken.click()
    expect(spoken).to_have_attribute("aria-current", "true")
    assert page.evaluate("document.getElementById('audio').duration") > 5
    expect(page.locator("#axis svg rect.first_audio").first).to_be_attached()
    assert axe(page) == []


@pytest.mark.slow
def test_the_desk_takes_less_than_80_megabytes_when_every_page_has_been_looked_at(
    desk: DeskOf, page: Page, line: Line
) -> None:
    for path in ("talk", "now", "calls", "messages", "appointments", "lines", "lines/coffee", "health"):
        page.goto(f"{desk.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert of_service(line, "desk").memory < 80_000_000
