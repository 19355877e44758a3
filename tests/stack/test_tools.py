"""What the agent does besides talking, on real calls: it asks first, says what takes long, and what has failed."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow  # some two minutes, for calls that are all held before the first case

TOOLS = """
- name: book_table
  description: Book a table.
  method: POST
  url: {service}/tables
  arguments: {{type: object, properties: {{name: {{type: string}}, hour: {{type: string}}}}, required: [name, hour]}}
  answer: "{{text}}"
  confirm: I will book a table for {{name}} at {{hour}}. Is that right?
- name: find_parcel
  description: Find a parcel.
  url: {service}/parcels/{{number}}
  arguments: {{type: object, properties: {{number: {{type: string}}}}, required: [number]}}
  answer: The parcel is {{status}}.
  meanwhile: I am looking for your parcel.
  timeout: 5
  safe: true
"""
REPLIES: list[dict[str, Any]] = [
    {"match": "Frank", "body": '{"text": "The table is booked."}', "delay": 6},
    {"match": "/tables", "body": '{"text": "The table is booked."}'},
    {"match": "/parcels/slow", "body": '{"status": "on its way"}', "delay": 4},
    {"match": "/parcels/late", "body": '{"status": "on its way"}', "delay": 8},
    {"match": "/parcels/wrong", "status": 500},
    {"match": "/parcels/odd", "body": "<html>Welcome!</html>"},
    {"match": "/parcels", "body": '{"status": "on its way"}'},
]


def books(name: str, hour: str = "seven") -> dict[str, Any]:
    """The model's call of the tool, in which it claims that the caller has confirmed it."""
    return {"tool": "book_table", "arguments": {"name": name, "hour": hour, "confirmed": True}}


