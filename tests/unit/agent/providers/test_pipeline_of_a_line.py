"""Who hears, thinks and speaks on a line follows from its settings and from the keys there are."""

from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest
from pydantic import SecretStr

from agent import languages
from agent.lines.line import Line
from agent.providers import openai, speech
from agent.providers.capacity import calls_at_once
from agent.providers.catalog import KINDS, LLM, STT, TTS, Wanted
from agent.providers.check import check_line, lines_of
from agent.providers.pipeline import Pipeline
from tests.unit.agent.fakes import KEYS, host, line
from tests.unit.agent.settings.test_settings import packed

EMBEDDED = ["speech/whisper-tiny.en", "speech/qwen2.5-coder-1.5b-instruct", "speech/kokoro-heart"]
OPENAI = ["openai/gpt-4o-mini-transcribe", "openai/gpt-4o-mini", "openai/gpt-4o-mini-tts"]
OWN = {"OPENAI_API_KEY": SecretStr("sk-coffee")}
NO_KEY = host(provider_keys={})
SMALL = f"speech/{speech.SMALL['llm']}"


def names(pipeline: Pipeline) -> list[str]:
    return [pipeline.name(kind) for kind in KINDS]


def problems(changed: Line, **host_settings: Any) -> list[str]:
    """What is wrong with a line on a host without a key."""
    return [f"{key} {about}" for key, about in check_line(changed, host(**{"provider_keys": {}} | host_settings))]


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Wanted]]:
    """What the providers' modules are asked for, by the last part of their names."""
    asked: list[tuple[str, Wanted]] = []

    def ask(provider: str) -> Callable[[Wanted], Any]:
        def new_model(wanted: Wanted) -> Any:
            asked.append((provider, wanted))
            return MagicMock()

        return new_model

    for module in (openai, speech):
        for kind in KINDS:
            monkeypatch.setattr(module, f"new_{kind}", ask(module.__name__.rpartition(".")[2]))
    return asked


def test_what_is_chosen_follows_from_the_keys() -> None:
    assert names(Pipeline(line(), NO_KEY)) == EMBEDDED
    assert names(Pipeline(line(), host())) == OPENAI
    assert names(Pipeline(line(), host(provider_keys={}, speech_size="small")))[1].endswith("0.5b-instruct")
    assert names(Pipeline(line(tts="speech/kokoro-heart"), host())) == [*OPENAI[:2], EMBEDDED[2]]


@pytest.mark.parametrize("written", ["OPENAI_API_KEY=\n", "OPENAI_API_KEY= \n", "# OPENAI_API_KEY=sk-1\n", ""])
def test_a_provider_whose_key_is_empty_is_as_if_it_were_not_there(written: str) -> None:
    settings = host(provider_keys=packed(written))
    assert names(Pipeline(line(), settings)) == EMBEDDED
    [problem] = check_line(line(llm="openai/gpt-4o"), settings)
    assert problem == ("models.llm", "= 'openai/gpt-4o', which needs OPENAI_API_KEY, which is not set in .env")


def test_a_lines_own_key_makes_a_provider_usable(wanted: list[tuple[str, Wanted]]) -> None:
    its = Pipeline(line(keys=OWN), NO_KEY)
    assert names(its) == OPENAI
    assert its.problems() == []
    its.new_llm()
    assert [(name, it.key) for name, it in wanted] == [("openai", "sk-coffee")]


def test_a_lines_own_key_beats_the_hosts(wanted: list[tuple[str, Wanted]]) -> None:
    Pipeline(line(keys=OWN), host()).new_tts()
    Pipeline(line(), host()).new_tts()
    assert [it.key for _, it in wanted] == ["sk-coffee", "sk-1"]


def test_each_provider_is_asked_for_what_the_line_says(wanted: list[tuple[str, Wanted]]) -> None:
    settings = host(openai_base_url="http://localhost:9/v1", speech_url="http://speech.test/v1")
    its = Pipeline(line(language="de", llm="openai/a/b", voice="coral", tts="openai/tts-1"), settings)
    its.new_llm()
    its.new_tts()
    Pipeline(line(stt="speech/whisper-tiny.en"), settings).new_stts()
    assert wanted == [
        ("openai", Wanted("a/b", "de", "coral", "sk-1", "http://localhost:9/v1", 10)),
        ("openai", Wanted("tts-1", "de", "coral", "sk-1", "http://localhost:9/v1", 10)),
        ("speech", Wanted("whisper-tiny.en", "en", "", "", "http://speech.test/v1", 30, False)),
    ]


