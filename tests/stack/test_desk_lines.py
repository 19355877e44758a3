"""Editing a line in the desk, in a real browser, and what callers then hear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.stack.calls import FLAVORS, QUESTION
from tests.support.browser import Browser, axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Dialog, Locator, Page

    from tests.stack.desk import DeskOf
    from tests.stack.line import Line

ANSWERS_WITHIN = 60_000  # milliseconds, of the embedded models on two cores
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
RUNS = "window.ran = true"
PAYLOADS = [
    f"<script>{RUNS}</script>",
    f"</textarea><script>{RUNS}</script>",
    f"</title><script>{RUNS}</script>",
    f"</details></form><script>{RUNS}</script>",
    f"--><script>{RUNS}</script>",
    f"]]><script>{RUNS}</script>",
    f'<img src=x onerror="{RUNS}">',
    f'"><img src=x onerror="{RUNS}">',
    f"'><img src=x onerror='{RUNS}'>",
    f'<svg onload="{RUNS}">',
    f"<svg><script>{RUNS}</script></svg>",
    f'<math><mtext></textarea><img src=x onerror="{RUNS}">',
    f'<body onload="{RUNS}">',
    f'<details open ontoggle="{RUNS}">',
    f'<input autofocus onfocus="{RUNS}">',
    '<iframe srcdoc="<script>parent.ran = true</script>"></iframe>',
    f'<object data="javascript:{RUNS}"></object>',
    f'<a href="javascript:{RUNS}">x</a>',
    '<base href="https://example.com/">',
    '<meta http-equiv="refresh" content="0;url=https://example.com/">',
    '<form action="https://example.com/"><button>Save</button></form>',
    '<link rel="stylesheet" href="https://example.com/x.css">',
    "<style>* { display: none }</style>",
    f'" autofocus onfocus="{RUNS}',
    f"' onmouseover='{RUNS}",
    "{{ 7777 * 7777 }}",
    "{% raw %}{{ request }}",
    "${7777 * 7777}",
    "&lt;script&gt;&amp;&#x27;",
    "\u202eright to left\u2066",
]


@pytest.fixture
def kept(line: Line) -> Iterator[None]:
    """Afterwards, the line's files are as they were before."""
    before = {path: path.read_bytes() for path in line.words.rglob("*") if path.is_file()}
    yield
    for path in [
        path for path in line.words.rglob("*") if path not in before and (path.is_file() or path.is_symlink())
    ]:
        path.unlink()
    for path, data in before.items():
        if not path.is_file() or path.read_bytes() != data:
            path.unlink(missing_ok=True)
            path.write_bytes(data)


@pytest.fixture
def page(browser: Browser, desk: DeskOf, kept: None) -> Iterator[Page]:
    page = opened(browser, desk)
    yield page
    page.context.close()


def opened(browser: Browser, desk: DeskOf, **look: str | int) -> Page:
    """The editor of the line, as an operator has it before them."""
    page = browser.page(**look)  # type: ignore[arg-type]
    desk.sign_in(page)
    page.goto(f"{desk.url}/lines/coffee")
    return page


def text_of(page: Page, name: str) -> Locator:
    """The text area of a file, which is shown if it was not."""
    area = page.get_by_label(f"Text of {name}", exact=True)
    if not area.is_visible():
        page.locator("summary", has_text=name).click()
    return area


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def save(page: Page) -> None:
    press(page, "Save")
    expect(page.get_by_text("Saved. The next call uses it.")).to_be_visible()


@pytest.mark.slow
def test_an_edited_fact_is_heard_in_the_next_call(line: Line, page: Page, flavor: str) -> None:
    other = next(it for it in FLAVORS if it != flavor)
    persona = text_of(page, "persona.md")
    persona.fill(persona.input_value().replace(f"is {flavor}", f"is {other}"))
    save(page)
    outcome = line.call(*QUESTION, "--expect", other)
    assert outcome.code == 0, outcome.printed
    assert flavor not in outcome.heard, outcome.printed


def test_a_faulty_edit_is_refused_with_its_row_and_changes_nothing(line: Line, page: Page) -> None:
    before = (line.words / "line.toml").read_text()
    wrong = f"# Ours.\nnumberz = []\n{before}"
    text_of(page, "line.toml").fill(wrong)
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.get_by_text("lines/coffee/line.toml row 2 has numberz, which is not a setting")).to_be_visible()
    expect(text_of(page, "line.toml")).to_have_value(wrong)
    assert (line.words / "line.toml").read_text() == before


@pytest.mark.slow
def test_what_is_written_after_saving_outlives_loading_the_page_again(browser: Browser, page: Page) -> None:
    text_of(page, "goodbye.md").fill("Bye.\n")
    save(page)
    text_of(page, "goodbye.md").fill("Goodbye.\n")
    browser.until(page, "Object.values(sessionStorage).some((it) => it.includes('Goodbye.'))")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(text_of(page, "goodbye.md")).to_have_value("Goodbye.\n")
    expect(page.get_by_text("What you had written here and not saved is back.")).to_be_visible()
    expect(page.get_by_text("Saved. The next call uses it.")).to_have_count(0)


