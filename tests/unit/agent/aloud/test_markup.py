"""Comments, front matter, code and tables are not spoken, and what is between them is."""

import contextlib
import time

import pytest

from agent.aloud.markup import Markup, without_notes

NOTES = {
    "no notes": ("Hello, this is us.\n", "Hello, this is us."),
    "a comment": ("Hello <!-- say it warmly --> there.", "Hello  there."),
    "a comment in rows of its own": ("Hello.\n<!-- one\ntwo -->\nBye.\n", "Hello.\nBye."),
    "a comment that has the beginning of another in it": ("Hello.<!-- one\n<!-- two -->\n", "Hello."),
    "two comments": ("<!-- a -->\nHello.\n<!-- b -->\n", "Hello."),
    "YAML": ("---\ntitle: Greeting\n# a note\ntags:\n  - a\n  - b\n---\n\nHello.\n", "Hello."),
    "TOML": ('+++\ntitle = "Greeting"\n+++\nHello.\n', "Hello."),
    "empty front matter": ("---\n---\nHello.", "Hello."),
    "a rule, and another": ("---\nWe are open, and we are glad that you call.\n---\nBye.", None),
    "a rule alone": ("---\nHello: we are open.\n", None),
    "a rule further down": ("Hello.\n\n---\n\nBye: soon.\n---\n", None),
    "an arrow": ("Press --> to go on.", None),
    "front matter, and nothing else": ("---\ntitle: Greeting\n---\n", ""),
}


@pytest.mark.parametrize(("text", "kept"), NOTES.values(), ids=NOTES)
def test_the_notes_in_a_file_are_not_its_words(text: str, kept: str | None) -> None:
    assert without_notes(text).strip() == (text.strip() if kept is None else kept)


def test_a_comment_that_does_not_end_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match="row 4 begins a comment that does not end: write --> after it"):
        without_notes("---\na: b\n---\nHello <!-- there.\n")


def test_a_file_full_of_comments_that_do_not_end_keeps_nobody_waiting() -> None:
    for text in ("<!--" * 40_000, "<!--\n" * 40_000 + "--> x", "Hello. -->" + "<!-- " * 40_000):
        began = time.perf_counter()
        with contextlib.suppress(ValueError):
            without_notes(text)
        assert time.perf_counter() - began < 2


ANSWERS = {
    "plain words": ("We open at noon.", "We open at noon."),
    "marks that are left to livekit-agents": ("**Yes**, `so` [it](x) is.", "**Yes**, `so` [it](x) is."),
    "a list": ("We have:\n- soup\n* bread\n\nBye.", "We have:\n- soup.\n* bread.\n\nBye."),
    "a list with full stops": ("- Soup.\n- Bread!\n", "- Soup.\n- Bread!\n"),
    "a list of bold words": ("- **soup**\n- **bread**\n", "- **soup**.\n- **bread**\n"),
    "a numbered list": ("We have:\n1. soup\n2) bread", "We have:\n1, soup.\n2, bread"),
    "a date that begins a row": ("Am\n3. Mai", "Am\n3. Mai"),
    "a heading": ("## Hours\nAt noon.", "## Hours.\nAt noon."),
    "paragraphs": ("We are open\n\nCome in", "We are open.\n\nCome in"),
    "a smile after the full stop": ("It is good! 😀\n\nCome in", "It is good! 😀\n\nCome in"),
    "a row that goes on": ("This is\nus.", "This is\nus."),
    "code": ("So:\n```python\nprint(1)\n```\nDone.", "So:\n\nDone."),
    "code without an end": ("So:\n~~~js\nalert(1)", "So:\n"),
    "prose in a fence": ("```\nAt noon.\n```", "At noon.\n"),
    "a table": ("| Tea | 3 |\n|:--|--:|\n| Soup | 5 |\n", "Tea, 3.\nSoup, 5\n"),
    "a comment": ("Hi<!-- a - b\nc --> there", "Hi there"),
    "tags": ("<p>Hi <b>you</b><br/>there</p>", "Hi you there"),
    "an address in a tag": ("<https://x.example>", "https://x.example"),
    "no tag": ("3 < 5 and 5 > 3, a<b", "3 < 5 and 5 > 3, a<b"),
    "entities": ("Tea&nbsp;&amp; soup &copy", "Tea\u00a0& soup &copy"),
}


def kept(text: str, length: int) -> str:
    markup = Markup()
    return "".join(markup.feed(text[at : at + length]) for at in range(0, len(text), length)) + markup.flush()


@pytest.mark.parametrize("length", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("text", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_for_the_eye_is_removed_wherever_the_text_is_cut(text: str, expected: str, length: int) -> None:
    assert kept(text, length) == expected


def test_words_are_not_held_back() -> None:
    markup = Markup()
    assert [markup.feed(piece) for piece in ("We", " open", " at", " noon", ".")] == [
        "We",
        " open",
        " at",
        " noon",
        ".",
    ]
