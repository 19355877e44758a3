"""What is kept of a call and who is told of it: sound and transcript, consent, redaction, retention, the webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from phone.audio import RATE as PHONE_RATE
from phone.audio import resample, save_stereo
from tests.stack.extension import Extension, an_extension
from tests.stack.outcome import plain
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

SECRET = "whsec_" + base64.b64encode(b"thirty-two letters are a secret!").decode()
SECRETS = {"WEBHOOK_URL": "{receiver}/ended", "WEBHOOK_SECRET": SECRET}
WEBHOOK = {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"}
KEPT: dict[str, Any] = {"secrets": SECRETS, "webhook": WEBHOOK, "enabled": True, "keep_days": 2}

SUMMARY = "The caller asked about soup and was told that it is tomato."
SUMMARY_TAKES = SLOW = 4.0  # seconds; who has to wait so long for an answer hears a filler first
IS_SUMMARY = "^-{20}"
NAME = "My name is Peter, and I would like to pay."
CARD = "My card number is four one one one one one one one one one one one one one one one."
READ_BACK = "I have four one one one one one one one one one one one one one one one. Is that right?"
CARD_KEYS = "4111111111111111"
STORY = "Once upon a time there was a farmer, who had a small brown horse. " * 3
RULES: list[dict[str, Any]] = [
    {"match": f"{IS_SUMMARY}(.|\n)*umbrella", "answer": "The caller asked for umbrellas.", "delay": 13},
    {"match": IS_SUMMARY, "answer": SUMMARY, "delay": SUMMARY_TAKES},
    {"match": "soup", "answer": "The soup is tomato.", "delay": SLOW},
    {"match": "umbrella", "answer": "We have no umbrellas."},
    {"match": "peter", "answer": "Hello Peter."},
    {"match": "card number", "answer": READ_BACK},
    {"match": "bread", "answer": "The bread is fresh."},
    {"match": "keys pressed", "answer": "Thank you for the number."},
    {"match": "wanted to know", "tool": "end_call"},
    {"match": "say goodbye", "answer": "Have a lovely day."},
    {"match": "story", "answer": STORY},
]
SOUP = ("--say", "What soup do you have?")
BREAD = ("--say", "Do you have bread?")

RATE = 48000  # Hz: what Opus is decoded to
AUDIBLE, QUIET = 0.05, 0.02  # of full scale
LATE = 0.4  # seconds that a sound may be later in the recording than at the caller's

OUTBOX = """
import json, pathlib
print(json.dumps({file.stem: file.read_text() for file in pathlib.Path("/data/outbox").glob("*/*.json")}))
"""
# One more call that is kept, of that line, name and size.
AN_OLD_CALL = """
import pathlib
folder = pathlib.Path("/data/calls/{line}/{name}")
folder.mkdir(parents=True)
with (folder / "audio.ogg").open("wb") as file:
    file.truncate({size})
"""


@dataclass(frozen=True)
class Kept:
    """A call's folder."""

    folder: Path

    @cached_property
    def transcript(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / "transcript.json").read_text())
        return read

    @cached_property
    def sound(self) -> np.ndarray:
        """Caller and agent, 48000 samples a second, from -1 to 1."""
        with av.open(str(self.folder / "audio.ogg")) as file:
            assert file.streams.audio[0].layout.name == "stereo"
            return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)

    def loudest(self, side: int, start: float, end: float, call: Outcome) -> float:
        """Of that side, 0 the caller and 1 the agent, between these seconds since the INVITE of the call."""
        began = datetime.fromisoformat(self.transcript["started"]).timestamp()
        first, last = (max(0, round((call.report["invited"] + at - began) * RATE)) for at in (start, end))
        assert first < last <= self.sound.shape[1]
        return float(np.abs(self.sound[side, first:last]).max())

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(turn["who"], turn["text"]) for turn in self.transcript["turns"]]


@dataclass(frozen=True)
class Day:
    """Everything that has happened on an extension that is gone again."""

    outcomes: dict[str, Outcome]
    kept: dict[str, Kept]  # by the caller's number
    posts: list[dict[str, Any]]  # every request that the receiver got, in order
    asked: list[dict[str, Any]]  # of the model
    logs: str
    heard: str = ""  # by Whisper, in what is kept of the payer's side

    def news(self, number: str) -> dict[str, Any]:
        """What was told of the call of this number."""
        [data] = {
            post["body"]: json.loads(post["body"])["data"] for post in self.posts if number in post["body"]
        }.values()
        return dict(data)


