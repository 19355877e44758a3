"""Calls of the line's own: who is told what, who is not called, and who may ask for a call.

The called phone is the extension's second person. The calls are ordered as an operator orders them: by make dial's own
program in the agent's container, and by POST /calls through Caddy.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.stack.extension import Extension, an_extension
from tests.support.containers import docker
from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

ANNA, BEN, CARLA, DAVID, EVE, FRANK, GINA, HANNA = (f"+1202555014{digit}" for digit in range(8))
TOKEN = "a-token-for-tests-that-nobody-guesses"
SECRET = "blue table"  # what only the right person may hear
PURPOSE = f"Her {SECRET} is ready to be collected."
INTRODUCTION = "This is the coffee shop on Main Street."
MESSAGE = "Please call the coffee shop back tomorrow."
GREETING = "You have reached the voicemail of Carla. Please leave a message after the beep."
QUESTION, WRONG_PERSON = "am i speaking with", "sorry to have disturbed"
ALWAYS = {"quiet_from": "00:00", "quiet_until": "00:00", "quiet_days": []}
RINGING = 6  # seconds

# What each of them is like, and how the call is to end for the endpoint.
TALKING: Mapping[str, Sequence[str]] = {
    ANNA: ["--say", "Hello?", "--say", "Yes, this is Anna.", "--stay", "8"],
    BEN: ["--say", "Hello?", "--say", "No, she is not here.", "--stay", "20"],
    CARLA: ["--voicemail", GREETING, "--stay", "30"],
}
ABSENT: Mapping[str, Sequence[str]] = {
    DAVID: ["--busy"],
    EVE: ["--no-answer"],
    FRANK: ["--decline"],
}
ANNOYED: Mapping[str, Sequence[str]] = {GINA: ["--say", "Hello?", "--say", "Do not call me again.", "--stay", "20"]}


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    outbound = {
        **ALWAYS,
        "enabled": True,
        "introduction": INTRODUCTION,
        "message": MESSAGE,
        "ringing": RINGING,
        "prefixes": ["+1"],
    }
    home = tmp_path_factory.mktemp("outbound")
    with an_extension(line, home, person=True, silent_caller_after=20, outbound=outbound, API_TOKEN=TOKEN) as it:
        it.provider.script(
            rules=[
                # What livekit-agents' answering machine detection asks a model.
                {"kind": "llm", "match": "^hello\\?$", "tool": "save_prediction", "arguments": {"label": "human"}},
                {"kind": "llm", "match": "tell them why you are calling", "answer": f"Your {SECRET} is ready."},
            ],
            answers=["All right."],
        )
        for told in (*TALKING.values(), *ANNOYED.values()):
            for text in told[1::2]:
                it.hear(text)
        yield it


@dataclass
class Held:
    """What became of the calls: what make dial said, with which exit code, and the report of each phone."""

    said: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    people: dict[str, Outcome] = field(default_factory=dict)


@pytest.fixture(scope="module")
def held(extension: Extension) -> Held:
    held = Held()
    for people in (ABSENT, TALKING, ANNOYED):
        with extension.person.takes(*(["--number", number, *told] for number, told in people.items())) as taken:
            dialling = {number: dial(extension, number) for number in people}
            for number, process in dialling.items():
                held.said[number], _ = process.communicate(timeout=120)
                held.codes[number] = process.returncode
        held.people |= dict(zip(people, taken.outcomes, strict=True))
    return held


def dial(extension: Extension, number: str, name: str = "Anna") -> subprocess.Popen[str]:
    """Have the extension's agent call this number, by the program that bootstrap/host/dial.sh runs."""
    given = {"TO": number, "NAME": name, "PURPOSE": PURPOSE}
    values = [part for pair in given.items() for part in ("--env", "=".join(pair))]
    command = ["docker", "exec", *values, extension.container, "python", "-m", "agent.worker.dial"]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def dialled(extension: Extension, number: str) -> tuple[int, str]:
    process = dial(extension, number)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_make_dial_says_what_becomes_of_the_call_until_it_ends(held: Held) -> None:
    placed, *_, last = held.said[ANNA].splitlines()
    assert placed in ("The call was placed.", "The phone is ringing."), held.said[ANNA]
    assert "Somebody has answered." in held.said[ANNA]
    assert last == "The call has ended: the person who was called hung up."
    assert held.codes[ANNA] == 0


