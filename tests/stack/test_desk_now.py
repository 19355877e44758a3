"""Calls in progress on the desk's page Now: seen, read along, listened to, hung up on, and taken over."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api
from playwright.sync_api import expect

from tests.stack.calls import QUESTION, eventually
from tests.stack.desk import DeskOf, words_in
from tests.stack.outcome import sounds_like
from tests.support.browser import Browser, axe, beside
from tests.support.browser.sound import save_speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

COMES_WITHIN = 30_000  # milliseconds, until a call that was placed is on the page
ANSWERED_WITHIN = 90_000  # of the embedded models on two cores
NUMBER = "+12025550177"
OPERATOR = "This is the manager speaking. I will help you with your order myself."
SPEAKS_AT = 3.0  # seconds after the microphone was opened
ASKS_AT = "35"  # seconds after the INVITE, when the operator has long taken over
POST = """(path) => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    return fetch(path, {method: 'POST', headers: {'X-CSRF-Token': token}}).then(({status}) => status);
}"""
QUIET_AFTER = 2.0  # seconds after the operator's words, which are over by then


@contextmanager
def phoning(line: Line, *arguments: str) -> Iterator[Future[Outcome]]:
    """A phone calls for as long as the block lasts, and longer if it wants to."""
    with ThreadPoolExecutor(1) as beside_the_page:
        yield beside_the_page.submit(line.call, "--from", NUMBER, *arguments)


def look_at_now(browser: Browser, desk: DeskOf, **look: str) -> Page:
    page = browser.page(**look)  # type: ignore[arg-type]  # a color
    desk.sign_in(page)
    page.goto(f"{desk.url}/now")
    expect(page.get_by_text("Nobody is on the phone.")).to_be_visible()
    return page


def call_on(page: Page) -> Locator:
    """Wait for the one call in progress, with its agent."""
    card = page.get_by_role("article")
    expect(card).to_have_count(1, timeout=COMES_WITHIN)
    expect(card.get_by_role("button", name="Take over")).to_be_enabled(timeout=COMES_WITHIN)
    return card


def hang_up(card: Locator) -> None:
    card.get_by_role("button", name="Hang up").click()
    card.get_by_role("dialog").get_by_role("button", name="Yes, hang up").click()


def test_a_call_is_seen_read_along_listened_to_and_hung_up_on(line: Line, desk: DeskOf, flavor: str) -> None:
    with Browser.started() as browser:
        page = look_at_now(browser, desk)
        with phoning(line, *QUESTION, "--stay", "90") as calling:
            card = call_on(page)
            expect(card).to_contain_text("coffee")
            expect(card).to_contain_text(NUMBER)
            expect(card.locator("time")).to_have_text(re.compile(r"0:\d\d"))
            card.get_by_role("button", name="Listen").click()
            captions = card.get_by_role("log")
            expect(captions).to_contain_text(re.compile("ice cream", re.IGNORECASE), timeout=ANSWERED_WITHIN)
            expect(captions).to_contain_text(re.compile(flavor, re.IGNORECASE), timeout=ANSWERED_WITHIN)
            expect(captions.get_by_text("Caller", exact=True).first).to_be_visible()
            expect(captions.get_by_text("Agent", exact=True).first).to_be_visible()
            page.wait_for_timeout(6000)  # until it has been said, too
            assert axe(page) == []
            heard = words_in(browser.heard(page))
            assert sounds_like(flavor, heard), heard
            card.get_by_role("button", name="Hang up").click()
            assert axe(page) == []
            page.keyboard.press("Escape")
            expect(card.get_by_role("dialog")).not_to_be_visible()
            assert not calling.done()
            hang_up(card)
            expect(page.get_by_text("Nobody is on the phone.")).to_be_visible(timeout=COMES_WITHIN)
            outcome = calling.result()
        assert outcome.hung_up, outcome.printed
        assert outcome.hears(flavor), outcome.printed  # whoever listens changes nothing
        eventually(lambda: not line.rooms())
        assert not [told for told in browser.logs if told.startswith("error")], browser.logs


@pytest.mark.slow
def test_the_operator_takes_over_and_is_heard_while_the_agent_says_nothing_more(
    line: Line, desk: DeskOf, flavor: str, tmp_path: Path
) -> None:
    speech = save_speech(tmp_path / "operator.wav", (SPEAKS_AT, OPERATOR))
    with Browser.started(speech) as browser:
        page = look_at_now(browser, desk)
        asks = ("--at", ASKS_AT, "--say", "What is the ice cream of the week?")
        with phoning(line, *asks, "--reply-timeout", "12", "--stay", "5") as calling:
            card = call_on(page)
            card.get_by_role("button", name="Take over").click()
            expect(card.get_by_text("You are talking to the caller")).to_be_visible()
            expect(card).to_contain_text("an operator has taken over")
            expect(card).to_contain_text("When you give the call back, the agent goes on.")
            assert axe(page) == []
            with look_at_another(browser, desk) as other:
                expect(other.get_by_role("button", name="Take over")).to_be_disabled()
            outcome = calling.result()
            heard = words_in(browser.heard(page))
        assert outcome.hears("manager speaking"), outcome.printed
        spoke = outcome.says("manager")
        ends = next(part["end"] for part in outcome.said if part["start"] == spoke)
        after = [part for part in outcome.said if part["start"] > ends + QUIET_AFTER]
        assert not [part for part in after if "manager" not in part["text"] and "order" not in part["text"]], (
            outcome.printed
        )
        assert not outcome.hears(flavor), outcome.printed
        assert sounds_like("ice cream", heard), heard  # the operator hears the caller
        expect(page.get_by_text("Nobody is on the phone.")).to_be_visible(timeout=COMES_WITHIN)


@contextmanager
def look_at_another(browser: Browser, desk: DeskOf) -> Iterator[Locator]:
    """Another page of the operator's, with the one call on it."""
    page = browser.page()
    desk.sign_in(page)
    page.goto(f"{desk.url}/now")
    card = page.get_by_role("article")
    expect(card).to_have_count(1, timeout=COMES_WITHIN)
    try:
        yield card
    finally:
        page.context.close()


