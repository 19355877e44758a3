"""Several lines on one host, each with its own numbers, words, language and key; and settings that are edited."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.calls import FLAVORS
from tests.stack.extension import Extension, an_extension
from tests.stack.line import Line
from tests.stack.recorded import KEEP, recorded_sentences
from tests.support.lines import write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack.outcome import Outcome

NOT_ANSWERED = 10
ON_NO_LINE = "+12025550199"
BAKERY, GARAGE = "bakery", "garage"
LANGUAGES = {BAKERY: "en", GARAGE: "de"}
KEYS = {BAKERY: "the-key-of-the-bakery", GARAGE: "the-key-of-the-garage"}
WORDS = {  # with the fact of the line
    BAKERY: {"greeting": "Hello, today we have {}.", "persona": "The cake of the week is {}."},
    GARAGE: {"greeting": "Hallo. {}.", "persona": "Die Farbe der Woche ist {}."},
}
QUESTIONS = {BAKERY: "What cake do you have?", GARAGE: "Wie ist das Wetter heute?"}
ANSWERS = {BAKERY: "Our cake is {}.", GARAGE: "Hallo. {}."}
GOODBYES = {BAKERY: "Thanks, bye.", GARAGE: "Vielen Dank, tschüss."}
IS_RECORDED = "this call is recorded"


@dataclass(frozen=True)
class Day:
    """What has happened on an extension that is gone again."""

    facts: dict[str, str]  # made up for this run, by line
    numbers: dict[str, str]
    outcomes: dict[str, Outcome]
    sentences: dict[str, list[str]]  # in each call, of those that were recorded beforehand
    asked: list[dict[str, Any]]
    kept: list[Path]  # records, below their folder
    logs: str
    logs_of_the_broken_edit: str

    def others(self, line: str) -> list[str]:
        return [fact for name, fact in self.facts.items() if name != line]


@pytest.fixture(scope="module")
def day(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Day:
    # Long ones are heard aright between German words, too. The example's menu has chocolate already.
    long = [flavor for flavor in FLAVORS if len(flavor) > len("cherry") and flavor != "chocolate"]
    facts = dict(zip(LANGUAGES, random.sample(long, len(LANGUAGES)), strict=True))
    secrets = {f"{name.upper()}_KEY": key for name, key in KEYS.items()}
    lines = {
        name: {"language": language, "models": {"keys": {"OPENAI_API_KEY": f"{name.upper()}_KEY"}}}
        for name, language in LANGUAGES.items()
    }
    home = tmp_path_factory.mktemp("lines")
    with an_extension(line, home, lines=lines, secrets=secrets, IDLE_PROCESSES="3") as extension:
        for name, fact in facts.items():
            answer = {"kind": "llm", "match": QUESTIONS[name].rstrip("?"), "answer": ANSWERS[name].format(fact)}
            extension.provider.script(who=KEYS[name], rules=[answer])
            for file, text in WORDS[name].items():
                with (extension.folder_of(name) / f"{file}.md").open("a" if file == "persona" else "w") as words:
                    words.write(f"\n{text.format(fact)}\n")
        return _held(extension, facts)


def _held(extension: Extension, facts: dict[str, str]) -> Day:
    def hears_the_greeting(name: str) -> list[str]:
        return ["--to", extension.numbers[name], "--silent", *KEEP]

    def talks(name: str) -> list[str]:
        said = ["--say", QUESTIONS[name], "--say", GOODBYES[name], "--stay", "20"]
        return ["--to", extension.numbers[name], *said, *KEEP]

    strangers = {"on no line": ["--to", ON_NO_LINE, "--silent", "--ring-timeout", "8"]}
    outcomes = extension.calls_by_name({name: talks(name) for name in LANGUAGES} | strangers)

    write_settings(extension.folder_of(BAKERY), enabled=True)
    edited = {"edited": hears_the_greeting(BAKERY), "not edited": hears_the_greeting(GARAGE)}
    outcomes |= extension.calls_by_name(edited)

    before = extension.logs
    write_settings(extension.folder_of(BAKERY), filler_after="soon")
    outcomes |= extension.calls_by_name({"broken": hears_the_greeting(BAKERY)})
    extension.until(lambda: extension.is_idle, "idle")
    logs = extension.logs

    answered = {name: outcome for name, outcome in outcomes.items() if name not in strangers}
    records = extension.data() / "calls"
    return Day(
        facts,
        dict(extension.numbers),
        outcomes,
        recorded_sentences(extension, answered),
        extension.provider.asked(),
        [file.relative_to(records) for file in records.rglob("transcript.json")],
        logs,
        logs.removeprefix(before),
    )


@pytest.mark.parametrize("name", LANGUAGES)
def test_each_line_answers_its_own_number_with_its_own_fact_and_not_the_others(day: Day, name: str) -> None:
    outcome = day.outcomes[name]
    greeting = outcome.said[0]["text"].lower()
    assert day.facts[name] in greeting, outcome.printed
    assert outcome.heard.count(day.facts[name]) > 1, outcome.printed  # in the greeting, and as the answer
    assert not [fact for fact in day.others(name) if fact in outcome.heard], outcome.printed


@pytest.mark.parametrize("name", LANGUAGES)
def test_each_line_asks_with_its_own_key_in_its_own_language_for_its_own_words(day: Day, name: str) -> None:
    asked = [request for request in day.asked if request["who"] == KEYS[name]]
    assert {request["body"]["language"] for request in asked if request["kind"] == "stt"} == {LANGUAGES[name]}
    [persona] = {request["body"]["messages"][0]["content"] for request in asked if request["kind"] == "llm"}
    assert WORDS[name]["persona"].format(day.facts[name]) in persona
    assert not [fact for fact in day.others(name) if fact in json.dumps([request["body"] for request in asked])]
    assert {request["who"] for request in day.asked} == set(KEYS.values())


@pytest.mark.parametrize("name", LANGUAGES)
def test_each_line_says_goodbye_in_its_own_language(day: Day, name: str) -> None:
    assert day.sentences[name][-1] == f"{LANGUAGES[name]}/farewell", day.outcomes[name].printed
    assert day.outcomes[name].hung_up, day.outcomes[name].printed


def test_a_number_on_no_line_gets_no_answer(day: Day) -> None:
    assert day.outcomes["on no line"].code == NOT_ANSWERED, day.outcomes["on no line"].printed


def test_an_edited_setting_is_in_effect_on_the_next_call_of_that_line_alone(day: Day) -> None:
    assert IS_RECORDED not in day.outcomes[BAKERY].heard, day.outcomes[BAKERY].printed
    assert day.outcomes["edited"].hears(IS_RECORDED), day.outcomes["edited"].printed
    assert not [name for name in day.sentences["not edited"] if name.endswith("/recorded")]
    assert day.facts[GARAGE] in day.outcomes["not edited"].heard, day.outcomes["not edited"].printed


def test_records_are_those_of_their_line(day: Day) -> None:
    assert [file.parts[0] for file in day.kept] == [BAKERY, BAKERY]  # of the calls after the edit


def test_a_broken_edit_leaves_the_last_good_one_in_effect_and_is_told_once(day: Day) -> None:
    outcome = day.outcomes["broken"]
    assert outcome.hears(IS_RECORDED), outcome.printed
    assert day.facts[BAKERY] in outcome.heard, outcome.printed
    [told] = [line for line in day.logs_of_the_broken_edit.splitlines() if " ERROR " in line]
    assert f"lines/{BAKERY}/line.toml row " in told
    assert "has handling.filler_after = 'soon', which should be a valid number" in told
    assert told.count("the last good version is used") == 1


def test_the_log_names_the_line_and_none_of_its_secrets(day: Day) -> None:
    answered = [line for line in day.logs.splitlines() if "Call answered" in line]
    assert [sum(f"line={name}" in line for line in answered) for name in LANGUAGES] == [3, 2], answered
    assert not [key for key in KEYS.values() if key in day.logs]
    assert not [number for number in day.numbers.values() if number.lstrip("+") in day.logs]


def test_a_wrong_line_is_refused_by_make_up_before_anything_is_touched(line: Line) -> None:
    before = line.stored(), line.compose("ps", "--quiet").split()
    line.change(filler_after="soon")
    line.set("SERVER_LOG_LEVEL", "warn")  # alone it would replace the server and the gateway
    try:
        refused = line.run("make", "up", check=False)
        assert refused.returncode
        assert refused.stderr.count(_wrong(line)) == 1, refused.stderr
        assert "nothing was started or stopped" in refused.stderr
        assert (line.stored(), line.compose("ps", "--quiet").split()) == before
    finally:
        line.change(filler_after=30)
        line.set("SERVER_LOG_LEVEL", "error")


def test_make_check_checks_the_lines_and_starts_nothing(tmp_path: Path) -> None:
    line = Line("landline-test-check", tmp_path, subnet="172.29.58", first_port=21060)
    try:
        right = line.run("make", "check")
        line.change(filler_after="soon")
        wrong = line.run("make", "check", check=False)
        started = line.compose("ps", "--all", "--quiet")
    finally:
        line.clean()
    assert "are valid" in right.stdout
    assert wrong.returncode
    assert wrong.stderr.count(_wrong(line)) == 1, wrong.stderr
    assert not started


def _wrong(line: Line) -> str:
    """What is told of a filler_after that is "soon"."""
    rows = (line.words / "line.toml").read_text().splitlines()
    [number] = [number for number, row in enumerate(rows, 1) if row.startswith("filler_after = ")]
    return f"lines/coffee/line.toml row {number} has handling.filler_after = 'soon', which should be a valid number"
