"""Calls from the desk's page, in a real browser whose microphone plays speech, to the line that is up."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api, rtc
from playwright.sync_api import expect

from tests.stack.calls import eventually
from tests.stack.desk import DeskOf, words_in
from tests.stack.outcome import sounds_like
from tests.support.browser import Browser, axe, beside
from tests.support.browser.sound import save_speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.stack.line import Line

QUESTION = "What is the ice cream of the week?"
ASKS_AT = 8.0  # seconds after the microphone was opened; the greeting is over by then
ANSWERS_WITHIN = 60_000  # milliseconds, of the embedded models on two cores
REJECTED_WITHIN = 30_000
WIDTH, HEIGHT = 390, 664  # what a browser on a phone leaves of the screen


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_speech(tmp_path_factory.mktemp("talk") / "speech.wav", (ASKS_AT, QUESTION))


@pytest.fixture
def silent() -> Iterator[Browser]:
    """A browser whose microphone works, and whose person says nothing."""
    with Browser.started() as browser:
        yield browser


def said_by(page: Page, who: str) -> Locator:
    return page.get_by_role("log").locator(f'[data-who="{who}"]')


def phase(page: Page, which: str, timeout: float = ANSWERS_WITHIN) -> None:
    expect(page.locator("[data-phase]")).to_have_attribute("data-phase", which, timeout=timeout)


def call(page: Page) -> str:
    """Press Call, wait until the agent is there, and return the name of the call's room."""
    with page.expect_response("**/talk/call") as asked:
        page.get_by_role("button", name="Call").click()
    phase(page, "connected")
    return str(asked.value.json()["room"])


@contextmanager
def in_a_call(browser: Browser, desk: DeskOf, **look: Any) -> Iterator[tuple[Page, str]]:
    """The operator, whose calls are not counted, has called; the call is over after the block."""
    page = browser.page(**look)
    desk.sign_in(page)
    page.goto(f"{desk.url}/talk")
    room = call(page)
    try:
        yield page, room
    finally:
        if (hang_up := page.get_by_role("button", name="Hang up")).is_visible():
            hang_up.click()
        page.context.close()


# The conversation


@pytest.mark.parametrize("over", [pytest.param("https", marks=pytest.mark.slow), "http"])
def test_two_actions_lead_to_a_spoken_answer(line: Line, desk: DeskOf, speech: Path, flavor: str, over: str) -> None:
    with Browser.started(speech) as browser:
        page = browser.page()
        page.goto(f"{desk.url if over == 'https' else desk.plain_url}/talk")  # the first
        room = call(page)  # the second
        answer = said_by(page, "line").get_by_text(re.compile(flavor, re.IGNORECASE))
        expect(answer.first).to_be_visible(timeout=ANSWERS_WITHIN)
        expect(said_by(page, "you").get_by_text(re.compile("ice cream", re.IGNORECASE)).first).to_be_visible()
        assert page.evaluate("document.querySelector('[data-phase]').dataset.phase") == "connected"
        page.wait_for_timeout(5000)  # the words are shown as soon as they are known, and then said
        heard = words_in(browser.heard(page))
        assert sounds_like(flavor, heard), heard
        assert sounds_like("how can i help", heard), heard
        cancels = "heard.connections.flatMap((one) => one.getSenders()).map(({track}) => track?.getSettings())"
        [settings] = [it for it in page.evaluate(cancels) if it]
        assert settings["echoCancellation"] is True
        page.get_by_role("button", name="Hang up").click()
        expect(page.get_by_role("status").first).to_have_text("You hung up.")
        eventually(lambda: room not in line.rooms())
        assert not [told for told in browser.logs if told.startswith("error")], browser.logs


@pytest.mark.slow
def test_the_page_shows_the_microphones_level_and_who_is_speaking(desk: DeskOf, speech: Path) -> None:
    with Browser.started(speech) as browser, in_a_call(browser, desk) as (page, _):
        browser.until(page, "document.getElementById('level').value > 0.2")
        page.wait_for_selector('.talk-who [data-speaking="true"]:text("You")')
        page.wait_for_selector('.talk-who [data-speaking="true"]:text("The line")', timeout=ANSWERS_WITHIN)


