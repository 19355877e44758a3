"""One setting makes the line speak another language: ears, model, voice, and what is said without a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import an_extension
from tests.stack.recorded import KEEP, recorded_sentences
from tests.support.house import ROOT

if TYPE_CHECKING:
    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

QUESTION, GOODBYE = "Wie ist das Wetter heute?", "Vielen Dank, tschüss."
GERMAN = ("--language", "de", *KEEP)
CALLS = {
    "silence": ["--silent", "--stay", "40", *GERMAN],
    "a slow answer": ["--say", QUESTION, "--say", GOODBYE, "--stay", "10", *GERMAN],
    "one too many": ["--silent", "--stay", "12", "--delay", "5", *GERMAN],
}


@dataclass(frozen=True)
class Talk:
    """What has happened on a German extension that is gone again."""

    outcomes: dict[str, Outcome]
    heard: dict[str, list[str]]  # in each call, of the sentences that were recorded beforehand: "de/silent"
    asked: list[dict[str, Any]]  # of the provider

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [request for request in self.asked if request["kind"] == kind]


@pytest.fixture(scope="module")
def talk(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    host: dict[str, Any] = {"MAX_CONCURRENT_CALLS": "2", "IDLE_PROCESSES": "3"}
    settings: dict[str, Any] = {"language": "de", "silent_caller_after": 4, "apology_after": 12}
    folder = tmp_path_factory.mktemp("german")
    with an_extension(line, folder, **host, **settings) as extension:
        extension.provider.script(rules=[{"kind": "llm", "match": "wetter", "answer": "Es ist sonnig.", "delay": 7}])
        outcomes = extension.calls_by_name(CALLS)
        return Talk(outcomes, recorded_sentences(extension, outcomes), extension.provider.asked())


def test_ears_model_and_voice_are_told_the_language(talk: Talk) -> None:
    assert {request["body"]["language"] for request in talk.of("stt")} == {"de"}
    [system] = {request["body"]["messages"][0]["content"] for request in talk.of("llm")}
    assert system.startswith((ROOT / "agent/example/translations/de/persona.md").read_text().strip())
    assert (ROOT / "agent/src/agent/languages/de/rules.md").read_text().strip() in system
    spoken = {request["text"]: request["body"]["instructions"] for request in talk.of("tts")}
    assert all(instructions.startswith("Sprich Deutsch") for instructions in spoken.values())
    assert {(ROOT / "agent/example/translations/de/greeting.md").read_text().strip(), "Es ist sonnig."} <= set(spoken)


def test_a_silent_caller_is_asked_and_told_goodbye_in_german(talk: Talk) -> None:
    outcome = talk.outcomes["silence"]
    assert talk.heard["silence"] == ["de/still_there", "de/cannot_hear", "de/silent"], outcome.printed
    assert outcome.hung_up, outcome.printed


def test_a_caller_who_has_to_wait_hears_a_german_filler(talk: Talk) -> None:
    outcome = talk.outcomes["a slow answer"]
    assert talk.heard["a slow answer"][0] == "de/filler", outcome.printed
    assert outcome.report["turns"][0]["gap"] < 4, outcome.printed


def test_a_german_goodbye_is_understood_and_answered_in_german(talk: Talk) -> None:
    outcome = talk.outcomes["a slow answer"]
    assert talk.heard["a slow answer"][-1] == "de/farewell", outcome.printed
    assert outcome.hung_up, outcome.printed


def test_a_caller_too_many_is_told_so_in_german(talk: Talk) -> None:
    outcome = talk.outcomes["one too many"]
    assert talk.heard["one too many"] == ["de/busy"], outcome.printed
    assert outcome.hung_up, outcome.printed


def test_make_up_refuses_in_one_sentence_a_language_that_the_embedded_models_do_not_know(line: Line) -> None:
    line.change(language="de")
    try:
        refused = line.run("make", "up", check=False)
    finally:
        line.change(language=None)
    told = refused.stdout + refused.stderr
    assert refused.returncode, told
    wrong = "has language = 'de', which needs other models than speech/whisper-tiny.en"
    assert len(re.findall(rf"lines/coffee/line.toml row \d+ {wrong}", told)) == 1, told
    assert "set OPENAI_API_KEY" in told, told
    assert "(1 problem)" in told, told
    assert line.active_jobs() == 0  # the line that was up still is
