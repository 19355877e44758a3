"""What a job says of a call from a browser."""

import json
from typing import Any

import pytest

from agent.lines.browser_job import BrowserJob, browser_job

DRAFT = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("given", "job"),
    [
        ({"line": "coffee"}, None),
        ({"line": "coffee", "browser": False}, None),
        ({"line": "coffee", "browser": "yes"}, None),
        ({"line": "coffee", "browser": True}, BrowserJob()),
        ({"line": "coffee", "browser": True, "draft": ""}, BrowserJob()),
        ({"line": "coffee", "browser": True, "draft": DRAFT}, BrowserJob(DRAFT)),
        (["line"], None),
    ],
)
def test_a_job_says_whether_the_caller_comes_by_browser(given: Any, job: BrowserJob | None) -> None:
    assert browser_job(json.dumps(given)) == job


@pytest.mark.parametrize("metadata", ["", "coffee", "[" * 100_000])
def test_metadata_of_a_rule_that_was_made_by_hand_is_of_no_browser(metadata: str) -> None:
    assert browser_job(metadata) is None


@pytest.mark.parametrize("draft", ["../../lines", DRAFT[:-1], DRAFT + "0", DRAFT.upper(), f"{DRAFT}\n", 7, ["a"]])
def test_a_draft_is_named_by_hexadecimal_digits_alone(draft: Any) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        browser_job(json.dumps({"line": "coffee", "browser": True, "draft": draft}))


def test_no_phone_call_tries_a_draft() -> None:
    with pytest.raises(ValueError, match="only a call from a browser"):
        browser_job(json.dumps({"line": "coffee", "draft": DRAFT}))