@pytest.mark.slow
def test_the_tool_that_is_running_is_named(line: Line, desk: DeskOf, silent: Browser) -> None:
    with in_a_call(silent, desk) as (page, room):
        beside(set_for_agent(line, room, {"landline.tool": "book_table"}))
        expect(page.locator(".talk-agent")).to_have_text("The line is using book_table.")
        beside(set_for_agent(line, room, {"landline.tool": ""}))
        expect(page.locator(".talk-agent")).not_to_contain_text("is using")


async def set_for_agent(line: Line, room: str, attributes: dict[str, str]) -> None:
    """Set attributes of the agent's, as it does when a tool of its own begins or ends."""
    async with line.server() as server:
        there = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        [agent] = [one.identity for one in there if one.kind == api.ParticipantInfo.Kind.AGENT]
        update = api.UpdateParticipantRequest(room=room, identity=agent, attributes=attributes)
        await server.room.update_participant(update)


@pytest.mark.slow
def test_what_a_loudspeaker_gives_back_of_the_greeting_does_not_interrupt_it(desk: DeskOf, tmp_path: Path) -> None:
    """No echo cancellation knows a room at once: what comes back of the first words is loud."""
    echo = save_speech(tmp_path / "echo.wav", (0.5, "Hello, this is Landline Coffee. How can I help you?"))
    with Browser.started(echo) as browser, in_a_call(browser, desk) as (page, _):
        page.wait_for_selector('.talk-who [data-speaking="true"]:text("You")')
        page.wait_for_timeout(8000)
        heard = words_in(browser.heard(page))
        assert re.search("hello.* landline coffee how can i help", heard), heard


# Without a microphone


@pytest.mark.slow
@pytest.mark.parametrize(("microphone", "words"), [("missing", "no microphone"), ("refused", "was refused")])
def test_without_a_microphone_it_is_said_and_typing_works(
    desk: DeskOf, flavor: str, microphone: Any, words: str
) -> None:
    with Browser.started(microphone=microphone) as browser, in_a_call(browser, desk) as (page, _):
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("alert")).to_contain_text("You can type")
        assert page.get_by_role("button", name="Mute").is_disabled()
        field = page.get_by_label("Type instead of talking")
        field.fill(QUESTION)
        field.press("Enter")
        answer = said_by(page, "line").get_by_text(re.compile(flavor, re.IGNORECASE))
        expect(answer.first).to_be_visible(timeout=ANSWERS_WITHIN)
        page.wait_for_timeout(5000)
        assert sounds_like(flavor, words_in(browser.heard(page)))
        field.fill("<img src=x onerror=alert(1)>")
        field.press("Enter")
        expect(said_by(page, "you")).to_have_count(2)
        expect(said_by(page, "you").last).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.locator("#captions img").count() == 0
        assert field.input_value() == ""


# The buttons


@pytest.mark.slow
def test_the_keypad_is_heard_in_the_room_from_the_mouse_and_the_keyboard(
    line: Line, desk: DeskOf, silent: Browser
) -> None:
    with in_a_call(silent, desk) as (page, room), ThreadPoolExecutor(1) as thread:
        listening = asyncio.Event()  # set in its own loop alone
        pressed = thread.submit(asyncio.run, keys_in(line, room, 4, listening))
        eventually(listening.is_set)
        keypad = page.get_by_role("button", name="Keypad")
        keypad.focus()
        page.keyboard.press("Enter")
        expect(keypad).to_have_attribute("aria-expanded", "true")
        page.get_by_role("button", name="1", exact=True).click()
        page.keyboard.press("2")
        page.get_by_role("button", name="star").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="hash").click()
        page.keyboard.press("x")
        assert pressed.result(20) == [("1", 1), ("2", 2), ("*", 10), ("#", 11)]
        expect(page.locator("#pressed")).to_have_text("12*#")
        # The agent takes them for a turn of the caller's, and answers.
        before = said_by(page, "line").count()
        expect(said_by(page, "line").nth(before)).to_be_visible(timeout=ANSWERS_WITHIN)


async def keys_in(line: Line, room: str, count: int, listening: asyncio.Event) -> list[tuple[str, int]]:
    """Join the room unseen, and return the keys that are pressed in it, with their codes."""
    token = api.AccessToken(line.value("LIVEKIT_API_KEY"), line.value("LIVEKIT_API_SECRET"))
    grants = api.VideoGrants(room_join=True, room=room, hidden=True, can_publish=False, can_subscribe=False)
    pressed: list[tuple[str, int]] = []
    enough = asyncio.Event()

    def note(key: rtc.SipDTMF) -> None:
        pressed.append((key.digit, key.code))
        if len(pressed) == count:
            enough.set()

    joined = rtc.Room()
    joined.on("sip_dtmf_received", note)
    signed = token.with_identity("operator-00000000000000ff").with_attributes({"landline.operator": "listens"})
    await joined.connect(f"ws://127.0.0.1:{line.value('API_PORT')}", signed.with_grants(grants).to_jwt())
    try:
        listening.set()
        async with asyncio.timeout(20):
            await enough.wait()
    finally:
        await joined.disconnect()
    return pressed


