"""Callers are transferred to people: who hears whom and when, what each is told, and who hangs up on whom.

Each person has a number of their own, by which the second phone knows how to take the call.
"""

from __future__ import annotations

import json
import re
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension
from tests.stack.outcome import plain
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow  # some two minutes, for calls that are all held before the first case

WITHIN = 2.0  # seconds in which the other leg ends, too
LATE = 1.5  # seconds more that a phone on a busy machine may take to notice
NUMBER_SAID = "+12025550188"  # by the model, which has it from a caller
SUMMARY = "The caller would like a table for six."
ELSE = "The soup is tomato."


@dataclass(frozen=True)
class Case:
    """One call: the caller asks for something that the person is there for, whose phone does as it is told."""

    asks: str
    caller: Sequence[str]  # what their phone does after they have asked
    person: Sequence[str] = ()  # what the person's phone does; empty: it gets no call
    kind: str = "warm"
    ringing: int = 25


# Words that no other caller says, either of which Whisper may miss.
ASKED = {
    "Anna": "to Anna|complaint",
    "Ben": "coffee machine|my office",
    "Carla": "responsible|advertising",
    "David": "invoice|October",
    "Eve": "want to rent|a wedding",
    "Frank": "parcel|has arrived",
    "Grace": "wallet|yesterday",
    "Henry": "has parked|my garage",
    "Iris": "journalist|about cakes",
    "Jack": "my daughter|summer job",
    "Luke": "heating|a repair",
}
CASES = {
    # Both talk all the time, from before they are joined until after it.
    "Anna": Case(
        "Please let me speak to Anna about a complaint.",
        [
            *("--at", "13", "--say", "My bicycle is red.", "--at", "19", "--say", "My umbrella is green."),
            *("--at", "25", "--say", "My window is open.", "--at", "46", "--say", "There is a lion in the garden."),
            *("--at", "52", "--say", "I would like a glass of water.", "--stay", "2"),
        ],
        [
            *("--at", "2", "--say", "This is the bakery.", "--at", "7", "--say", "We bake fresh bread."),
            *("--at", "16", "--dtmf", "1", "--at", "29", "--say", "The tomato soup is hot."),
            *("--at", "36", "--say", "We also sell purple socks.", "--stay", "40"),
        ],
    ),
    "Ben": Case(
        "The coffee machine in my office is broken.", ["--stay", "90"], ["--say", "Yes, please.", "--stay", "9"]
    ),
    "Carla": Case(
        "Who is responsible for your advertising?",
        ["--at", "40", "--say", "What soup do you have?"],
        ["--dtmf", "2", "--stay", "20"],
    ),
    "David": Case("My invoice from October is wrong.", ["--stay", "4"], ["--busy"]),
    "Eve": Case("I want to rent your garden for a wedding.", ["--stay", "4"], ["--no-answer"], ringing=5),
    "Frank": Case(
        "A parcel of yours has arrived at my house.",
        ["--stay", "4"],
        ["--voicemail", "Nobody can come to the phone right now. You may record something for us.", "--stay", "60"],
    ),
    "Grace": Case("I lost my black wallet yesterday evening.", ["--max-seconds", "20"], ["--no-answer"]),
    "Henry": Case(
        "Somebody has parked in front of my garage.",
        ["--at", "18", "--say", "Never mind.", "--at", "28", "--say", "What soup do you have?"],
        ["--no-answer"],
    ),
    "Iris": Case("I am a journalist, and I write about cakes.", ["--refer", "accept", "--stay", "40"], kind="cold"),
    "Jack": Case(
        "My daughter is looking for a summer job.",
        ["--refer", "603", "--at", "26", "--say", "There is a lion in the garden.", "--stay", "6"],
        ["--at", "10", "--say", "The tomato soup is hot.", "--stay", "40"],
        kind="cold",
    ),
    "Kate": Case(
        "Please connect me with the number that I gave you.",
        ["--say", "Then let me talk to the owner of the house.", "--stay", "3"],
    ),
    "Luke": Case("The heating in your kitchen needs a repair.", ["--refer", "fail", "--stay", "4"], kind="cold"),
}
# The page's example is Anna, with the settings that it prints.
EXAMPLE = tomllib.loads(
    re.findall(r"```toml\n(.*?)```", (ROOT / "docs/abilities/transfer.md").read_text(), re.DOTALL)[0]
)
[ANNA] = EXAMPLE["people"]
NUMBERS = {name: f"+120255501{place}" for place, name in enumerate(CASES, 40)} | {ANNA["name"]: ANNA["number"]}
NEVER_CALLED = {"Iris", "Kate", "Luke"}
NOT_JOINED = ["Carla", "David", "Eve", "Frank", "Grace", "Henry", "Luke"]
RULES: list[dict[str, Any]] = [
    {"match": "-----", "answer": SUMMARY},
    {"match": "connect me|that I gave", "tool": "transfer_call", "arguments": {"to": NUMBER_SAID}},
    {"match": "let me talk|owner of", "tool": "transfer_call", "arguments": {"to": "Mary"}},
    *({"match": words, "tool": "transfer_call", "arguments": {"to": name}} for name, words in ASKED.items()),
    {"match": "nobody of this name", "answer": "I cannot call that number."},
    {"match": "soup", "answer": ELSE},
]