def test_the_second_of_two_operators_is_told(line: Line, browser: Browser, desk: DeskOf, page: Page) -> None:
    other = opened(browser, desk)
    text_of(other, "goodbye.md").fill("Theirs.\n")
    save(other)
    other.context.close()
    text_of(page, "goodbye.md").fill("Mine.\n")
    text_of(page, "greeting.md").fill("Hello from both.\n")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("somebody else has changed a file")
    expect(page.locator("tr.old .text", has_text="Theirs.")).to_be_visible()
    expect(page.locator("tr.new .text", has_text="Mine.")).to_be_visible()
    expect(text_of(page, "goodbye.md")).to_have_value("Mine.\n")
    assert (line.words / "goodbye.md").read_text() == "Theirs.\n"
    save(page)
    assert (line.words / "goodbye.md").read_text() == "Mine.\n"
    assert (line.words / "greeting.md").read_text() == "Hello from both.\n"


@pytest.mark.slow
def test_a_version_is_compared_and_brought_back(line: Line, page: Page) -> None:
    before = (line.words / "persona.md").read_text()
    text_of(page, "persona.md").fill("You are Ada.\n")
    save(page)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name=re.compile("bring back")).nth(1).click()
    expect(page.locator("tr.old .text", has_text="You are Ada.")).to_be_visible()
    press(page, "Bring it back")
    expect(page.get_by_text("The version is back.")).to_be_visible()
    assert (line.words / "persona.md").read_text() == before


@pytest.mark.slow
def test_a_version_is_called_before_it_is_saved(line: Line, page: Page) -> None:
    before = (line.words / "greeting.md").read_text()
    text_of(page, "greeting.md").fill("Good morning, this is the elephant hotline.\n")
    press(page, "Call this version")
    page.wait_for_url(re.compile(r"/talk\?line=coffee&draft=[0-9a-f]{32}$"))
    draft = page.url[-32:]
    press(page, "Call")
    said = page.get_by_role("log").get_by_text(re.compile("elephant", re.IGNORECASE))
    expect(said.first).to_be_visible(timeout=ANSWERS_WITHIN)
    press(page, "Hang up")
    assert (line.words / "greeting.md").read_text() == before
    page.goto(f"{page.url.partition('/talk')[0]}/lines/coffee?draft={draft}")
    expect(text_of(page, "greeting.md")).to_have_value("Good morning, this is the elephant hotline.\n")
    save(page)
    assert "elephant" in (line.words / "greeting.md").read_text()


@pytest.mark.slow
def test_a_session_that_has_ended_loses_no_text(line: Line, desk: DeskOf, page: Page) -> None:
    text_of(page, "goodbye.md").fill("So long.\n")
    page.context.clear_cookies()
    press(page, "Save")
    page.get_by_label("Password").fill(desk.password)
    press(page, "Sign in")
    expect(page.get_by_text("What you had written here and not saved is back.")).to_be_visible()
    expect(text_of(page, "goodbye.md")).to_have_value("So long.\n")
    save(page)
    assert (line.words / "goodbye.md").read_text() == "So long.\n"


@pytest.mark.slow
def test_leaving_with_unsaved_text_is_asked_about(desk: DeskOf, page: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    text_of(page, "goodbye.md").press_sequentially("x")
    page.goto(f"{desk.url}/lines")
    assert asked == ["beforeunload"]


@pytest.mark.slow
def test_files_with_html_and_script_in_them_are_shown_as_text(
    line: Line, browser: Browser, desk: DeskOf, page: Page
) -> None:
    assert len(PAYLOADS) == 30
    facts = "".join(f"- {payload}\n" for payload in PAYLOADS)
    persona = text_of(page, "persona.md")
    persona.fill(f"{persona.input_value()}\n{facts}")
    text_of(page, "facts/menu.md").fill(facts)
    save(page)
    assert (line.words / "facts/menu.md").read_text() == facts
    expect(text_of(page, "facts/menu.md")).to_have_value(facts)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name=re.compile("bring back")).nth(1).click()
    shown = page.locator("main").inner_text()
    assert [payload for payload in PAYLOADS if payload not in shown] == []
    assert page.evaluate("window.ran") is None
    assert not [told for told in browser.logs if "Content Security Policy" in told], browser.logs
    assert page.url.startswith(desk.url)


@pytest.mark.slow
def test_a_file_that_is_no_text_is_said_and_no_secret_is_shown(line: Line, desk: DeskOf, page: Page) -> None:
    (line.words / "goodbye.md").write_bytes(b"\0" * 10_000_000)
    (line.words / "facts/latin.md").write_bytes(b"- caf\xe9\n")
    (line.words / "facts/secret.md").symlink_to("../../secrets.env")
    page.goto(f"{desk.url}/lines/coffee")
    for told in ("goodbye.md has 10000000 bytes", "facts/latin.md is no text in UTF-8", "facts/secret.md is a link"):
        expect(page.get_by_text(told)).to_be_visible()
    (line.words / "facts/secret.md").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(("color", "width"), LOOKS)
def test_the_pages_can_be_used_by_everybody(browser: Browser, desk: DeskOf, kept: None, color: str, width: int) -> None:
    page = opened(browser, desk, color=color, width=width)
    text_of(page, "line.toml").fill('language = "xx"\n')
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    found = {"refused": axe(page)}
    page.once("dialog", lambda dialog: dialog.accept())
    for path in ("/lines", "/lines/coffee", "/lines/coffee/versions"):
        page.goto(f"{desk.url}{path}")
        found[path] = axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.get_by_role("link", name=re.compile("bring back")).last.click()
    found["bring back"] = axe(page)
    page.context.close()
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
