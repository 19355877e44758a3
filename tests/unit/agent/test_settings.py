"""Settings: their defaults, their secrets, and one report of everything that is wrong with them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.settings import Settings, calls_at_once, explain, settings_or_exit

KEYS = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The key pair and nothing else that the agent reads."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def report(capsys: pytest.CaptureFixture[str], also: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(SystemExit) as exit_:
        settings_or_exit(also)
    assert exit_.value.code == 2
    return [line.strip() for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("environment")
def test_without_a_key_the_embedded_models_are_used() -> None:
    settings = settings_or_exit()
    assert (settings.stt, settings.llm, settings.tts) == (
        "speech/whisper-tiny.en",
        "speech/qwen2.5-coder-1.5b-instruct",
        "speech/kokoro-heart",
    )


def test_the_small_size_takes_the_smaller_language_model(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SPEECH_SIZE", "small")
    assert settings_or_exit().llm == "speech/qwen2.5-coder-0.5b-instruct"


def test_with_a_key_openai_is_used(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENAI_API_KEY", "sk-1")
    settings = settings_or_exit()
    assert (settings.stt, settings.llm, settings.tts) == (
        "openai/gpt-4o-mini-transcribe",
        "openai/gpt-4o-mini",
        "openai/gpt-4o-mini-tts",
    )


def test_one_model_can_be_chosen_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENAI_API_KEY", "sk-1")
    environment.setenv("TTS", "speech/kokoro-heart")
    settings = settings_or_exit()
    assert (settings.llm, settings.tts) == ("openai/gpt-4o-mini", "speech/kokoro-heart")


def test_empty_variables_are_unset_ones(environment: pytest.MonkeyPatch) -> None:
    expected = settings_or_exit()
    for name in Settings.model_fields:
        if name.upper() not in KEYS:
            environment.setenv(name.upper(), " ")
    assert settings_or_exit() == expected


def test_secrets_are_files(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "livekit_api_key").write_text("from-a-file\n")
    (tmp_path / "livekit_api_secret").write_text("x" * 40 + "\n")
    (tmp_path / "openai_api_key").write_text("")
    for name in KEYS:
        environment.delenv(name)
    environment.setitem(Settings.model_config, "secrets_dir", tmp_path)
    settings = settings_or_exit()
    assert settings.livekit_api_key == "from-a-file"
    assert settings.livekit_api_secret.get_secret_value() == "x" * 40
    assert settings.openai_api_key is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LLM", "openai/gpt-4o-mini", "LLM is 'openai/gpt-4o-mini', which needs OPENAI_API_KEY"),
        ("LLM", "gpt-4o-mini", "not of the form provider/model"),
        ("LLM", "/gpt-4o-mini", "not of the form provider/model"),
        ("STT", "speech/", "not of the form provider/model"),
        ("TTS", "elevenlabs/flash", "'elevenlabs', which is not known; known: openai, speech"),
        ("LIVEKIT_URL", "livekit:7880", "should begin with ws:// or wss:// or http:// or https://"),
        ("OPENAI_BASE_URL", "ws://localhost", "should begin with http:// or https://"),
        ("SPEECH_SIZE", "tiny", "should be 'default' or 'small'"),
        ("LOG_LEVEL", "loud", "should be 'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "should be 'text' or 'json'"),
        ("MAX_CONCURRENT_CALLS", "0", "should be greater than or equal to 1"),
        ("IDLE_PROCESSES", "-1", "should be greater than or equal to 0"),
        ("DRAIN_GRACE", "soon", "should be a valid integer"),
        ("EARLY_TRANSCRIPT", "-0.1", "should be greater than or equal to 0"),
        ("EARLY_TRANSCRIPT", "20", "should be less than or equal to 0.5"),
        ("EARLY_TRANSCRIPT", "20ms", "should be a valid number"),
        ("VAD", "webrtc", "should be 'builtin' or 'silero'"),
        ("END_OF_TURN", "semantic", "should be 'both', 'words', 'melody' or 'silence'"),
        ("WAIT_DONE", "0.1", "should be greater than or equal to 0.3"),
        ("WAIT_DONE", "600", "should be less than or equal to 5"),
        ("WAIT_UNSURE", "0.5", "should be at least WAIT_DONE, 0.6"),
        ("WAIT_UNFINISHED", "0.9", "should be at least WAIT_UNSURE, 1"),
        ("WAIT_UNSURE", "nan", "should be less than or equal to 10"),
        ("WAIT_UNSURE", "900", "should be less than or equal to 10"),
        ("WAIT_UNFINISHED", "0", "should be greater than or equal to 0.3"),
        ("WAIT_UNFINISHED", "inf", "should be less than or equal to 10"),
        ("PREEMPTIVE_GENERATION", "yes", "should be 'voice', 'text' or 'no'"),
        ("FIRST_WORDS", "-1", "should be greater than or equal to 0"),
        ("FIRST_WORDS", "2.5", "should be a valid integer"),
        ("PREPARE_GREETING", "maybe", "should be a valid boolean"),
        ("BARGE_IN", "0", "should be greater than or equal to 0.05"),
        ("BARGE_IN", "120", "should be less than or equal to 2"),
        ("BARGE_IN_WITHIN", "2", "should be greater than or equal to 3"),
        ("BARGE_IN_WITHIN", "61", "should be less than or equal to 60"),
        ("RESUME_AFTER", "0", "should be greater than or equal to 0.1"),
        ("RESUME_AFTER", "11", "should be less than or equal to 10"),
        ("ECHO_WARMUP", "-1", "should be greater than or equal to 0"),
        ("ECHO_WARMUP", "3000", "should be less than or equal to 10"),
        ("FRAME_MS", "5", "should be greater than or equal to 10"),
        ("FRAME_MS", "200", "should be less than or equal to 100"),
    ],
)
def test_a_wrong_setting_is_named_and_explained(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    environment.setenv(name, value)
    head, problem = report(capsys)
    assert head == "the configuration is not usable (1 problem)"
    assert problem.startswith(f"{name} is {value!r}, which ")
    assert expected in problem


def test_all_problems_are_in_one_report(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment.delenv("LIVEKIT_API_SECRET")
    environment.setenv("LLM", "openai/gpt-4o")
    environment.setenv("LOG_FORMAT", "xml")
    head, *problems = report(capsys, also=("prompts/greeting.md is empty",))
    assert head == "the configuration is not usable (4 problems)"
    assert [problem.split()[0] for problem in problems] == [
        "prompts/greeting.md",
        "LIVEKIT_API_SECRET",
        "LLM",
        "LOG_FORMAT",
    ]


def test_no_report_and_no_repr_tells_a_secret(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("LIVEKIT_API_SECRET", "canary" * 6)
    environment.setenv("OPENAI_API_KEY", "sk-canary")
    assert "canary" not in repr(settings_or_exit())
    environment.setenv("STT", "nobody/x")
    assert "canary" not in " ".join(report(capsys))


def test_an_embedded_model_takes_fewer_calls_at_once_and_a_setting_beats_both() -> None:
    assert calls_at_once(given(openai_api_key="sk-1")) == 10
    assert calls_at_once(given()) == 3
    assert calls_at_once(given(max_concurrent_calls="7")) == 7


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"stt": "speech/nonsense"}, "a model that speech does not have"),
        ({"voice": "ash"}, "is no voice of speech/kokoro-heart"),
        ({"openai_base_url": "http://localhost:9/v1"}, "needs OPENAI_API_KEY"),
        ({"drain_grace": "300"}, "less than or equal to 60"),
    ],
)
def test_what_would_answer_and_then_hang_up_mutely_is_refused(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as error:
        given(**changes)
    assert complaint in " ".join(explain(error.value))


def given(**changes: str) -> Settings:
    return Settings.model_validate({"livekit_api_key": "key", "livekit_api_secret": "secret"} | changes)