@pytest.mark.parametrize(
    ("tts", "fallback", "voice", "voices"),
    [
        ("openai/tts-1", "speech/kokoro-heart", "coral", ["coral", ""]),
        ("speech/kokoro-heart", "openai/tts-1", "heart", ["heart", ""]),
        ("openai/tts-1", "openai/tts-1-hd", "coral", ["coral", "coral"]),
    ],
)
def test_a_voice_is_not_asked_of_another_provider_which_would_not_know_it(
    wanted: list[tuple[str, Wanted]], tts: str, fallback: str, voice: str, voices: list[str]
) -> None:
    its = Pipeline(line(tts=tts, tts_fallback=fallback, voice=voice), host())
    assert its.problems() == []
    its._all(TTS)
    assert [it.voice for _, it in wanted] == voices


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"llm": "openai/gpt-4o"},
            "models.llm = 'openai/gpt-4o', which needs OPENAI_API_KEY, which is not set in .env",
        ),
        ({"llm": "gpt-4o"}, "models.llm = 'gpt-4o', which is not of the form provider/model"),
        ({"stt": "nobody/x"}, "models.stt = 'nobody/x', which names the unknown provider 'nobody'"),
        ({"stt": "speech/nonsense"}, "models.stt = 'speech/nonsense', which names a model that speech does not have"),
        ({"stt_fallback": "openai/whisper-1"}, "models.stt_fallback = 'openai/whisper-1', which needs OPENAI_API_KEY"),
        ({"llm_fallback": "openai-realtime/x"}, "models.llm_fallback = 'openai-realtime/x', which names the unknown "),
        ({"tts_fallback": "kokoro-heart"}, "models.tts_fallback = 'kokoro-heart', which is not of the form"),
        ({"stt_fallback": EMBEDDED[0]}, f"models.stt_fallback = '{EMBEDDED[0]}', which stt is already"),
        (
            {"llm": EMBEDDED[1], "llm_fallback": EMBEDDED[1]},
            f"models.llm_fallback = '{EMBEDDED[1]}', which llm is already",
        ),
        ({"voice": "ash"}, "models.voice = 'ash', which speech/kokoro-heart does not have; it has heart"),
        (
            {"keys": {"OPENAI_KEY": SecretStr("canary")}},
            "models.keys.OPENAI_KEY which no provider uses; the known keys are: ",
        ),
        ({"language": "de"}, f"language = 'de', which needs other models than {', '.join(EMBEDDED)} (en only): set"),
        ({"call_warning": 3600}, "handling.call_warning = 3600, which should be less than the 3600 s that a call may"),
    ],
)
def test_what_cannot_be_used_is_one_problem(changes: dict[str, Any], problem: str) -> None:
    [found] = problems(line(**changes))
    assert found.startswith(problem)
    assert "canary" not in found


def test_all_that_cannot_be_used_is_told_at_once() -> None:
    found = problems(line(stt="x", llm="nobody/x", tts="speech/x", tts_fallback="openai/tts-1", call_warning=4000))
    assert [problem.split()[0] for problem in found] == [
        "models.stt",
        "models.llm",
        "models.tts",
        "models.tts_fallback",
        "handling.call_warning",
    ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, None),
        ({"tts": EMBEDDED[2]}, f"{EMBEDDED[2]} (en only)"),
        ({"stt_fallback": EMBEDDED[0]}, f"{EMBEDDED[0]} (en only)"),
    ],
)
def test_a_language_that_a_model_does_not_know_is_refused_with_a_key_too(
    changes: dict[str, str], named: str | None
) -> None:
    found = problems(line(language="de", **changes), provider_keys=KEYS)
    advice = "set OPENAI_API_KEY in .env, and name none of these"
    assert found == ([f"language = 'de', which needs other models than {named}: {advice}"] if named else [])


@pytest.mark.parametrize("language", languages.known())
def test_every_language_is_spoken_with_a_key(language: str) -> None:
    assert problems(line(language=language), provider_keys=KEYS) == []


