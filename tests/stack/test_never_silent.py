"""Never silence: whatever fails, the caller hears something soon, and a call that leads nowhere is ended politely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stack.extension import Extension, an_extension
from tests.stack.sounds import hold_music

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

APOLOGY, FAILED, GOODBYE = "something went wrong", "technical problem", "goodbye"

# What is said, and what then fails and how. The question after it is answered.
FAULTS = {
    "the model fails": ("Do you sell mangoes?", "llm", "mango", "error"),
    "the model hangs": ("Do you sell bananas?", "llm", "banana", "hang"),
    "the model answers garbage": ("Do you sell cherries?", "llm", "cherr", "garbage"),
    "the ears fail": ("Is there a library near you?", "stt", "library", "error"),
    "the ears hang": ("May I bring my dog with me?", "stt", "dog", "hang"),
    "the ears answer garbage": ("Where can I park my car?", "stt", "park", "garbage"),
    "the voice fails": ("What is the price of coffee?", "tts", "dollars", "error"),
    "the voice hangs": ("What kind of cake do you have?", "tts", "apple", "hang"),
    "the voice says nothing": ("What is the weather today?", "tts", "sunny", "empty"),
}
ANSWERS = {
    "coffee": "It is three dollars.",
    "cake": "We have apple cake.",
    "weather": "It is sunny.",
    "soup": "The soup of the day is tomato.",
}

THREE = ("the model fails", "the ears answer garbage", "the voice fails")

MONOLOGUE = (
    "So I went down to the market and there was this man with a red hat and he told me that the weather would change "
    "and that I should buy an umbrella and I said to him that I already had one and then he laughed and showed me "
    "another one and it was green and much larger than mine and so we talked about umbrellas for an hour and I forgot "
    "what I wanted to buy and went home and then I remembered that it was bread and milk and went back to the market "
    "again and the man was still there and he asked me whether I wanted the green umbrella and I said no and"
)
MACHINE = "You have reached the voicemail of Bob Miller. Please leave a message after the tone."


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    folder = tmp_path_factory.mktemp("never-silent")
    with an_extension(line, folder, longest_talk=8, IDLE_PROCESSES="3") as extension:
        faults = [{"kind": kind, "match": match, "fault": fault} for _, kind, match, fault in FAULTS.values()]
        answers = [{"kind": "llm", "match": match, "answer": answer} for match, answer in ANSWERS.items()]
        extension.provider.script(rules=[*faults, *answers])
        yield extension


@pytest.fixture(scope="module")
def outcomes(extension: Extension) -> dict[str, Outcome]:
    """Every call of this module, the long ones first: several are held at once."""
    calls = {
        "three failures": [part for name in THREE for part in ("--say", FAULTS[name][0])],
        "a monologue": ["--say", MONOLOGUE],
        "a machine": ["--say", MACHINE],
    }
    hangs = [name for name, (*_, fault) in FAULTS.items() if fault == "hang"]
    for name in sorted(FAULTS, key=lambda name: name not in hangs):
        question = ["--say", FAULTS[name][0]]
        late = ["--at", "16"] if name in hangs else []  # the apology, which comes long after the filler, is over then
        calls[name] = [*question, *late, "--say", "What soup do you have?"]
    return extension.calls_by_name(calls)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_word_within_4_s_an_apology_within_8_s_and_the_call_goes_on_when(
    outcomes: dict[str, Outcome], fault: str
) -> None:
    outcome = outcomes[fault]
    assert outcome.report["turns"][0]["gap"] < 4, outcome.printed
    assert outcome.after_the_caller(APOLOGY) < 8, outcome.printed
    assert outcome.hears("tomato"), outcome.printed


def test_after_the_third_failure_the_caller_is_told_goodbye_and_the_line_hangs_up(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["three failures"]
    assert outcome.hung_up, outcome.printed
    assert outcome.says(APOLOGY, 1) < outcome.says(FAILED), outcome.printed
    assert outcome.heard.endswith(GOODBYE), outcome.printed


@pytest.mark.parametrize("who", ["a monologue", "a machine"])
def test_the_call_is_ended_politely_of(outcomes: dict[str, Outcome], who: str) -> None:
    outcome = outcomes[who]
    assert outcome.hung_up, outcome.printed
    assert outcome.says("have to end th(is|e) call") < outcome.report["turns"][0]["start"] + 14, outcome.printed
    assert outcome.heard.endswith(GOODBYE), outcome.printed


@pytest.fixture(scope="module")
def others(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """Calls to a line with a second provider of everything, on which a caller may be silent for 5 seconds only."""
    first = dict.fromkeys(("stt", "llm", "tts"), "openai/first")
    models = first | {f"{kind}_fallback": "openai/second" for kind in first}
    folder = tmp_path_factory.mktemp("others")
    handling = {"silent_caller_after": 5, "longest_talk": 8}
    with an_extension(line, folder, IDLE_PROCESSES="3", models=models, handling=handling) as extension:
        broken = [{"kind": kind, "model": "first", "fault": "error"} for kind in ("stt", "llm", "tts")]
        extension.provider.script(rules=broken, answers=["The soup of the day is tomato."])
        hold_music(extension.sounds / "music.wav", seconds=60)
        yield extension.calls_by_name(
            {
                "silence": ["--stay", "60"],
                "hold music": ["--at", "2", "--wav", "/sounds/music.wav"],
                "a question": ["--say", "What soup do you have?", "--patience", "4"],
            }
        )


@pytest.mark.slow
def test_a_silent_caller_is_asked_twice_and_then_told_goodbye(others: dict[str, Outcome]) -> None:
    outcome = others["silence"]
    assert outcome.says("still there") < outcome.says("cannot hear you") < outcome.says("hang up now"), outcome.printed
    assert outcome.hung_up, outcome.printed
    assert outcome.heard.endswith(GOODBYE), outcome.printed


@pytest.mark.slow
def test_hold_music_is_no_caller_and_the_call_is_ended_politely(others: dict[str, Outcome]) -> None:
    outcome = others["hold music"]
    assert outcome.hung_up, outcome.printed
    assert outcome.report["ended_after"] - outcome.report["answered_after"] < 40, outcome.printed
    assert outcome.heard.endswith(GOODBYE), outcome.printed


@pytest.mark.slow
def test_a_second_provider_takes_over_what_the_first_one_cannot(others: dict[str, Outcome]) -> None:
    outcome = others["a question"]
    assert outcome.hears("tomato"), outcome.printed
    assert APOLOGY not in outcome.heard, outcome.printed
    assert outcome.report["turns"][0]["gap"] < 4, outcome.printed