@dataclass(frozen=True)
class Evening:
    callers: dict[str, Outcome]
    people: dict[str, Outcome]
    transfers: dict[str, Any]  # in the events that the webhook got, by the person's name
    ended: list[str]  # the outcomes of the calls in those events
    asked: list[dict[str, Any]]  # of the language model
    logs: str


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    secrets = {"WEBHOOK_URL": "{receiver}/ended", "WEBHOOK_SECRET": "a-secret-of-thirty-two-letters-00"}
    settings: dict[str, Any] = {
        "tools": EXAMPLE["tools"],
        "webhook": {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"},
        "people": [
            {
                "name": name,
                "number": NUMBERS[name],
                "when": f"Who asks for {name}.",
                "kind": case.kind,
                "ringing": case.ringing,
            }
            for name, case in CASES.items()
            if name != ANNA["name"]
        ]
        + [ANNA, closed("Mary")],
    }
    folder = tmp_path_factory.mktemp("transfer")
    with an_extension(line, folder, secrets=secrets, person=True, IDLE_PROCESSES="3", **settings) as extension:
        extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        extension.hear("Yes, please.")
        yield extension


def closed(name: str) -> dict[str, Any]:
    """A person who is there on one day only, which is not one of these."""
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%A").lower()
    return {"name": name, "number": "+12025550139", "when": f"Who asks for {name}.", day: ["10:00-12:00"]}


@pytest.fixture(scope="module")
def evening(extension: Extension) -> Evening:
    return held(extension, [name for name in CASES if name not in NOT_JOINED])


@pytest.fixture(scope="module")
def night(extension: Extension) -> Evening:
    """The calls of those who are not joined with anybody."""
    return held(extension, NOT_JOINED)


def held(extension: Extension, names: Sequence[str]) -> Evening:
    before = len(bodies(extension))
    called = [name for name in names if name not in NEVER_CALLED]
    with extension.person.takes(*(person(name) for name in called)) as taken:
        callers = extension.calls_by_name({name: caller(name) for name in names})
    people = dict(zip(called, taken.outcomes, strict=True))
    extension.until(lambda: len(bodies(extension)) == before + len(names), "telling of each call")
    ended = [received["data"] for received in bodies(extension)[before:]]
    outcomes = [data["outcome"] for data in ended]
    # Kate's caller is transferred to nobody, and each other one to one person.
    assert sorted(len(data["transfers"]) for data in ended) == sorted(int(name != "Kate") for name in names)
    transfers = {transfer["to"]: transfer for data in ended for transfer in data["transfers"]}
    return Evening(callers, people, transfers, outcomes, extension.provider.asked("llm"), extension.logs)


def caller(name: str) -> list[str]:
    return ["--say", CASES[name].asks, *CASES[name].caller]


def person(name: str) -> list[str]:
    return ["--number", NUMBERS[name], "--wait", "400", *CASES[name].person]


def bodies(extension: Extension) -> list[dict[str, Any]]:
    return [json.loads(request["body"]) for request in extension.provider.received("/ended")]


def at(outcome: Outcome, seconds: float) -> float:
    """A moment of a phone's report as seconds of the epoch, which all phones of this machine share."""
    return outcome.began_at + seconds


def said(outcome: Outcome, words: str) -> tuple[float, float]:
    """When this phone began and ended to say the words."""
    [part] = [part for part in outcome.report["conversation"] if part["who"] != "line" and words in plain(part["text"])]
    return at(outcome, part["start"]), at(outcome, part["end"])


def joined(person: Outcome) -> float:
    """When a person was told that they are connected; at the caller's ear, the music goes over into that sentence."""
    return at(person, person.says("connecting you"))


@pytest.mark.parametrize("words", ["bicycle", "umbrella", "window"])
def test_the_person_does_not_hear_what_the_caller_says_before_they_are_joined(evening: Evening, words: str) -> None:
    anna = evening.people["Anna"]
    assert said(evening.callers["Anna"], words)[1] < joined(anna), evening.callers["Anna"].printed
    assert words not in anna.heard, anna.printed


@pytest.mark.parametrize("words", ["bakery", "fresh bread"])
def test_the_caller_does_not_hear_what_the_person_says_before_they_are_joined(evening: Evening, words: str) -> None:
    caller, anna = evening.callers["Anna"], evening.people["Anna"]
    assert said(anna, words)[1] < joined(anna), anna.printed
    assert words not in caller.heard, caller.printed


def test_the_two_hear_each_other_once_they_are_joined(evening: Evening) -> None:
    caller, anna = evening.callers["Anna"], evening.people["Anna"]
    assert anna.hears("lion in the garden"), anna.printed
    assert anna.hears("glass of water"), anna.printed
    assert caller.hears("tomato soup"), caller.printed
    assert caller.hears("purple socks"), caller.printed


def test_only_the_person_hears_what_the_call_is_about(evening: Evening) -> None:
    assert evening.people["Anna"].hears("table for six"), evening.people["Anna"].printed
    assert "table for six" not in evening.callers["Anna"].heard, evening.callers["Anna"].printed


def test_only_the_caller_hears_music_while_they_wait(night: Evening) -> None:
    """Music has no pauses, so the caller's phone counts it and the sentence before it as one utterance."""
    caller, frank = night.callers["Frank"], night.people["Frank"]
    [waiting] = [part for part in caller.said if "calling them" in plain(part["text"])]
    assert waiting["end"] - waiting["start"] > 20, caller.printed
    assert all(part["end"] - part["start"] < 12 for part in frank.said), frank.printed


def test_the_agent_hears_and_thinks_nothing_once_the_two_are_joined(evening: Evening) -> None:
    told = str([request["body"] for request in evening.asked])
    assert "umbrella" not in told  # the model is asked nothing while the caller waits
    assert "lion" not in told
    assert "purple socks" not in told


def test_the_persons_phone_is_hung_up_on_when_the_caller_hangs_up(evening: Evening) -> None:
    caller, anna = evening.callers["Anna"], evening.people["Anna"]
    assert caller.report["ended_by"] == "caller", caller.printed
    assert anna.hung_up, anna.printed
    assert 0 <= anna.ended_at - caller.ended_at < WITHIN + LATE
    assert evening.transfers["Anna"]["outcome"] == "joined"
    assert evening.transfers["Anna"]["seconds"] > 5


def test_a_person_who_says_yes_is_joined_and_the_callers_phone_is_hung_up_on_when_they_hang_up(
    evening: Evening,
) -> None:
    caller, ben = evening.callers["Ben"], evening.people["Ben"]
    assert ben.report["ended_by"] == "person", ben.printed
    assert caller.hung_up, caller.printed
    assert 0 <= caller.ended_at - ben.ended_at < WITHIN + LATE
    assert evening.transfers["Ben"]["outcome"] == "joined"
    assert "the person hung up" in evening.ended


@pytest.mark.parametrize(
    ("name", "words", "outcome"),
    [
        ("Carla", "cannot take your call", "declined"),
        ("David", "line is busy", "busy"),
        ("Eve", "nobody is answering", "no_answer"),
        ("Frank", "nobody is answering", "not_accepted"),
        ("Henry", "will not connect you", "caller_declined"),
        ("Luke", "line is busy", "busy"),
    ],
)
def test_who_cannot_be_transferred_is_told_why_and_the_record_says_so(
    night: Evening, name: str, words: str, outcome: str
) -> None:
    assert night.callers[name].hears(words), night.callers[name].printed
    assert "connecting you" not in night.callers[name].heard
    transfer = night.transfers[name]
    assert (transfer["outcome"], transfer["kind"], transfer["seconds"]) == (outcome, CASES[name].kind, 0)


@pytest.mark.parametrize("name", ["Carla", "Henry"])
def test_a_caller_who_was_not_transferred_goes_on_talking_with_the_agent(night: Evening, name: str) -> None:
    assert night.callers[name].hears("soup is tomato"), night.callers[name].printed


def test_a_caller_who_hangs_up_while_it_rings_ends_the_ringing(night: Evening) -> None:
    grace = night.people["Grace"]
    assert grace.report["rang_after"] is not None, grace.printed
    assert grace.report["answered_after"] is None
    assert grace.hung_up, grace.printed
    assert grace.report["ended_after"] < CASES["Grace"].ringing - 5, grace.printed
    assert night.transfers["Grace"]["outcome"] == "caller_left"


def test_a_caller_who_would_rather_not_wait_ends_the_ringing(night: Evening) -> None:
    henry = night.people["Henry"]
    assert henry.report["rang_after"] is not None, henry.printed
    assert henry.report["answered_after"] is None
    assert henry.report["ended_after"] < CASES["Henry"].ringing - 5, henry.printed


def test_a_cold_transfer_is_the_carriers_and_the_call_leaves_the_line(evening: Evening) -> None:
    iris = evening.callers["Iris"]
    [referral] = iris.report["referrals"]
    assert f"tel:{NUMBERS['Iris']}" in referral["to"]
    assert iris.hung_up, iris.printed
    assert evening.transfers["Iris"]["outcome"] == "transferred"
    assert "the caller was transferred" in evening.ended


def test_where_the_trunk_refuses_refer_the_two_are_joined_by_a_second_leg(evening: Evening) -> None:
    caller, jack = evening.callers["Jack"], evening.people["Jack"]
    assert [one["status"] for one in caller.report["referrals"]] == [603]
    assert jack.hears("lion in the garden"), jack.printed
    assert caller.hears("tomato soup"), caller.printed
    assert "have a caller for you" not in jack.heard, jack.printed
    assert (evening.transfers["Jack"]["kind"], evening.transfers["Jack"]["outcome"]) == ("cold", "joined")


def test_neither_a_number_that_the_model_names_nor_somebody_outside_their_hours_is_called(evening: Evening) -> None:
    kate = evening.callers["Kate"]
    kate.says("cannot call that number", 1)  # once for the number, and once for Mary
    assert set(evening.transfers) == set(CASES) - {"Kate", *NOT_JOINED}
    offered = [tool for request in evening.asked for tool in request["body"].get("tools", [])]
    [names] = {
        tuple(tool["function"]["parameters"]["properties"]["to"]["enum"])
        for tool in offered
        if tool["function"]["name"] == "transfer_call"
    }
    assert set(names) == set(CASES)  # without Mary
    told = str(evening.asked)
    assert not [number for number in NUMBERS.values() if number in told]


def test_no_number_and_no_name_of_a_person_is_in_the_log(evening: Evening) -> None:
    assert "Transfer to a person: joined" in evening.logs
    for secret in (*NUMBERS.values(), *CASES, "bicycle", "lion"):
        assert secret not in evening.logs


KILLED = """
import os, signal
for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
    command = open(f"/proc/{pid}/cmdline").read()
    if pid not in (1, os.getpid()) and ("spawn_main" in command or "forkserver" in command):
        os.kill(pid, signal.SIGKILL)
"""


def test_the_two_talk_on_when_the_calls_process_is_killed_and_one_still_ends_the_other(extension: Extension) -> None:
    says = ["--at", "44", "--say", "There is a lion in the garden.", "--at", "52", "--say", "My window is open."]
    calling = ["--say", CASES["Ben"].asks, *says, "--stay", "3"]
    answering = ["--number", NUMBERS["Ben"], "--at", "3", "--dtmf", "1", "--stay", "90"]
    joins = extension.logs.count("Transfer to a person: joined")
    with extension.person.takes(answering) as taken, ThreadPoolExecutor() as pool:
        waiting = pool.submit(extension.call, *calling)
        extension.until(lambda: extension.logs.count("Transfer to a person: joined") > joins, "joining the two", 60)
        extension.run(KILLED)
        killed = time.time()
        caller = waiting.result()
    [ben] = taken.outcomes
    assert said(caller, "lion")[0] > killed, caller.printed
    assert ben.hears("lion in the garden"), ben.printed
    assert ben.hears("window is open"), ben.printed
    assert caller.report["ended_by"] == "caller", caller.printed
    assert ben.hung_up, ben.printed
    assert 0 <= ben.ended_at - caller.ended_at < WITHIN + LATE
    assert "the two talk on" in extension.logs
    extension.until(lambda: extension.is_idle, "rid of the room")
