"""Messages that callers leave, and what the line's owner is told at once, when the call is over and after an outage."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

SECRETS = {
    "WEBHOOK_URL": "{receiver}/hook",
    "WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"thirty-two letters are a secret!").decode(),
    "OWNER_CHAT": "json://{receiver_host}/chat",
}
SETTINGS: dict[str, Any] = {
    "secrets": SECRETS,
    "webhook": {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"},
    "tools": ["end_call", "take_message"],
    "notify": ["OWNER_CHAT"],
    "recording": {"enabled": True, "notice": "no"},
    "outcome": {
        "reason": {"meaning": "Why the caller called.", "kind": "choice", "choices": ["order", "message"]},
        "order": {"meaning": "The number of the order.", "kind": "number"},
        "back_by": {"meaning": "The day by which to call back.", "kind": "date"},
    },
}

OVEN = {"who": "Anna", "number": "", "about": "The oven is broken.", "urgent": True}
PARTY = {"who": "Peter", "number": "", "about": "The party is for twelve people.", "urgent": False}
KEYS = {"who": "Maria", "number": "", "about": "The keys are under the mat.", "urgent": False}
OFFICE = "+12025550177"
SUMMARY = "The caller asked where an order is."
FORM = {"SUMMARY": SUMMARY, "reason": "Order", "order": 4711, "back_by": "some day next week"}
# Each rule matches a few of the caller's words, because on a busy machine Whisper may get the others wrong.
RULES: list[dict[str, Any]] = [
    {"match": "^-{20}(.|\n)*my order", "answer": json.dumps(FORM)},
    {"match": "^-{20}", "answer": '{"SUMMARY": "A message.", "reason": "message", "order": null}'},
    {"match": "oven|your boss", "tool": "take_message", "arguments": OVEN},
    {"match": "party", "tool": "take_message", "arguments": PARTY},
    {"match": "my office", "tool": "take_message", "arguments": PARTY | {"number": OFFICE}},
    {"match": "the keys", "tool": "take_message", "arguments": KEYS},
    {"match": "said no, so nothing", "answer": "All right, I have forgotten it."},
    {"match": "will be passed on", "answer": "I have passed it on."},
    {"match": "my order", "answer": "It will come tomorrow."},
]
SAYS_OVEN = ("--say", "Please tell your boss that the oven is broken.")
SAYS_PARTY = ("--say", "I have a message about the party.")
SAYS_KEYS = ("--say", "Please take a message about the keys.")
YES = ("--say", "Yes, please.")
PATIENT = ("--patience", "2.5")  # longer than the pauses in a number that is read back

URGENT, CORRECTED, DECLINED = "+15550143101", "+15550143102", "+15550143103"
NO_ANSWER, ORDER, OUTAGE = "+15550143104", "+15550143105", "+15550143106"
QUESTION = "shall i pass it on"
OUTBOX = "import pathlib; print(*(file.name for file in pathlib.Path('/data/outbox').rglob('*.json')))"


@dataclass(frozen=True)
class Told:
    """Everything that has happened on an extension that is gone again."""

    outcomes: Mapping[str, Outcome]
    events: list[dict[str, Any]]  # that the webhook has received, in order
    chats: list[dict[str, Any]]  # that the owner's chat has received
    records: dict[str, dict[str, Any]]  # transcripts by the caller's number
    before_the_outage_was_over: list[str]  # what waited in the outbox
    logs: str

    def taken(self, number: str) -> list[dict[str, Any]]:
        """The messages that the webhook was told of while the call of this number was going on."""
        mine = [event["data"] for event in self.events if event["type"] == "message.taken"]
        return [data["message"] for data in mine if data["caller"] == number]

    def ended(self, number: str) -> dict[str, Any]:
        """What the webhook was told of the call of this number when it was over."""
        [data] = [
            event["data"]
            for event in self.events
            if event["type"] == "call.ended" and event["data"]["caller"] == number
        ]
        return dict(data)

    def chats_about(self, words: str) -> list[dict[str, Any]]:
        return [chat for chat in self.chats if words in chat["message"]]


@pytest.fixture(scope="module")
def told(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Told:
    with an_extension(line, tmp_path_factory.mktemp("messages"), IDLE_PROCESSES="3", **SETTINGS) as extension:
        extension.provider.script(rules=scripted(RULES))
        correction = ("--say", "No, please call my office instead.")
        outcomes = extension.calls_by_name(
            {
                URGENT: ["--from", URGENT, *PATIENT, *SAYS_OVEN, *YES],
                CORRECTED: ["--from", CORRECTED, *PATIENT, *SAYS_PARTY, *correction, *YES],
                DECLINED: ["--from", DECLINED, *PATIENT, *SAYS_KEYS, "--say", "No, thank you."],
                NO_ANSWER: ["--from", NO_ANSWER, *PATIENT, *SAYS_KEYS],
                ORDER: ["--from", ORDER, "--say", "Where is my order four seven one one?"],
            }
        )
        extension.until(lambda: len(calls_told(extension)) == len(outcomes), "telling of each call", seconds=60)
        waiting, outcomes[OUTAGE] = hold_a_call_in_an_outage(extension)
        records = [json.loads(file.read_text()) for file in extension.data().glob("calls/*/*/*/transcript.json")]
        return Told(
            outcomes,
            events(extension),
            [json.loads(post["body"]) for post in extension.provider.received("/chat")],
            {record["caller"]: record for record in records},
            waiting,
            extension.logs,
        )


def hold_a_call_in_an_outage(extension: Extension) -> tuple[list[str], Outcome]:
    """The caller hangs up after their yes, the receivers are down, and then the agent is killed.

    Nothing of the call is recorded. What had waited in the outbox until then, and the call.
    """
    slow = {"match": "will be passed on", "answer": "I have passed it on.", "delay": 30}
    extension.provider.script(rules=scripted([slow, *RULES]))
    extension.provider.receiver_is_up(False)
    extension.change(recording={"enabled": False})
    outcome = extension.call("--from", OUTAGE, *PATIENT, *SAYS_OVEN, *YES)
    extension.until(lambda: "call-ended" in extension.run(OUTBOX), "leaving the event in its outbox")
    waiting = extension.run(OUTBOX).split()
    extension.kill()
    extension.start()
    extension.provider.receiver_is_up(True)
    extension.until(lambda: not extension.run(OUTBOX).split(), "through with its outbox", seconds=60)
    return waiting, outcome


def scripted(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": "llm", **rule} for rule in rules]


def events(extension: Extension) -> list[dict[str, Any]]:
    """Each event once, although the webhook may be told of it twice."""
    posts = {post["headers"]["webhook-id"]: post["body"] for post in extension.provider.received("/hook")}
    return [json.loads(body) for body in posts.values()]


def calls_told(extension: Extension) -> list[dict[str, Any]]:
    return [event for event in events(extension) if event["type"] == "call.ended"]


def message(given: dict[str, Any], number: str) -> dict[str, Any]:
    return given | {"number": number}


def without_time(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "at"} for one in messages]


def test_an_urgent_message_is_read_back_and_after_a_yes_in_webhook_chat_and_record(told: Told) -> None:
    outcome = told.outcomes[URGENT]
    assert outcome.hears("oven is broken"), outcome.printed
    assert outcome.hears("urgent"), outcome.printed
    assert outcome.says(QUESTION) < outcome.says("passed it on"), outcome.printed
    wanted = [message(OVEN, URGENT)]
    assert without_time(told.taken(URGENT)) == wanted
    assert without_time(told.ended(URGENT)["messages"]) == wanted
    assert without_time(told.records[URGENT]["messages"]) == wanted
    [chat] = told.chats_about(f"Call back: {URGENT}")
    assert chat["title"] == "Urgent message from Anna"
    assert "Message: The oven is broken." in chat["message"]


def test_the_webhook_is_told_of_a_message_before_the_call_is_over(told: Told) -> None:
    which = [event["type"] for event in told.events if event["data"]["caller"] == URGENT]
    assert which == ["message.taken", "call.ended"]


def test_a_corrected_number_is_read_back_again_and_only_the_corrected_message_is_passed_on(told: Told) -> None:
    outcome = told.outcomes[CORRECTED]
    assert outcome.heard.count(QUESTION) == 2, outcome.printed
    assert without_time(told.taken(CORRECTED)) == [message(PARTY, OFFICE)]
    assert without_time(told.records[CORRECTED]["messages"]) == [message(PARTY, OFFICE)]
    assert [action["outcome"] for action in told.records[CORRECTED]["actions"]] == ["declined", "done"]
    [chat] = told.chats_about("twelve people")
    assert f"Call back: {OFFICE}" in chat["message"]


def test_a_declined_message_reaches_nobody(told: Told) -> None:
    outcome = told.outcomes[DECLINED]
    assert outcome.hears(QUESTION), outcome.printed
    assert outcome.hears("forgotten it"), outcome.printed
    assert (told.taken(DECLINED), told.ended(DECLINED)["messages"], told.chats_about("keys")) == ([], [], [])


def test_a_caller_who_hangs_up_instead_of_an_answer_leaves_no_message(told: Told) -> None:
    outcome = told.outcomes[NO_ANSWER]
    assert outcome.hears(QUESTION), outcome.printed
    assert (told.taken(NO_ANSWER), told.ended(NO_ANSWER)["messages"]) == ([], [])
    assert [action["outcome"] for action in told.records[NO_ANSWER]["actions"]] == ["unclear"]


def test_a_caller_who_hangs_up_after_their_yes_and_before_any_answer_has_left_the_message(told: Told) -> None:
    outcome = told.outcomes[OUTAGE]
    assert "passed it on" not in outcome.heard, outcome.printed
    assert without_time(told.taken(OUTAGE)) == [message(OVEN, OUTAGE)]
    [action] = told.ended(OUTAGE)["actions"]
    assert (action["what"], action["outcome"]) == ("take_message", "done")


def test_the_outcomes_fields_are_in_record_and_webhook_and_a_value_that_does_not_fit_is_left_out(told: Told) -> None:
    fields = {"values": {"reason": "order", "order": 4711, "back_by": None}, "left_out": ["back_by"]}
    assert told.records[ORDER]["outcome_fields"] == fields
    assert told.ended(ORDER)["outcome_fields"] == fields
    assert told.records[ORDER]["summary"] == SUMMARY


def test_a_message_taken_while_the_receivers_are_down_is_told_when_agent_and_receivers_are_back(told: Told) -> None:
    assert told.outcomes[OUTAGE].hears(QUESTION), told.outcomes[OUTAGE].printed
    kinds = sorted(name.split("-20")[0] for name in told.before_the_outage_was_over)
    assert kinds == ["call-ended", "message-taken", "message-taken"]  # the last two for the webhook and for the chat
    assert without_time(told.taken(OUTAGE)) == [message(OVEN, OUTAGE)]
    assert len(told.chats_about(f"Call back: {OUTAGE}")) == 1


def test_a_call_of_which_nothing_is_kept_still_tells_of_its_message_and_its_outcome(told: Told) -> None:
    ended = told.ended(OUTAGE)
    assert (ended["recording"], ended["transcript"]) == (None, None)
    assert without_time(ended["messages"]) == [message(OVEN, OUTAGE)]
    assert ended["outcome_fields"]["values"]["reason"] == "message"
    assert OUTAGE not in told.records


def test_the_log_has_no_word_of_a_message_no_number_and_no_address(told: Told) -> None:
    for secret in ("Anna", "oven", URGENT[1:], OFFICE[1:], "/chat"):
        assert secret not in told.logs
