"""The extension itself: a further agent on the line, whose provider and whose callers do as a test tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stack.extension import Extension, an_extension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    with an_extension(line, tmp_path_factory.mktemp("extension")) as extension:
        extension.provider.script(
            rules=[
                {"kind": "llm", "match": "soup", "answer": "The soup is tomato."},
                {"kind": "llm", "match": "bread", "answer": "The bread is fresh."},
                {"kind": "llm", "match": "wanted to know", "tool": "end_call"},
                {"kind": "llm", "match": "say goodbye", "answer": "Have a nice day."},
            ]
        )
        yield extension


def test_callers_at_once_hear_what_the_script_says_and_a_tool_is_called(extension: Extension) -> None:
    outcomes = extension.calls_by_name(
        {
            "soup": ["--say", "What soup do you have?"],
            "bread": ["--say", "Do you have any bread?"],
            "no more": ["--say", "That was all I wanted to know.", "--stay", "10"],
        }
    )
    soup, bread, no_more = outcomes.values()
    assert soup.hears("soup is tomato"), soup.printed
    assert soup.after_the_caller("soup is tomato") < 6, soup.printed
    assert bread.hears("bread is fresh"), bread.printed
    assert no_more.hears("have a nice day"), no_more.printed
    assert no_more.hung_up, no_more.printed


def test_the_receiver_is_reached_from_the_agents_container(extension: Extension) -> None:
    url = f"{extension.provider.receiver}/hook"
    post = f"import urllib.request as r; print(r.urlopen({url!r}, b'told').status)"
    extension.provider.replies({"match": "hook", "status": 201})
    assert extension.run(post).strip() == "201"
    assert [request["body"] for request in extension.provider.received("/hook")] == ["told"]
