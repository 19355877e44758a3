"""Servers that are almost OpenAI's: the caller hears the answer, and nothing else that came with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.stack.extension import Extension, an_extension
from tests.stack.recorded import HEARD, KEEP, read_line
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

APOLOGY, FILLER = "something went wrong", "one moment"
pytestmark = pytest.mark.slow

LONGEST_ANSWER = 10  # seconds
SENTENCE = "The farmer went down to the river and met a fisherman."
TONE = 440.0  # Hz

RULES: list[dict[str, Any]] = [
    {"kind": "llm", "match": "hours", "answer": "They want the hours. I say nine.</think>We open at nine."},
    {"kind": "llm", "match": "wanted to know", "answer": '{"name": "end_call", "arguments": {}}'},
    {"kind": "llm", "match": "say goodbye", "answer": "Have a lovely day."},
    {"kind": "llm", "match": "colleague", "answer": '{"name": "transfer_call", "arguments": {}}'},
    {"kind": "llm", "match": "soup", "answer": "... Well, the soup is tomato. \N{SMILING FACE WITH OPEN MOUTH}"},
    {"kind": "llm", "match": "story", "answer": " ".join([SENTENCE] * 40)},
    {"kind": "llm", "match": "bread", "answer": "The bread is fresh."},
    {"kind": "llm", "match": "price", "answer": "It is three dollars."},
    {"kind": "tts", "match": r"^\W+$", "fault": "empty"},
    {"kind": "tts", "match": "dollars", "body": "<html><title>Welcome</title></html>", "content_type": "text/html"},
    {"kind": "stt", "match": "dog", "body": '{"text": null}'},
]
BREAD = ("--say", "Do you have bread?")
CALLS = {
    "an endless answer": ["--say", "Please tell me a story.", "--at", "24", *BREAD],
    "a thought without its first tag": ["--say", "What are your hours?"],
    "a written call": ["--say", "That was all I wanted to know.", "--stay", "20"],
    "a written call of no tool": ["--say", "Let me talk to your colleague.", "--at", "16", *BREAD],
    "pieces without words": ["--say", "What soup do you have?"],
    "a web page as a sound": ["--say", "What is the price of coffee?", "--at", "16", *BREAD],
    "a null transcript": ["--say", "May I bring my dog with me?", "--at", "18", *BREAD],
}


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    folder = tmp_path_factory.mktemp("answers")
    with an_extension(line, folder, longest_answer=LONGEST_ANSWER, IDLE_PROCESSES="3") as extension:
        yield extension


@pytest.fixture(scope="module")
def outcomes(extension: Extension) -> dict[str, Outcome]:
    extension.provider.script(rules=RULES, pings=True)
    return extension.calls_by_name(CALLS)


def test_a_thought_without_its_first_tag_is_not_heard(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["a thought without its first tag"]
    assert outcome.hears("we open at"), outcome.printed
    for thought in ("they want", "i say", "think"):
        assert thought not in outcome.heard, outcome.printed


def test_a_tool_call_that_is_written_as_text_is_made_and_not_heard(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["a written call"]
    assert outcome.hung_up, outcome.printed
    assert outcome.hears("lovely day"), outcome.printed
    for word in ("end call", "arguments", "name"):
        assert word not in outcome.heard, outcome.printed


@pytest.mark.parametrize("what", ["a written call of no tool", "a web page as a sound"])
def test_what_cannot_be_made_nor_spoken_is_apologised_for_and_the_call_goes_on(
    outcomes: dict[str, Outcome], what: str
) -> None:
    outcome = outcomes[what]
    assert outcome.hears(APOLOGY), outcome.printed
    assert outcome.hears("bread is fresh"), outcome.printed
    assert "transfer" not in outcome.heard, outcome.printed


def test_an_answer_is_heard_although_the_voice_has_no_sound_for_some_of_its_pieces(
    outcomes: dict[str, Outcome],
) -> None:
    outcome = outcomes["pieces without words"]
    assert outcome.hears("soup is tomato"), outcome.printed
    assert APOLOGY not in outcome.heard, outcome.printed


def test_an_endless_answer_ends_with_a_sentence_and_the_call_goes_on(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["an endless answer"]
    story = [part for part in outcome.said if "river" in part["text"].lower() or "fisherman" in part["text"].lower()]
    assert story, outcome.printed
    assert story[-1]["end"] - story[0]["start"] < 2 * LONGEST_ANSWER, outcome.printed
    assert story[-1]["text"].lower().rstrip(" .!").endswith(("fisherman", "fishermen")), outcome.printed
    assert outcome.hears("bread is fresh"), outcome.printed


def test_a_null_transcript_raises_no_exception(extension: Extension, outcomes: dict[str, Outcome]) -> None:
    assert outcomes["a null transcript"].hears("bread is fresh"), outcomes["a null transcript"].printed
    for sign in ("Traceback", "TypeError", "AttributeError", "ValidationError"):
        assert sign not in extension.logs


@pytest.mark.parametrize(
    ("sound", "rate", "content_type"),
    [
        ("pcm", 16000, "audio/pcm;rate=16000"),
        ("wav", 22050, "application/octet-stream"),
        ("mp3", 44100, "audio/mpeg"),
        ("opus", 48000, "audio/ogg"),
    ],
)
def test_the_voice_has_its_own_pitch_at_the_callers_ear(
    extension: Extension, sound: str, rate: int, content_type: str
) -> None:
    extension.provider.script(sound=sound, sound_rate=rate, sound_type=content_type, sound_tone=TONE)
    outcome = extension.call("--silent", "--stay", "6", *KEEP)
    extension.provider.script(sound="")
    kept = extension.home / f"heard-{sound}"
    docker("cp", f"{extension.line.project}-{extension.name}-phone:{HEARD}", str(kept))
    heard, phone_rate = read_line(kept / Path(outcome.report["recording"]).name)
    assert _loudest_frequency(heard, phone_rate) == pytest.approx(TONE, abs=5), outcome.printed


def test_a_server_that_refuses_pcm_and_wav_is_heard(extension: Extension) -> None:
    extension.provider.script(rules=RULES, refused_formats=["pcm", "wav"])
    outcome = extension.call(*BREAD)
    extension.provider.script(refused_formats=[])
    assert outcome.hears("bread is fresh"), outcome.printed
    assert APOLOGY not in outcome.heard, outcome.printed


@pytest.mark.parametrize("refused", ["order", "system"])
def test_a_model_whose_roles_have_to_alternate_answers(extension: Extension, refused: str) -> None:
    extension.provider.script(rules=RULES, refused_roles=refused)
    outcome = extension.call(*BREAD)
    extension.provider.script(refused_roles="")
    assert outcome.hears("bread is fresh"), outcome.printed
    assert APOLOGY not in outcome.heard, outcome.printed


def test_a_limit_costs_the_caller_a_moment_and_not_the_call(extension: Extension) -> None:
    extension.provider.script(rules=RULES, most_requests={"stt": 1}, retry_after=4)
    before = len(extension.provider.asked("stt"))
    outcome = extension.call(*BREAD, "--at", "18", "--say", "What soup do you have?", "--stay", "4")
    extension.provider.script(most_requests={})
    assert outcome.hears("bread is fresh"), outcome.printed
    assert outcome.hears("soup is tomato"), outcome.printed
    assert outcome.hears(FILLER), outcome.printed
    assert not outcome.hung_up, outcome.printed
    assert len(extension.provider.asked("stt")) - before <= 6  # each turn takes two, of which one is refused


def _loudest_frequency(sound: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / rate)[spectrum.argmax()])