@pytest.mark.slow
def test_mute_mutes_at_the_server(line: Line, desk: DeskOf, silent: Browser) -> None:
    with in_a_call(silent, desk) as (page, room):
        eventually(lambda: beside(tracks_of_browser(line, room)) == [False])
        mute = page.get_by_role("button", name="Mute")
        mute.click()
        expect(mute).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_text("Microphone: muted")).to_be_visible()
        eventually(lambda: beside(tracks_of_browser(line, room)) == [True])
        mute.click()
        eventually(lambda: beside(tracks_of_browser(line, room)) == [False])


async def tracks_of_browser(line: Line, room: str) -> list[bool]:
    """Return of each track that the browser has published whether it is muted."""
    async with line.server() as server:
        there = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
    return [track.muted for one in there if one.identity.startswith("browser-") for track in one.tracks]


@pytest.mark.slow
def test_hanging_up_and_leaving_the_page_end_the_call(line: Line, desk: DeskOf, silent: Browser) -> None:
    with in_a_call(silent, desk) as (page, room):
        assert room in line.rooms()
        page.get_by_role("button", name="Hang up").click()
        phase(page, "ended")
        assert page.evaluate("document.activeElement.id") == "call"
        eventually(lambda: room not in line.rooms())
        room = call(page)  # and one can call again
        page.goto("about:blank")
        eventually(lambda: room not in line.rooms())
        eventually(lambda: line.active_jobs() == 0)


# What can go wrong


@pytest.mark.slow
def test_a_browser_has_one_call_at_a_time(desk: DeskOf, silent: Browser) -> None:
    with in_a_call(silent, desk) as (page, _):
        other = page.context.new_page()
        other.goto(f"{desk.url}/talk")
        other.get_by_role("button", name="Call").click()
        expect(other.get_by_role("status").first).to_contain_text("another tab")
        page.get_by_role("button", name="Hang up").click()
        call(other)
        other.get_by_role("button", name="Hang up").click()


@pytest.mark.slow
def test_a_busy_line_says_so(line: Line, desk: DeskOf, silent: Browser) -> None:
    line.change(calls_at_once=1)
    try:
        with in_a_call(silent, desk):
            page = silent.page()
            desk.sign_in(page)
            page.goto(f"{desk.url}/talk")
            page.get_by_role("button", name="Call").click()
            phase(page, "ended", timeout=REJECTED_WITHIN)
            told = page.locator("#talk").inner_text()
            assert "busy" in told, told
    finally:
        line.change(calls_at_once=None)


@pytest.mark.slow
def test_a_line_that_hangs_up_is_told_from_a_connection_that_breaks(line: Line, desk: DeskOf, silent: Browser) -> None:
    with in_a_call(silent, desk) as (page, room):
        beside(delete(line, room))
        expect(page.get_by_role("status").first).to_have_text("The line hung up.")


async def delete(line: Line, room: str) -> None:
    async with line.server() as server:
        await server.room.delete_room(api.DeleteRoomRequest(room=room))


@pytest.mark.slow
def test_each_failure_has_its_sentence(line: Line, desk: DeskOf, silent: Browser) -> None:
    page = silent.page()
    desk.sign_in(page)
    page.goto(f"{desk.url}/talk")
    told = page.get_by_role("status").first

    def answered(status: int, body: object) -> None:
        page.unroute_all()
        page.route("**/talk/call", lambda route: route.fulfill(status=status, json=body))
        page.get_by_role("button", name="Call").click()

    answered(503, {"error": "A sentence of the desk's."})
    expect(told).to_have_text("A sentence of the desk's.")
    nowhere = {"url": "wss://localhost:9", "token": nobodys(line), "room": "nowhere"}
    answered(200, nowhere)
    expect(told).to_contain_text("The server cannot be reached")
    signalling = desk.url.replace("https", "wss")
    answered(200, {"url": signalling, "token": "no.token.at-all", "room": "nowhere"})
    expect(told).to_contain_text("refused the call")
    answered(200, {"url": signalling, "token": nobodys(line), "room": "nowhere"})
    expect(told).to_have_text("Ringing …")
    expect(told).to_contain_text("Nobody answered within 15 seconds", timeout=25_000)