def seen(extension: Extension, outcomes: Mapping[str, Outcome]) -> Day:
    data = extension.data()
    kept = [Kept(file.parent) for file in sorted(data.glob("calls/*/*/*/transcript.json"))]
    return Day(
        dict(outcomes),
        {one.transcript["caller"]: one for one in kept},
        extension.provider.received("/ended"),
        extension.provider.asked("llm"),
        extension.logs,
    )


def kept_calls(extension: Extension) -> list[str]:
    """`<day>/<time and number>` of each call on its volume."""
    found = extension.run("import pathlib; print(*pathlib.Path('/data/calls').glob('*/????-??-??/*'))").split()
    return ["/".join(path.split("/")[-2:]) for path in found]


# Recorded calls.

FRIEND, PAYER, TYPIST = "+15550143001", "+15550143002", "+15550143003"
TOO_OLD = "2020-01-01/000000-aaaaaa"


@pytest.fixture(scope="module")
def day(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Day:
    with an_extension(line, tmp_path_factory.mktemp("recorded"), IDLE_PROCESSES="3", **KEPT) as extension:
        extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        extension.provider.replies({"match": FRIEND[1:], "only": [1, 2], "status": 503})
        extension.run(AN_OLD_CALL.format(line=extension.name, name=TOO_OLD, size=1000))
        outcomes = extension.calls_by_name(
            {
                PAYER: ["--from", PAYER, "--say", NAME, "--say", CARD, *BREAD],
                FRIEND: ["--from", FRIEND, *SOUP, "--say", "That was all I wanted to know.", "--stay", "15"],
                TYPIST: ["--from", TYPIST, "--dtmf", f"{CARD_KEYS}#", "--no-transcript"],
            }
        )
        extension.until(lambda: len(taken(extension)) == len(outcomes), "telling of each call")
        extension.until(lambda: TOO_OLD not in kept_calls(extension), "without the oldest call")
        day = seen(extension, outcomes)
        return replace(day, heard=transcribed(extension, day.kept[PAYER].sound[0]))


def taken(extension: Extension) -> set[str]:
    """The news that the receiver has answered with 200."""
    posts = extension.provider.received("/ended")
    refused = [post for post in posts if FRIEND in post["body"]][:2]
    return {post["headers"]["webhook-id"] for post in posts if post not in refused}


def transcribed(extension: Extension, side: np.ndarray) -> str:
    """One side of a recording, by the phone's Whisper."""
    pcm = resample((side * 32767).astype(np.int16), RATE, PHONE_RATE)
    save_stereo(extension.sounds / "kept.wav", pcm, pcm)
    phone = f"{extension.line.project}-{extension.name}-phone"
    return plain(docker("exec", phone, "python", "-m", "phone", "transcribe", "/sounds/kept.wav"))


def test_the_caller_is_told_first_of_all_that_the_call_is_recorded(day: Day) -> None:
    told = [outcome.heard.partition(" hello")[0] for outcome in (day.outcomes[FRIEND], day.outcomes[PAYER])]
    assert "this call is recorded" in told, told
    # "recorded" is sometimes heard as "connected".
    assert all(re.fullmatch(r"this call is \w+", first) for first in told), told


def test_the_recording_has_the_caller_left_and_the_agent_right_fillers_included(day: Day) -> None:
    outcome, kept = day.outcomes[FRIEND], day.kept[FRIEND]
    assert outcome.hears("one moment"), outcome.printed
    assert kept.sound.shape[0] == 2
    assert kept.sound.shape[1] / RATE == pytest.approx(kept.transcript["seconds"], abs=1)
    for part in outcome.report["conversation"]:
        mine, other = (0, 1) if part["who"] == "caller" else (1, 0)
        assert kept.loudest(mine, part["start"], part["end"], outcome) > AUDIBLE, part
        assert kept.loudest(other, part["start"] + LATE, part["end"] - LATE, outcome) < QUIET, part


def test_the_end_of_each_sentence_is_in_the_recording(day: Day) -> None:
    for number in (FRIEND, PAYER):
        outcome, kept = day.outcomes[number], day.kept[number]
        card = outcome.report["turns"][1] if number == PAYER else None  # which is silent, with what is said of it
        began = datetime.fromisoformat(kept.transcript["started"]).timestamp() - outcome.report["invited"]
        over = began + kept.sound.shape[1] / RATE
        for part in outcome.report["conversation"]:
            if card and card["start"] <= part["start"] <= card["reply_end"]:
                continue
            side = 0 if part["who"] == "caller" else 1
            last = min(part["end"] + LATE, over)
            assert kept.loudest(side, part["end"] - 0.3, last, outcome) > AUDIBLE, (part, outcome.printed)


def test_the_transcript_tells_turns_latencies_tool_calls_outcome_and_summary(day: Day) -> None:
    kept = day.kept[FRIEND].transcript
    assert day.kept[FRIEND].said == [
        ("agent", "This call is recorded."),
        ("agent", "Hello, how can I help?"),
        ("caller", "What soup do you have?"),
        ("agent", "The soup is tomato."),
        ("caller", "That was all I wanted to know."),
        ("agent", "Have a lovely day."),
    ]
    assert [turn["start"] for turn in kept["turns"]] == sorted(turn["start"] for turn in kept["turns"])
    answer = kept["turns"][3]["latencies"]
    assert 0 < answer["decided"] < SLOW < answer["first_audio"] < SLOW + 4, answer
    assert [tool["name"] for tool in kept["tool_calls"]] == ["end_call"]
    assert (kept["outcome"], kept["summary"], kept["language"]) == ("the talk was over", SUMMARY, "en")
    assert kept["models"]["llm"].startswith("openai/")


def test_turns_are_in_the_recording_where_the_transcript_says(day: Day) -> None:
    kept = day.kept[FRIEND]
    for turn in kept.transcript["turns"]:
        first, last = (round(turn[at] * RATE) for at in ("start", "end"))
        assert np.abs(kept.sound[0 if turn["who"] == "caller" else 1, first:last]).max() > AUDIBLE, turn


def test_the_line_has_hung_up_before_the_call_is_summed_up(day: Day) -> None:
    summaries = [asked for asked in day.asked if asked["text"] == SUMMARY]
    assert len(summaries) == len(day.outcomes)
    [of_friend] = [asked for asked in summaries if "wanted to know" in str(asked["body"]["messages"])]
    assert day.outcomes[FRIEND].hung_up, day.outcomes[FRIEND].printed
    assert day.outcomes[FRIEND].ended_at < of_friend["ended"] - SUMMARY_TAKES / 2


def test_a_card_number_is_neither_in_the_transcript_nor_in_the_news_nor_asked_for_a_summary(day: Day) -> None:
    assert ("caller", "My card number is [redacted].") in day.kept[PAYER].said
    assert ("agent", "I have [redacted]. Is that right?") in day.kept[PAYER].said
    summed_up = [str(asked["body"]["messages"]) for asked in day.asked if asked["text"] == SUMMARY]
    news = [post["body"] for post in day.posts]
    for text in (*news, *summed_up, json.dumps(day.kept[PAYER].transcript)):
        assert "one one" not in text
        assert "1111" not in text


def test_a_card_number_is_silent_in_the_recording_on_both_sides_and_what_is_around_it_is_not(day: Day) -> None:
    outcome, kept = day.outcomes[PAYER], day.kept[PAYER]
    name, card, bread = outcome.report["turns"]
    assert kept.loudest(0, card["start"], card["end"] + LATE, outcome) == 0, outcome.printed
    assert kept.loudest(1, card["reply_start"] - LATE, card["reply_end"], outcome) == 0, outcome.printed
    for side, start, end in ((0, name["start"], name["end"]), (1, name["reply_start"], name["reply_end"])):
        assert kept.loudest(side, start, end, outcome) > AUDIBLE, outcome.printed
    for side, start, end in ((0, bread["start"], bread["end"]), (1, bread["reply_start"], bread["reply_end"])):
        assert kept.loudest(side, start, end, outcome) > AUDIBLE, outcome.printed
    heard = day.heard.split()
    # One of them may be garbled: what reaches the recorder late, on a busy machine, it lays over what came before.
    assert len({"name", "peter", "pay"}.intersection(heard)) > 1, (day.heard, kept.said)
    assert "bread" in heard
    assert not {"card", "number", "four"}.intersection(heard)
    assert "one" not in day.heard
    assert "1" not in day.heard  # Whisper writes such a number in figures, as one word


def test_a_card_number_that_is_typed_is_taken_out(day: Day) -> None:
    assert "(keys pressed) " + " ".join(CARD_KEYS) in str([asked["body"] for asked in day.asked])
    kept = day.kept[TYPIST].transcript
    assert [keys["keys"] for keys in kept["keys"]] == ["[redacted]#"]
    assert ("caller", "(keys pressed) [redacted]") in day.kept[TYPIST].said


def test_the_webhook_is_signed_and_told_again_until_it_takes_the_news(day: Day) -> None:
    assert all(genuine(post["headers"], post["body"].encode(), SECRET) for post in day.posts)
    assert not genuine(day.posts[0]["headers"], day.posts[0]["body"].encode() + b" ", SECRET)
    told = [(post["headers"]["webhook-id"], post["body"]) for post in day.posts if FRIEND in post["body"]]
    assert len(told) == 3  # the receiver had 503 for the first two
    assert len(set(told)) == 1
    news = day.news(FRIEND)
    assert news["transcript"] == day.kept[FRIEND].transcript
    assert news["recording"] == "/".join(day.kept[FRIEND].folder.parts[-3:])


def genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Verify a webhook's signature and age in the way that docs/calls/recording.md tells its receivers to."""
    sent, at = headers["webhook-id"], headers["webhook-timestamp"]
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    mac = base64.b64encode(hmac.new(key, f"{sent}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(f"v1,{mac}", headers["webhook-signature"]) and abs(time.time() - int(at)) < 300


def test_what_is_too_old_is_deleted_while_the_line_is_up(day: Day) -> None:
    assert f"/{TOO_OLD} is deleted" in day.logs


# With the caller's consent.

SAYS_YES, SAYS_NO, PRESSES_1 = "+15550143011", "+15550143012", "+15550143013"
MAY_I, NOT_RECORDED = "please say yes", "this call is not recorded"


@pytest.fixture(scope="module")
def consents(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Day:
    settings: dict[str, Any] = {
        **KEPT,
        "notice": "ask",
        "silent_caller_after": 6,
        "digits_timeout": 1,
        "summary": False,
    }
    with an_extension(line, tmp_path_factory.mktemp("consents"), IDLE_PROCESSES="4", **settings) as extension:
        extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        outcomes = extension.calls_by_name(
            {
                PRESSES_1: ["--from", PRESSES_1, "--at", "9.5", "--dtmf", "1", *BREAD],
                SAYS_YES: ["--from", SAYS_YES, "--say", "Yes, you may.", *BREAD],
                SAYS_NO: ["--from", SAYS_NO, "--say", "No, please don't.", *BREAD],
            }
        )
        extension.until(lambda: len(taken(extension)) == len(outcomes), "telling of each call")
        return seen(extension, outcomes)


@pytest.mark.parametrize("who", [SAYS_YES, PRESSES_1])
def test_a_call_is_kept_from_the_callers_yes_on(consents: Day, who: str) -> None:
    outcome, kept = consents.outcomes[who], consents.kept[who]
    assert NOT_RECORDED not in outcome.heard, outcome.printed
    assert outcome.says(MAY_I) < outcome.says("bread is fresh"), outcome.printed
    assert kept.said == [
        ("agent", "Hello, how can I help?"),
        ("caller", "Do you have bread?"),
        ("agent", "The bread is fresh."),
    ]
    answer, question = outcome.report["turns"]
    began = datetime.fromisoformat(kept.transcript["started"]).timestamp() - outcome.report["invited"]
    assert answer["end"] < began < question["start"]
    assert kept.loudest(0, question["start"], question["end"], outcome) > AUDIBLE
    assert consents.news(who)["transcript"] == kept.transcript


def test_a_caller_who_does_not_answer_is_asked_once_more(consents: Day) -> None:
    outcome = consents.outcomes[PRESSES_1]
    assert outcome.says(MAY_I, nth=1) < outcome.report["turns"][0]["start"], outcome.printed


def test_nothing_is_kept_of_a_call_whose_caller_says_no(consents: Day) -> None:
    outcome, news = consents.outcomes[SAYS_NO], consents.news(SAYS_NO)
    assert outcome.says(MAY_I) < outcome.says(NOT_RECORDED) < outcome.says("bread is fresh"), outcome.printed
    assert set(consents.kept) == {SAYS_YES, PRESSES_1}
    assert (news["recording"], news["transcript"]) == (None, None)
    assert "bread" not in json.dumps(news)


# When the receiver is down, and then the agent too.

EARLY, SUMMED_UP, CUT_OFF = "+15550143021", "+15550143022", "+15550143023"
TOO_LARGE = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}/000000-bbbbbb"


@dataclass(frozen=True)
class Night(Day):
    waiting: dict[str, str] = field(default_factory=dict)  # in the outbox while the receiver was down
    left: list[str] = field(default_factory=list)  # calls on the volume after that night


@pytest.fixture(scope="module")
def night(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """One call is over and its news waits, one is being summed up, one is being held: then the agent is killed."""
    host: dict[str, Any] = {"MAX_CONCURRENT_CALLS": "1", "IDLE_PROCESSES": "2"}
    folder = tmp_path_factory.mktemp("killed")
    with an_extension(line, folder, keep_mb=20, **host, **KEPT) as extension, ThreadPoolExecutor() as pool:
        extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
        extension.provider.receiver_is_up(False)
        outcomes = {EARLY: extension.call("--from", EARLY, *BREAD, "--no-transcript")}
        extension.until(lambda: bool(outbox(extension)), "leaving the news in its outbox")
        waiting = outbox(extension)
        umbrella = ["--say", "Do you sell any umbrellas?", "--no-transcript"]
        outcomes[SUMMED_UP] = extension.call("--from", SUMMED_UP, *umbrella)
        # The request for the summary has the answer in it.
        extension.until(lambda: is_asked(extension, "no umbrellas"), "asked for a summary")
        story = ["--from", CUT_OFF, "--say", "Please tell me a story.", "--stay", "60"]
        cut_off = pool.submit(extension.call, *story)
        extension.until(lambda: is_asked(extension, "story"), "asked for a story")
        extension.run(AN_OLD_CALL.format(line=extension.name, name=TOO_LARGE, size=25_000_000))
        extension.kill()
        extension.start()
        extension.provider.receiver_is_up(True)
        outcomes[CUT_OFF] = cut_off.result()
        extension.until(lambda: len(taken(extension)) == len(outcomes), "telling of each call")
        extension.until(lambda: TOO_LARGE not in kept_calls(extension), "without the oldest call")
        return Night(**vars(seen(extension, outcomes)), waiting=waiting, left=kept_calls(extension))


def outbox(extension: Extension) -> dict[str, str]:
    found: dict[str, str] = json.loads(extension.run(OUTBOX))
    return found


def is_asked(extension: Extension, word: str) -> bool:
    return any(word in str(asked["body"]["messages"][-1]) for asked in extension.provider.asked("llm"))


@pytest.mark.slow
def test_news_is_delivered_once_and_unchanged_when_receiver_and_agent_are_back(night: Night) -> None:
    [(event, body)] = night.waiting.items()
    posts = [post for post in night.posts if EARLY in post["body"]]
    assert [(post["headers"]["webhook-id"], post["body"]) for post in posts] == [(event, body)]
    assert genuine(posts[0]["headers"], body.encode(), SECRET)
    assert night.news(EARLY)["transcript"]["summary"] == SUMMARY


@pytest.mark.slow
def test_a_call_that_was_being_summed_up_when_the_agent_was_killed_is_kept_and_told_without_a_summary(
    night: Night,
) -> None:
    kept = night.kept[SUMMED_UP]
    assert ("agent", "We have no umbrellas.") in kept.said
    assert kept.transcript["summary"] is None
    assert kept.sound.shape[1] / RATE == pytest.approx(kept.transcript["seconds"], abs=1)
    assert night.news(SUMMED_UP)["transcript"] == kept.transcript


@pytest.mark.slow
def test_the_next_call_is_answered_while_the_one_before_is_summed_up_on_a_line_for_one(night: Night) -> None:
    [summary] = [asked for asked in night.asked if asked["text"] == "" and "umbrella" in str(asked["body"])]
    next_call = night.outcomes[CUT_OFF]
    assert summary["at"] < next_call.report["invited"] < summary["ended"]
    assert next_call.hears("this call is recorded hello"), next_call.printed


@pytest.mark.slow
def test_a_call_that_broke_off_unredacted_is_deleted_and_told_without_a_word(night: Night) -> None:
    assert CUT_OFF not in night.kept
    news = night.news(CUT_OFF)
    assert (news["outcome"], news["recording"], news["transcript"]) == ("the agent broke off", None, None)
    assert "The record of a call that broke off is deleted" in night.logs


@pytest.mark.slow
def test_the_caller_of_an_agent_that_was_killed_is_hung_up_on_by_the_next(night: Night) -> None:
    outcome = night.outcomes[CUT_OFF]
    assert outcome.hung_up, outcome.printed


@pytest.mark.slow
def test_the_oldest_calls_are_deleted_when_all_are_too_large(night: Night) -> None:
    assert f"/{TOO_LARGE} is deleted" in night.logs
    assert len(night.left) == 2