def test_who_confirms_the_name_is_told_why(held: Held) -> None:
    heard = held.people[ANNA]
    introduced, asked, told = heard.says("main street"), heard.says(QUESTION), heard.says(SECRET)
    assert introduced <= asked < told, heard.printed
    assert "how can i help" not in heard.heard, heard.printed  # which is said to those who call


def test_somebody_else_hears_nothing_private_and_no_model_is_told_of_it(extension: Extension, held: Held) -> None:
    heard = held.people[BEN]
    assert heard.hears(QUESTION), heard.printed
    assert heard.hears(WRONG_PERSON), heard.printed
    assert SECRET not in heard.heard, heard.printed
    assert heard.hung_up, heard.printed
    assert "somebody else had answered" in held.said[BEN]
    assert held.codes[BEN] == 1
    # Anna's conversation alone knows it.
    knowing = [it for it in extension.provider.asked("llm") if SECRET in json.dumps(it["body"]["messages"])]
    assert knowing
    assert all("She is not here" not in json.dumps(it["body"]["messages"]) for it in knowing)


def test_an_answering_machine_gets_the_message_after_its_beep_and_nothing_private(held: Held) -> None:
    heard = held.people[CARLA]
    assert heard.hears("back tomorrow"), heard.printed
    assert heard.says("back tomorrow") >= heard.report["turns"][0]["end"], heard.printed
    assert SECRET not in heard.heard, heard.printed
    assert QUESTION not in heard.heard, heard.printed
    assert heard.hung_up, heard.printed
    assert "a message was left on an answering machine" in held.said[CARLA]
    assert held.codes[CARLA] == 0


@pytest.mark.parametrize(
    ("number", "why"), [(DAVID, "the number was busy"), (EVE, "nobody answered"), (FRANK, "the call was declined")]
)
def test_who_cannot_be_reached_is_told_of_by_make_dial(held: Held, number: str, why: str) -> None:
    assert held.said[number].splitlines()[-1] == f"The call has ended: {why}."
    assert held.codes[number] == 1


def test_who_does_not_answer_is_rung_for_as_long_as_the_line_says(held: Held) -> None:
    outcome = held.people[EVE]
    assert outcome.hung_up, outcome.printed
    assert RINGING - 1 < outcome.report["ended_after"] < RINGING + 3, outcome.printed


def test_who_wants_no_more_calls_gets_none(extension: Extension, held: Held) -> None:
    heard = held.people[GINA]
    assert heard.hears("we will not call you again"), heard.printed
    assert SECRET not in heard.heard, heard.printed
    assert "the person asked not to be called again" in held.said[GINA]
    code, said = dialled(extension, GINA)
    assert (code, said) == (2, "error: The number is on the line's do-not-call list: the person wants no more calls.\n")
    listed = docker("exec", extension.container, "python", "-m", "agent.outbound.do_not_call", extension.name)
    assert listed.split()[0::2] == [GINA, "caller"]


