"""What carriers and callers send in unusual but common ways, and what has always been made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension

if TYPE_CHECKING:
    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

ASSERTED, PARAMETERS, NATIONAL = "+12025550147", "+12025550148", "2025550149"
pytestmark = pytest.mark.slow

LARGE = 3300  # characters of a header, with which the INVITE has about 3.9 kB
FAREWELL = "thank you for calling goodbye"
SOUP, PLAN = "What soup do you have?", "Bye for now to my old plan, which plan is the new one?"
CALLS = {
    "a withheld number that the carrier asserts": [
        *("--from", "anonymous", "--from-host", "anonymous.invalid", "--header", "Privacy: id"),
        *("--header", f"P-Asserted-Identity: <sip:{ASSERTED}@carrier.example>", "--say", "Do you have lemon cake?"),
    ],
    "user=phone": [
        *("--from", PARAMETERS, "--from-host", "carrier.example;user=phone", "--say", "Do you have apple cake?")
    ],
    "a national number": ["--from", NATIONAL, "--say", "Do you have carrot cake?"],
    "keys without marker bits": ["--no-marker", "--dtmf", "1223#"],
    "a large INVITE": ["--header", f"Identity: {'x' * LARGE}", "--say", SOUP],
    "a goodbye to something": ["--say", SOUP, "--say", PLAN, "--say", "Thanks, bye.", "--stay", "20"],
    "thoughts": ["--say", "What does a coffee cost?"],
}
RULES = [
    {"match": "keys pressed. 1 2 2 3$", "answer": "That code is right."},
    {"match": "soup", "answer": "The soup is tomato."},
    {"match": "new one", "answer": "The new plan is cheaper."},
    {"match": "coffee", "answer": "<think>They ask for the price. I say elephants.</think> We have fresh coffee."},
    {"match": "cake", "answer": "We have every cake."},
]
# A contacts file that a German spreadsheet has saved as "Unicode Text". Its numbers are written as people dial them.
CONTACTS = f"Name\tRufnummer\tBemerkung\r\nAnn Smith\t+1 (202) 555-0148\t\r\nBob Miller\t{NATIONAL}\tlikes tea\r\n"


@dataclass(frozen=True)
class Day:
    """Everything that has happened on an extension that is gone again."""

    outcomes: dict[str, Outcome]
    thought: list[dict[str, Any]]  # requests to the model
    logs: str

    def instructions(self, words: str) -> str:
        """What the model was told before the conversation in which the caller said these words."""
        asked = [request["body"]["messages"] for request in self.thought]
        told = [messages for messages in asked if words in json.dumps(messages[1:])]
        assert told, f"the model was never told “{words}”"
        return str(told[-1][0]["content"])


@pytest.fixture(scope="module")
def day(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Day:
    with an_extension(line, tmp_path_factory.mktemp("usual"), IDLE_PROCESSES="3") as extension:
        return _held(extension)


def _held(extension: Extension) -> Day:
    extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
    (extension.folder / "contacts.csv").write_bytes(CONTACTS.encode("utf-16"))
    outcomes = extension.calls_by_name(CALLS)
    extension.until(lambda: extension.is_idle, "idle")
    return Day(outcomes, extension.provider.asked("llm"), extension.logs)


def test_a_number_that_is_withheld_from_us_stays_withheld(day: Day) -> None:
    outcome = day.outcomes["a withheld number that the carrier asserts"]
    assert outcome.hears("every cake"), outcome.printed
    assert "The caller is anonymous" in day.instructions("lemon")
    assert ASSERTED.lstrip("+") not in json.dumps(day.thought)
    assert ASSERTED.lstrip("+") not in day.logs


def test_a_from_address_with_user_phone_is_a_caller_with_that_number(day: Day) -> None:
    outcome = day.outcomes["user=phone"]
    assert outcome.hears("every cake"), outcome.printed
    assert "name of the caller: Ann Smith" in day.instructions("apple")


def test_a_contact_of_a_spreadsheet_is_known_by_a_number_as_it_is_dialled(day: Day) -> None:
    outcome = day.outcomes["a national number"]
    assert outcome.hears("every cake"), outcome.printed
    assert "name of the caller: Bob Miller" in day.instructions("carrot")
    assert "contacts.csv" not in day.logs


def test_keys_whose_packets_have_no_marker_bit_are_taken_once_each(day: Day) -> None:
    outcome = day.outcomes["keys without marker bits"]
    told = [message["content"] for request in day.thought for message in request["body"]["messages"]]
    assert "(keys pressed) 1 2 2 3" in told
    assert outcome.hears("code is right"), outcome.printed


def test_an_invite_of_several_packets_is_one_call(day: Day) -> None:
    outcome = day.outcomes["a large INVITE"]
    assert outcome.hears("soup is tomato"), outcome.printed
    assert day.logs.count("Call answered") == len(CALLS), day.logs


def test_a_goodbye_to_something_is_answered_and_a_goodbye_to_us_ends_the_call(day: Day) -> None:
    outcome = day.outcomes["a goodbye to something"]
    assert outcome.hears("new plan is cheaper"), outcome.printed
    assert outcome.heard.endswith(FAREWELL), outcome.printed
    assert outcome.hung_up, outcome.printed


def test_what_a_model_thinks_is_not_heard(day: Day) -> None:
    outcome = day.outcomes["thoughts"]
    assert outcome.hears("fresh coffee"), outcome.printed
    assert "elephants" not in outcome.heard, outcome.printed