RULES: list[dict[str, Any]] = [
    # What the model makes of a tool's result.
    {"match": "words were:.*(eight|8|instead)", **books("David", "eight")},
    {"match": "words were:.*(what|would|cost)", **books("Grace")},
    {"match": "nothing was done", "answer": "All right, I will leave it."},
    {"match": "table is booked", "answer": "Your table is booked."},
    {"match": "parcel is on its way", "answer": "It will come tomorrow."},
    {"match": "did not answer within", "answer": "The service is too slow today."},
    {"match": "status 500", "answer": "The service has a problem."},
    {"match": "not json", "answer": "The service sent something strange."},
    {"match": "A-12 is on its way", "answer": "Your order will come on Monday."},
    {"match": "A-12 is cancelled", "answer": "Your order is cancelled."},
    {"match": "clivia is eleven years", "answer": "It is eleven years."},
    # What it makes of the caller's words.
    *({"match": f"table for {name}", **books(name)} for name in ("Anna", "Boris", "Clara", "David", "Emma", "Frank")),
    {"match": "table for grace", **books("Grace")},
    *(
        {"match": f"{kind} parcel", "tool": "find_parcel", "arguments": {"number": kind}}
        for kind in ("slow", "late", "wrong", "odd", "usual")
    ),
    {"match": "where is my order", "tool": "find_order", "arguments": {"number": "A-12"}},
    {"match": "cancel my order", "tool": "cancel_order", "arguments": {"number": "A-12"}},
    {"match": "how long is the warranty", "tool": "search_facts", "arguments": {"question": "warranty of the Clivia"}},
    {"match": "how heavy is the lamp", "answer": "It is four pounds."},
]
LAMPS = "".join(f"- The lamp number {number} is blue, and has {number % 7} bulbs.\n" for number in range(400))
CATALOG = f"# Lamps\n\n{LAMPS}- The warranty of the Clivia is eleven years.\n- The lamp Bellis weighs four pounds.\n"
YES = "Yes, please."
CALLS: dict[str, tuple[str, ...]] = {
    "yes by word": ("--say", "Please book a table for Anna.", "--say", YES),
    "yes by key": ("--say", "My friends need a table for Boris.", "--dtmf", "1"),
    "no": ("--say", "Do you have a table for Clara tonight?", "--say", "No, thank you."),
    "eight instead": ("--say", "Can you get me a table for David?", "--say", "Make it eight instead.", "--say", YES),
    "hung up at the question": ("--say", "We need a table for Emma, please."),
    "hung up after the yes": ("--say", "A table for Frank, as soon as possible.", "--say", YES),
    "made-up yes": ("--say", "Could there be a table for Grace?", "--say", "What would that cost?", "--say", "No."),
    "safe": ("--say", "Where is the usual parcel?"),
    "slow": ("--say", "Where is the slow parcel?", "--stay", "7"),
    "too slow": ("--say", "Where is the late parcel?", "--stay", "9"),
    "error": ("--say", "Where is the wrong parcel?"),
    "nonsense": ("--say", "Where is the odd parcel?"),
    "mcp": ("--say", "Where is my order?"),
    "mcp confirmed": ("--say", "Please cancel my order.", "--say", YES),
    "facts searched": ("--say", "How long is the warranty of the Clivia?"),
    "facts told": ("--say", "How heavy is the lamp Bellis?"),
}
SECRETS = {
    "WEBHOOK_URL": "{receiver}/ended",
    "WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"thirty-two letters are a secret!").decode(),
}


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    lines = {"shop": {"tools": ["end_call", "search_facts"]}, "plain": {}}
    webhook = {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"}
    home = tmp_path_factory.mktemp("tools")
    with an_extension(line, home, lines=lines, secrets=SECRETS, webhook=webhook, filler_after=6) as extension:
        provider = extension.provider
        provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        provider.replies(*REPLIES)
        (extension.folder / "tools.yaml").write_text(TOOLS.format(service=provider.receiver))
        shop = {"url": provider.mcp, "safe": ["find_order"]}
        extension.change(mcp={"shop": shop, "gone": {"url": f"http://{provider.name}:9/mcp"}})
        for name in lines:
            (extension.folder_of(name) / "facts" / "catalog.md").write_text(CATALOG)
        extension.restart()  # as `make up` does, so that a call's process knows the library before the call comes
        yield extension


@pytest.fixture(scope="module")
def calls(extension: Extension) -> Mapping[str, Outcome]:
    plain = extension.numbers["plain"]
    to = {name: ("--to", plain) if name == "facts told" else () for name in CALLS}
    placed = {name: ("--from", caller(name), *to[name], *said) for name, said in CALLS.items()}
    outcomes = extension.calls_by_name(placed)
    extension.until(lambda: len(extension.provider.received("/ended")) == len(CALLS), "reported", seconds=30)
    return outcomes


def caller(name: str) -> str:
    """The number that calls, by which the call is found again."""
    return f"+120255501{list(CALLS).index(name):02}"


def actions(extension: Extension, name: str) -> list[tuple[str, str]]:
    """What the webhook is told about what was to be done in a call."""
    events = [json.loads(got["body"])["data"] for got in extension.provider.received("/ended")]
    [event] = [event for event in events if event["caller"] == caller(name)]
    return [(action["what"], action["outcome"]) for action in event["actions"]]


def booked(extension: Extension, name: str) -> list[str]:
    """The hours for which a table was booked for somebody."""
    bodies = [json.loads(got["body"]) for got in extension.provider.received("/tables")]
    return [body["hour"] for body in bodies if body["name"] == name]


def test_a_spoken_yes_after_the_question_books_the_table(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    call = calls["yes by word"]
    assert call.says("is that right") < call.says("table is booked"), call.printed
    assert booked(extension, "Anna") == ["seven"]
    assert actions(extension, "yes by word") == [("book_table", "done")]


def test_the_key_one_is_a_yes(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    assert calls["yes by key"].hears("table is booked"), calls["yes by key"].printed
    assert booked(extension, "Boris") == ["seven"]
    assert actions(extension, "yes by key") == [("book_table", "done")]


def test_after_a_no_nothing_is_booked(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    assert calls["no"].hears("leave it"), calls["no"].printed
    assert booked(extension, "Clara") == []
    assert actions(extension, "no") == [("book_table", "declined")]


def test_other_words_change_what_is_asked_and_only_that_is_booked(
    extension: Extension, calls: Mapping[str, Outcome]
) -> None:
    call = calls["eight instead"]
    assert call.says("is that right") < call.says("is that right", nth=1) < call.says("table is booked"), call.printed
    assert booked(extension, "David") == ["eight"]
    assert actions(extension, "eight instead") == [("book_table", "unclear"), ("book_table", "done")]


def test_a_caller_who_hangs_up_at_the_question_has_booked_nothing(
    extension: Extension, calls: Mapping[str, Outcome]
) -> None:
    assert calls["hung up at the question"].hears("is that right"), calls["hung up at the question"].printed
    assert booked(extension, "Emma") == []
    assert actions(extension, "hung up at the question") == [("book_table", "unclear")]


def test_what_was_agreed_is_finished_although_the_caller_hangs_up(
    extension: Extension, calls: Mapping[str, Outcome]
) -> None:
    assert "table is booked" not in calls["hung up after the yes"].heard, calls["hung up after the yes"].printed
    assert booked(extension, "Frank") == ["seven"]
    assert actions(extension, "hung up after the yes") == [("book_table", "done")]


def test_a_model_that_claims_a_yes_books_nothing(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    call = calls["made-up yes"]
    assert call.says("is that right", nth=1) < call.says("leave it"), call.printed
    assert booked(extension, "Grace") == []
    assert actions(extension, "made-up yes") == [("book_table", "unclear"), ("book_table", "declined")]


def test_a_safe_tool_is_used_without_a_question(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    assert calls["safe"].hears("come tomorrow"), calls["safe"].printed
    assert "is that right" not in calls["safe"].heard
    assert actions(extension, "safe") == []


def test_a_slow_tool_is_announced(calls: Mapping[str, Outcome]) -> None:
    call = calls["slow"]
    assert re.search("looking for your parcel.*come tomorrow", call.heard), call.printed
    assert 1.5 < call.after_the_caller("looking for your parcel") < 5, call.printed
    assert "sorry" not in call.heard  # no apology for what is not over


def test_a_tool_that_takes_too_long_is_given_up_and_the_caller_is_told(calls: Mapping[str, Outcome]) -> None:
    call = calls["too slow"]
    assert re.search("looking for your parcel.*too slow today", call.heard), call.printed
    assert "come tomorrow" not in call.heard


@pytest.mark.parametrize(
    ("name", "told"), [("error", "service has a problem"), ("nonsense", "service sent something strange")]
)
def test_a_failure_is_told_in_words(calls: Mapping[str, Outcome], name: str, told: str) -> None:
    assert calls[name].hears(told), calls[name].printed


def test_a_tool_of_an_mcp_server_is_used(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    assert calls["mcp"].hears("order will come on monday"), calls["mcp"].printed
    assert len(extension.provider.received("/mcp/find_order")) == 1


def test_an_mcp_tool_that_is_not_safe_is_used_after_a_yes(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    call = calls["mcp confirmed"]
    assert call.says("is that right") < call.says("order is cancelled"), call.printed
    assert len(extension.provider.received("/mcp/cancel_order")) == 1
    assert actions(extension, "mcp confirmed") == [("cancel_order", "done")]


def test_a_call_goes_on_without_an_mcp_server_that_is_down(extension: Extension, calls: Mapping[str, Outcome]) -> None:
    assert all(call.code == 0 for call in calls.values()), [call.printed for call in calls.values() if call.code]
    assert "goes on without the tools of the MCP server gone" in extension.logs
    assert "the MCP server shop" not in extension.logs


def test_the_model_finds_a_fact_among_many(calls: Mapping[str, Outcome]) -> None:
    assert re.search("(11|eleven) years", calls["facts searched"].heard), calls["facts searched"].printed


def test_a_model_that_does_not_search_is_told_what_was_found(
    extension: Extension, calls: Mapping[str, Outcome]
) -> None:
    assert re.search("(4|four) pounds", calls["facts told"].heard), calls["facts told"].printed
    asked = [request["body"]["messages"] for request in extension.provider.asked("llm")]
    [*_, found, question] = next(it for it in reversed(asked) if "How heavy" in it[-1]["content"])
    assert (found["role"], question["role"]) == ("system", "user")
    assert "Bellis weighs four pounds" in found["content"]
    assert "Clivia" not in found["content"]
