"""Who hangs up and how, and keys that are as good as words; what is told of each call that has ended."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

GOODBYE = "Have a lovely day and see you on Thursday."
FAREWELL = "thank you for calling goodbye"
STORY = (
    "Once upon a time there was a farmer, who had a small brown horse. Every morning the farmer and the horse went "
    "down to the river. There they met a fisherman, who told them about the sea. The horse wanted to see it, too."
)
RULES = [
    {"match": "wanted to know", "tool": "end_call"},
    {"match": "say goodbye", "answer": GOODBYE},
    {"match": "soup", "answer": "The soup is tomato."},
    {"match": "story", "answer": STORY},
    {"match": "keys pressed. 1 2 3 4$", "answer": "That code is right."},
    {"match": "keys pressed. 7 7$", "answer": "Seventy seven is sold out."},
    {"match": "keys pressed. 5$", "answer": "You have chosen lemon cake."},
]
DIGITS_TIMEOUT = 4.0  # seconds
CALLS = {
    "the model ends it": ["--say", "That was all I wanted to know.", "--stay", "20"],
    "the caller says goodbye": ["--say", "What soup do you have?", "--say", "Thanks, bye.", "--stay", "20"],
    "the caller hangs up": ["--say", "Please tell me a story.", "--max-seconds", "10"],
    "keys with a hash": ["--dtmf", "1234#"],
    "keys alone": ["--dtmf", "77"],
    "keys over the story": ["--say", "Please tell me a story.", "--at", "10", "--dtmf", "5#"],
}
GONE_WITHIN, DONE_WITHIN = 2.0, 5.0  # seconds after the BYE: the room, and the process of the call
JOBS = """
import json, urllib.request
print(json.load(urllib.request.urlopen("http://127.0.0.1:8081/worker")).get("active_jobs", 0))
"""


@dataclass(frozen=True)
class Sight:
    at: float  # seconds of the epoch
    rooms: int
    jobs: int


@dataclass(frozen=True)
class Evening:
    """Everything that has happened on an extension that is gone again."""

    outcomes: dict[str, Outcome]
    sights: list[Sight]
    told: list[str]  # to the model, by the callers
    line: str  # its name
    logs: str
    kept: list[str]  # files on its volume
    notes: list[str]  # what is in the note of each call
    news: list[dict[str, Any]]  # that the webhook got


@pytest.fixture(scope="module")
def evening(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    secrets = {"WEBHOOK_URL": "{receiver}/ended", "WEBHOOK_SECRET": "a-secret-of-thirty-two-letters-00"}
    settings: dict[str, Any] = {
        "digits_timeout": DIGITS_TIMEOUT,
        "webhook": {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"},
    }
    folder = tmp_path_factory.mktemp("endings")
    with an_extension(line, folder, secrets=secrets, IDLE_PROCESSES="4", **settings) as extension:
        extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        with watched(extension) as sights:
            outcomes = extension.calls_by_name(CALLS)
        extension.until(lambda: len(extension.provider.received("/ended")) == len(CALLS), "telling of each call")
        messages = [message for request in extension.provider.asked("llm") for message in request["body"]["messages"]]
        data = extension.data()
        return Evening(
            outcomes,
            sights,
            [message["content"] for message in messages if message["role"] == "user"],
            extension.name,
            extension.logs,
            [str(file.relative_to(data)) for file in data.rglob("*") if file.is_file()],
            [file.read_text() for file in data.glob(f"noted/{extension.name}/*/*.json")],
            [json.loads(request["body"]) for request in extension.provider.received("/ended")],
        )


@contextmanager
def watched(extension: Extension) -> Iterator[list[Sight]]:
    """What there is of rooms and jobs, looked at again and again, until there is nothing any more after the block."""
    sights: list[Sight] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.7):
            sights.append(seen(extension))
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and (sights[-1].rooms or sights[-1].jobs):
            sights.append(seen(extension))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield sights
    finally:
        over.set()
        watching.join()


def seen(extension: Extension) -> Sight:
    now = time.time()
    rooms = [room for room in extension.line.rooms() if room.startswith(f"{extension.name}-")]
    return Sight(now, len(rooms), int(float(extension.run(JOBS))))


def waited_for_the_bye(outcome: Outcome) -> float:
    """Seconds from the line's last sound to its BYE."""
    return float(outcome.report["ended_after"] - outcome.said[-1]["end"])