def nobodys(line: Line) -> str:
    """Return a token for a room to which no agent is sent."""
    token = api.AccessToken(line.value("LIVEKIT_API_KEY"), line.value("LIVEKIT_API_SECRET"))
    grants = api.VideoGrants(room_join=True, room=f"{line.value('ROOM_PREFIX')}browser-of-nobody")
    return token.with_identity("browser-of-nobody").with_grants(grants).to_jwt()


# Another site's page


@pytest.mark.slow
def test_another_sites_name_that_leads_to_this_machine_does_not_lead_to_the_desk(line: Line, desk: DeskOf) -> None:
    """Else a page of that site could call, and read what is answered (DNS rebinding)."""
    for name, is_the_desk in (("localhost", True), ("rebound.example", False), ("127.0.0.1", False)):
        connection = http.client.HTTPConnection("127.0.0.1", int(line.value("HTTP_PORT")), timeout=10)
        connection.request("GET", "/talk", headers={"Host": f"{name}:{line.value('HTTP_PORT')}"})
        answer = connection.getresponse()
        assert (b"Landline" in answer.read()) is is_the_desk, name
        connection.close()


# How it looks


@pytest.mark.slow
@pytest.mark.parametrize("color", ["light", "dark"])
def test_axe_finds_nothing_before_during_and_after_a_call(desk: DeskOf, silent: Browser, color: Any) -> None:
    with in_a_call(silent, desk, color=color) as (page, _):
        expect(said_by(page, "line").first).to_be_visible(timeout=ANSWERS_WITHIN)
        page.get_by_role("button", name="Keypad").click()
        assert axe(page) == []
        page.get_by_role("button", name="Hang up").click()
        assert axe(page) == []
        page.reload()
        expect(page.get_by_role("button", name="Call")).to_be_visible()
        assert axe(page) == []


@pytest.mark.slow
def test_on_a_phone_the_buttons_are_reached_without_scrolling(desk: DeskOf, silent: Browser) -> None:
    page = silent.page(width=WIDTH, height=HEIGHT)
    desk.sign_in(page)
    page.goto(f"{desk.url}/talk")
    expect(page.get_by_role("button", name="Call")).to_be_in_viewport(ratio=1)
    call(page)
    for name in ("Hang up", "Mute", "Keypad"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Keypad").click()
    page.get_by_role("button", name="hash").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Hang up")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Hang up").click()


@pytest.mark.slow
def test_who_has_scrolled_up_to_read_stays_there(desk: DeskOf, silent: Browser) -> None:
    page = silent.page()
    page.goto(f"{desk.url}/talk")
    assert page.evaluate(SCROLLED) == {"at_first": True, "while_reading": True, "at_the_end_again": True}


SCROLLED = """async () => {
    const { html, render } = await import('/static/vendor/htm-preact.js');
    const { Captions } = await import('/static/talk/view.js');
    const place = document.getElementById('main').appendChild(document.createElement('div'));
    const drawn = () => new Promise((done) => setTimeout(done, 300));
    const show = async (count) => {
        const captions = Array.from({ length: count }, (_, at) => ({ id: at, who: 'line', text: at, final: true }));
        render(html`<${Captions} captions=${captions} />`, place);
        await drawn();
    };
    const box = () => place.querySelector('#captions');
    const isAtTheEnd = () => box().scrollHeight - box().scrollTop - box().clientHeight < 2;
    const scrollTo = async (top) => { box().scrollTop = top; await drawn(); };
    await show(60);
    const found = { at_first: isAtTheEnd() };
    await scrollTo(0);
    await show(61);
    found.while_reading = box().scrollTop === 0;
    await scrollTo(box().scrollHeight);
    await show(62);
    return { ...found, at_the_end_again: isAtTheEnd() };
}"""


@pytest.mark.slow
def test_a_pages_own_messages_have_no_script_and_no_style_in_them(desk: DeskOf, silent: Browser) -> None:
    page = silent.page()
    answer = page.goto(f"{desk.url}/talk")
    assert answer
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text())
    assert json.loads(page.locator("#talk").get_attribute("data-lines") or "[]")
    assert not silent.logs, silent.logs