@pytest.mark.parametrize(("tts", "voice"), [("openai/tts-1", "anything"), ("speech/kokoro-heart", "heart")])
def test_a_voice_that_may_be_there_is_taken(tts: str, voice: str) -> None:
    assert problems(line(tts=tts, voice=voice), provider_keys=KEYS) == []


@pytest.mark.parametrize(
    ("of_line", "of_host", "warning", "fits"),
    [
        (None, 60, 60, False),
        (None, 60, 90, False),
        (None, 60, 59, True),
        (60, 3600, 60, False),
        (60, 3600, 59, True),
        (3600, 60, 60, False),
    ],
)
def test_a_call_has_to_be_longer_than_its_warning_by_the_shorter_of_both_limits(
    of_line: int | None, of_host: int, warning: int, fits: bool
) -> None:
    found = problems(line(max_call_duration=of_line, call_warning=warning), max_call_duration=of_host)
    assert found == (
        []
        if fits
        else [
            f"handling.call_warning = {warning}, which should be less than the 60 s that a call may last "
            "(limits.max_call_duration, or MAX_CALL_DURATION in .env)"
        ]
    )


def test_the_lines_of_a_host_are_judged_by_what_it_can_do(tmp_path: Any) -> None:
    (tmp_path / "lines/coffee").mkdir(parents=True)
    (tmp_path / "lines/coffee/line.toml").write_text('\n[models]\nllm = "openai/gpt-4o"\n')
    folder = tmp_path / "lines"
    assert lines_of(host(lines_folder=folder, provider_keys={})).problems()[0] == (
        "lines/coffee/line.toml row 3 has models.llm = 'openai/gpt-4o', which needs OPENAI_API_KEY, which is not set "
        "in .env"
    )
    assert [it.models.llm for it in lines_of(host(lines_folder=folder)).all_as_written()] == ["openai/gpt-4o"]


@pytest.mark.parametrize(
    ("changes", "at_once"),
    [
        ([{}], 10),
        ([{}, {}], 10),
        ([], 10),
        ([{"tts": EMBEDDED[2]}], 3),
        ([{}, {"stt": EMBEDDED[0]}], 3),
        ([{}, {"llm_fallback": EMBEDDED[1]}], 3),
    ],
)
def test_one_line_with_an_embedded_model_makes_fewer_calls_at_once_of_all(
    changes: list[dict[str, str]], at_once: int
) -> None:
    lines = [line(**each) for each in changes]
    assert calls_at_once(lines, host()) == at_once
    assert calls_at_once(lines, host(max_concurrent_calls=7)) == 7


def test_without_a_key_all_lines_are_embedded_but_one_with_a_key_of_its_own() -> None:
    assert calls_at_once([line()], NO_KEY) == 3
    assert calls_at_once([line(keys=OWN)], NO_KEY) == 10


def test_what_a_model_is_like_decides_what_it_is_given() -> None:
    assert Pipeline(line(), host()).uses_tools
    assert Pipeline(line(), NO_KEY).uses_tools
    assert not Pipeline(line(), NO_KEY.model_copy(update={"speech_size": "small"})).uses_tools
    assert Pipeline(line(llm_fallback=EMBEDDED[1]), host()).uses_tools
    assert not Pipeline(
        line(llm_fallback=SMALL), host()
    ).uses_tools  # which would leave its callers without what they want
    assert Pipeline(line(stt=EMBEDDED[0]), host()).uses_tools
    assert Pipeline(line(), host()).tells_machines_from_people
    assert not Pipeline(line(), NO_KEY).tells_machines_from_people
    assert not Pipeline(line(llm_fallback=SMALL), host()).tells_machines_from_people
    assert Pipeline(line(), NO_KEY).reads_slowly
    assert not Pipeline(line(), host()).reads_slowly


@pytest.mark.parametrize("kind", [STT, LLM, TTS])
def test_a_first_model_has_less_patience_where_a_second_one_is_there(kind: str) -> None:
    alone = Pipeline(line(), host())
    with_another = Pipeline(line(apology_after=6, **{f"{kind}_fallback": "openai/other"}), host())
    assert (alone.attempts(kind), alone.patience(kind)) == (2, 10)
    assert (with_another.attempts(kind), with_another.patience(kind)) == (1, 2)
