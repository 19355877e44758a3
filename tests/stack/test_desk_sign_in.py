"""Who may look at the desk, in a real browser: the password, its rates, the session, and what protects the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import Browser, axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.stack.desk import DeskOf
    from tests.stack.line import Line

pytestmark = pytest.mark.slow

BEHIND_THE_PASSWORD = ("now", "calls", "messages", "appointments", "lines", "lines/coffee", "health")
SECRETS = ("DESK_PASSWORD", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
ATTEMPTS = 10  # that one address has a minute
CALLS = 6  # of one address a minute, without signing in
INLINE = "const it = document.createElement('script'); it.textContent = 'window.ran = true'; document.body.append(it)"
# Later, because what is asked for through DevTools may use eval.
EVAL = """() => new Promise((tell) => setTimeout(() => {
    try { tell(window.eval("1")) } catch (error) { tell(error.name) }
}))"""
ASK_FOR_CALLS = """async (count) => {
    const token = document.querySelector("meta[name=csrf-token]").content
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": token }
    const ask = () => fetch("/talk/call", { method: "POST", headers, body: '{"line": "coffee"}' })
    const statuses = []
    for (let asked = 0; asked < count; asked += 1) statuses.push((await ask()).status)
    return statuses
}"""


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """The page of a browser that has not signed in."""
    page = browser.page()
    yield page
    page.context.close()


@pytest.fixture
def forgetful(line: Line) -> Iterator[None]:
    """The desk counts attempts in memory: after the test, it has forgotten them."""
    yield
    line.compose("restart", "desk")
    line.wait_until_healthy()


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_no_page_is_shown_before_one_has_signed_in_and_then_the_one_that_was_asked_for(
    desk: DeskOf, stranger: Page
) -> None:
    for path in BEHIND_THE_PASSWORD:
        stranger.goto(f"{desk.url}/{path}")
        expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")
        expect(stranger.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_text(["Talk"])
    stranger.goto(f"{desk.url}/calls?outcome=busy")
    sign_in(stranger, "not the password")
    expect(stranger.get_by_role("alert")).to_contain_text("This is not the password. It is DESK_PASSWORD in .env")
    sign_in(stranger, desk.password)
    expect(stranger).to_have_url(f"{desk.url}/calls?outcome=busy")
    stranger.get_by_role("button", name="Sign out").click()
    stranger.goto(f"{desk.url}/calls")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.usefixtures("forgetful")
def test_a_password_cannot_be_guessed_fast(desk: DeskOf, stranger: Page) -> None:
    stranger.goto(f"{desk.url}/sign-in")
    for _ in range(ATTEMPTS):
        sign_in(stranger, "not the password")
        expect(stranger.get_by_role("alert")).to_be_visible()
    sign_in(stranger, desk.password)
    expect(stranger.get_by_role("alert")).to_contain_text("tried too often in the last minute")
    stranger.goto(f"{desk.url}/now")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.usefixtures("forgetful")
def test_one_address_calls_so_often_a_minute_without_signing_in(desk: DeskOf, stranger: Page) -> None:
    stranger.goto(f"{desk.url}/talk")
    assert stranger.evaluate(ASK_FOR_CALLS, CALLS + 1)[-1] == 429
    stranger.get_by_role("button", name="Call").click()
    expect(stranger.get_by_role("status").first).to_contain_text("tried too often in the last minute")


def test_a_form_that_no_page_of_this_session_has_sent_changes_nothing(desk: DeskOf, stranger: Page) -> None:
    stranger.goto(f"{desk.url}/sign-in")
    stranger.evaluate("document.querySelector('main [name=csrf_token]').value = 'another'")
    sign_in(stranger, desk.password)
    expect(stranger.get_by_role("alert")).to_contain_text("This page is older than your session")
    stranger.goto(f"{desk.url}/now")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_no_script_but_the_desks_own_runs_and_no_secret_is_in_a_page(line: Line, desk: DeskOf, stranger: Page) -> None:
    desk.sign_in(stranger)
    for path in ("talk", *BEHIND_THE_PASSWORD):
        stranger.goto(f"{desk.url}/{path}")
        stranger.evaluate(INLINE)
        assert stranger.evaluate("window.ran") is None, path
        assert stranger.evaluate(EVAL) == "EvalError", path
        content = stranger.content()
        assert [name for name in SECRETS if line.value(name) in content] == [], path


@pytest.mark.parametrize("color", ["light", "dark"])
def test_everybody_can_sign_in(desk: DeskOf, browser: Browser, color: Any) -> None:
    for width in (1280, 390):
        page = browser.page(color=color, width=width)
        page.goto(f"{desk.url}/sign-in")
        assert page.evaluate("document.activeElement.id") == "password"
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()