def test_nobody_is_called_when_it_is_quiet_where_they_are(extension: Extension, held: Held) -> None:
    there = datetime.now(ZoneInfo("America/New_York"))
    begins, ends = (f"{there + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    extension.change(outbound={"quiet_from": begins, "quiet_until": ends})
    try:
        code, said = dialled(extension, HANNA)
    finally:
        extension.change(outbound=ALWAYS)
    assert code == 2, said
    assert "where the person is" in said
    assert held.codes[ANNA] == 0  # who was called at another time


@pytest.mark.parametrize("number", ["+1911", "911", "+19005551234", "+4930123456"])
def test_no_emergency_number_no_premium_number_and_no_other_country_is_ever_called(
    extension: Extension, number: str
) -> None:
    code, said = dialled(extension, number)
    assert code == 2, said
    assert said.startswith("error: The")


def test_no_log_has_a_number_a_name_or_a_purpose(extension: Extension, held: Held) -> None:
    assert held.codes
    for word in (*TALKING, *ABSENT, *ANNOYED, "Anna", SECRET):
        assert word not in extension.logs


# Through Caddy, as from the internet.


@contextmanager
def caddy(extension: Extension, calls_api: str) -> Iterator[str]:
    """Caddy with the bundle's own configuration, and the extension's agent in the place of the line's; its address."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    agent = docker("inspect", "--format", form, extension.container).strip()
    name, image = f"{extension.line.project}-{extension.name}-caddy", compose_file()["services"]["caddy"]["image"]
    options = ["--network", f"{extension.line.project}_default", "--add-host", f"agent:{agent}"]
    options += ["--env", "SITE=localhost", "--env", f"CALLS_API={calls_api}", "--publish", "127.0.0.1::443"]
    options += ["--volume", f"{ROOT / 'caddy/Caddyfile'}:/etc/caddy/Caddyfile:ro"]
    docker("rm", "--force", name, check=False)
    docker("run", "--detach", "--name", name, *options, image)
    try:
        address = f"https://localhost:{docker('port', name, '443').splitlines()[0].rpartition(':')[2]}"
        extension.until(lambda: ask(f"{address}/agent")[0] == 404, "reached through Caddy")
        yield address
    finally:
        docker("rm", "--force", name, check=False)


def ask(url: str, body: dict[str, Any] | None = None, token: str = "", key: str = "") -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer; status 0 if there is none yet. Its certificate is Caddy's own."""
    unchecked = ssl._create_unverified_context()  # noqa: S323
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    headers |= {"Idempotency-Key": key} if key else {}
    data = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(url, data, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10, context=unchecked) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return error.code, json.loads(text) if text.startswith("{") else {}
    except OSError:
        return 0, {}


def test_a_call_is_placed_from_outside_with_the_token_alone_and_once_for_a_key(extension: Extension) -> None:
    body = {"to": HANNA, "purpose": PURPOSE, "name": "Hanna"}
    with caddy(extension, "yes") as address, extension.person.takes(["--number", HANNA, "--busy"]) as taken:
        for token in ("", "wrong", TOKEN[:-1], f"{TOKEN}x"):
            status, answer = ask(f"{address}/calls", body, token)
            assert (status, answer["reason"]) == (401, "token")
        status, placed = ask(f"{address}/calls", body, TOKEN, key="order-1")
        assert (status, placed["line"], placed["result"]) == (201, extension.name, None)
        assert ask(f"{address}/calls", body, TOKEN, key="order-1")[1]["id"] == placed["id"]
        assert ask(f"{address}/calls/{placed['id']}", token="wrong")[0] == 401
        told = f"{address}/calls/{placed['id']}"
        extension.until(lambda: ask(told, token=TOKEN)[1].get("state") == "ended", "told of the call's end")
        assert ask(told, token=TOKEN)[1]["result"] == "busy"
        assert ask(f"{address}/calls/none", token=TOKEN)[0] == 404
    [outcome] = taken.outcomes
    assert outcome.code == 0, outcome.printed


def test_without_a_token_in_env_nothing_leads_to_the_endpoint_from_outside(extension: Extension) -> None:
    with caddy(extension, "no") as address:
        assert ask(f"{address}/calls", {"to": HANNA, "purpose": PURPOSE}, TOKEN) == (404, {})


def test_make_dial_itself_asks_the_lines_agent_which_makes_no_calls_by_default(line: Line) -> None:
    done = line.run("make", "dial", f"TO={ANNA}", f"PURPOSE={PURPOSE}", check=False)
    assert done.returncode == 2
    assert "error: The line makes no calls: set enabled = true in [outbound] of its line.toml." in done.stderr