@pytest.mark.slow
def test_a_server_that_does_not_answer_takes_nobody_out_of_a_call(desk: DeskOf) -> None:
    """Who has taken a call over is in it by the call's card, which stays while nobody knows which calls there are."""
    at = "2026-11-28T00:00:00.000+00:00"
    call = {"id": "RM_1", "line": "coffee", "began": at, "people": [], "agent": "agent-1", "state": "listening"}
    told: list[dict[str, Any]] = [
        {"calls": [call], "problem": ""},
        {"calls": [], "problem": "The media server does not answer."},
    ]
    pushed = "".join(f"data: {json.dumps({'at': at, **one})}\n\n" for one in told)
    with Browser.started() as browser:
        page = browser.page()
        desk.sign_in(page)
        page.route("**/now/events", lambda route: route.fulfill(content_type="text/event-stream", body=pushed))
        page.goto(f"{desk.url}/now")
        expect(page.get_by_text("The desk does not answer")).to_be_visible()  # all of it has been read
        expect(page.get_by_role("article")).to_have_count(1)


@pytest.mark.slow
def test_who_is_not_in_a_call_any_more_is_told(line: Line, desk: DeskOf) -> None:
    async def send_away(identity: str) -> None:
        async with line.server() as server:
            [room] = line.rooms()
            await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))

    with Browser.started() as browser:
        page = look_at_now(browser, desk)
        with phoning(line, "--stay", "60"):
            card = call_on(page)
            with page.expect_response("**/listen") as asked:
                card.get_by_role("button", name="Captions").click()
            expect(card.get_by_role("log")).to_be_visible()
            page.wait_for_timeout(1000)  # until the browser is in the room
            beside(send_away(asked.value.json()["identity"]))
            expect(card.get_by_role("alert")).to_contain_text("lost its connection to the call")
            hang_up(card)


@pytest.mark.slow
def test_what_is_still_being_heard_is_shown_as_unfinished(desk: DeskOf) -> None:
    with Browser.started() as browser:
        page = look_at_now(browser, desk)
        assert page.evaluate(TOLD) == [["What", False], ["What", False], ["What is it?", True], ["What is it?", True]]


# A caller's words, as they were understood first, and then.
TOLD = """async () => {
    const { read } = await import('/static/now/captions.js');
    const told = [];
    const add = ({ text, final }) => told.push([text, final]);
    for (const [text, final] of [['What', 'false'], ['What is it?', 'true']]) {
        const info = { attributes: { 'lk.segment_id': 'SG_1', 'lk.transcription_final': final } };
        await read({ info, async *[Symbol.asyncIterator]() { yield text; } }, { identity: 'sip_1' }, add);
    }
    return told;
}"""


@pytest.mark.slow
def test_a_room_of_somebody_elses_is_neither_shown_nor_ended(line: Line, desk: DeskOf) -> None:
    name = "call-of-somebody-else"

    async def make() -> str:
        async with line.server() as server:
            return str((await server.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=120))).sid)

    async def remove() -> None:
        async with line.server() as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=name))

    with Browser.started() as browser:
        id_ = beside(make())
        try:
            page = look_at_now(browser, desk)
            page.wait_for_timeout(2500)
            assert page.get_by_role("article").count() == 0
            for what in ("listen", "take-over", "hang-up"):
                assert page.evaluate(POST, f"/now/{id_}/{what}") == 404
            assert name in line.rooms()
        finally:
            beside(remove())


@pytest.mark.slow
def test_signing_out_ends_what_is_pushed_to_other_pages(desk: DeskOf) -> None:
    with Browser.started() as browser:
        page = look_at_now(browser, desk, color="dark")
        other = browser.page()
        desk.sign_in(other)
        other.get_by_role("button", name="Sign out").click()
        other.wait_for_url("**/sign-in")
        expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=COMES_WITHIN)
        desk.sign_in(browser.page())  # for the tests after this one