def test_a_model_that_finds_that_the_talk_is_over_is_heard_to_its_last_word_and_the_line_hangs_up(
    evening: Evening,
) -> None:
    outcome = evening.outcomes["the model ends it"]
    assert outcome.hung_up, outcome.printed
    assert outcome.heard.endswith("see you on thursday"), outcome.printed
    assert waited_for_the_bye(outcome) < 2, outcome.printed


def test_a_caller_who_says_goodbye_is_told_goodbye_and_the_line_hangs_up(evening: Evening) -> None:
    outcome = evening.outcomes["the caller says goodbye"]
    assert outcome.hung_up, outcome.printed
    assert outcome.hears("soup is tomato"), outcome.printed
    assert outcome.heard.endswith(FAREWELL), outcome.printed
    assert waited_for_the_bye(outcome) < 2, outcome.printed


def test_room_and_job_are_gone_at_once_whoever_hung_up(evening: Evening) -> None:
    assert not evening.outcomes["the caller hangs up"].hung_up
    assert max(sight.rooms for sight in evening.sights) > 1, evening.sights
    assert max(sight.jobs for sight in evening.sights) > 1, evening.sights
    over = [outcome.ended_at for outcome in evening.outcomes.values()]
    for sight in evening.sights:
        assert sight.rooms <= sum(sight.at < end + GONE_WITHIN for end in over), (sight, over)
        assert sight.jobs <= sum(sight.at < end + DONE_WITHIN for end in over), (sight, over)


def test_a_number_that_ends_with_a_hash_is_answered_at_once(evening: Evening) -> None:
    outcome = evening.outcomes["keys with a hash"]
    assert "(keys pressed) 1 2 3 4" in evening.told
    assert outcome.hears("code is right"), outcome.printed
    assert outcome.report["turns"][0]["gap"] < DIGITS_TIMEOUT, outcome.printed


def test_a_number_without_a_hash_is_answered_when_no_key_has_come_for_a_while(evening: Evening) -> None:
    outcome = evening.outcomes["keys alone"]
    assert "(keys pressed) 7 7" in evening.told
    assert outcome.hears("sold out"), outcome.printed
    assert DIGITS_TIMEOUT - 0.5 < outcome.report["turns"][0]["gap"] < DIGITS_TIMEOUT + 4, outcome.printed


def test_a_key_stops_the_agent(evening: Evening) -> None:
    outcome = evening.outcomes["keys over the story"]
    assert outcome.hears("upon a time"), outcome.printed
    assert outcome.report["turns"][1]["stopped_after"] < 1.5, outcome.printed
    assert "see it" not in outcome.heard, outcome.printed
    assert outcome.hears("lemon"), outcome.printed


def test_keys_and_words_are_in_no_log(evening: Evening) -> None:
    assert "Call ended" in evening.logs
    for secret in ("1234", "1 2 3 4", "7 7", "keys pressed", "soup", "farmer"):
        assert secret not in evening.logs


def test_the_webhook_is_told_how_each_call_ended_and_not_a_word_of_it(evening: Evening) -> None:
    about = [news["data"] for news in evening.news]
    assert sorted(data["outcome"] for data in about) == [
        *["the caller hung up"] * 4,
        "the caller said goodbye",
        "the talk was over",
    ]
    for data in about:
        assert (data["recording"], data["transcript"]) == (None, None)
        assert (data["caller"], data["language"], data["line"]) == ("+15555550123", "en", evening.line)
    assert not [word for word in ("soup", "farmer", "keys", "1 2 3 4") if word in json.dumps(evening.news)]


def test_nothing_of_a_call_but_a_note_without_words_is_kept_unless_it_is_asked_for(evening: Evening) -> None:
    kept = [file for file in evening.kept if not file.endswith("/.version")]  # by which the release knows its data
    kept = [file for file in kept if not file.startswith("noted/")]
    assert [file for file in kept if "calls" in file or file.endswith((".ogg", ".json"))] == []
    assert evening.kept  # there is a volume, with the counters on it
    assert evening.notes
    assert not [word for word in ("soup", "farmer", "story", "1 2 3 4") if word in "".join(evening.notes)]
