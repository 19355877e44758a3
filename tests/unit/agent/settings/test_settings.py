"""Settings: their defaults, their secrets, and one report of everything that is wrong with them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent import languages
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
        ("LANGUAGE", "xx", "is no language of this line, which has de, en, es, fr"),
        ("LANGUAGE", "DE", "is no language of this line, which has de, en, es, fr"),
        ("STT_FALLBACK", "openai/whisper-1", "needs OPENAI_API_KEY"),
        ("STT_FALLBACK", "speech/whisper-tiny.en", "is what STT is already"),
        ("LLM_FALLBACK", "openai-realtime/x", "'openai-realtime', which is not known; known: openai, speech"),
        ("TTS_FALLBACK", "kokoro-heart", "not of the form provider/model"),
        ("FILLER_AFTER", "0.1", "should be greater than or equal to 0.5"),
        ("FILLER_AFTER", "31", "should be less than or equal to 30"),
        ("APOLOGY_AFTER", "2", "should be at least FILLER_AFTER, 3"),
        ("APOLOGY_AFTER", "0", "should be greater than or equal to 1"),
        ("APOLOGY_AFTER", "61", "should be less than or equal to 60"),
        ("FAILURES", "0", "should be greater than or equal to 1"),
        ("FAILURES", "11", "should be less than or equal to 10"),
        ("SILENT_CALLER_AFTER", "1", "should be greater than or equal to 2"),
        ("SILENT_CALLER_AFTER", "301", "should be less than or equal to 300"),
        ("LONGEST_TALK", "4", "should be greater than or equal to 5"),
        ("LONGEST_TALK", "1h", "should be a valid number"),
        ("MAX_CALL_DURATION", "59", "should be greater than or equal to 60"),
        ("MAX_CALL_DURATION", "86401", "should be less than or equal to 86400"),
        ("CALL_WARNING", "4", "should be greater than or equal to 5"),
        ("CALL_WARNING", "601", "should be less than or equal to 600"),
        ("DIGITS_TIMEOUT", "0", "should be greater than or equal to 0.5"),
        ("DIGITS_TIMEOUT", "31", "should be less than or equal to 30"),
        ("DIGITS_END", "0", "should be '#' or '*'"),
        ("DIGITS_END", "##", "should be '#' or '*'"),
        ("TIMEZONE", "Berlin", "is no time zone; one is Europe/Berlin"),
        ("TIMEZONE", "../etc/passwd", "is no time zone"),
        ("CALLER_LOOKUP_TIMEOUT", "0", "should be greater than or equal to 0.1"),
        ("CALLER_LOOKUP_TIMEOUT", "11", "should be less than or equal to 10"),
        ("RECORD_CALLS", "always", "should be a valid boolean"),
        ("RECORDING_NOTICE", "yes", "should be 'no', 'announce' or 'ask'"),
        ("REDACT", "cards", "should be a valid boolean"),
        ("CALL_SUMMARY", "short", "should be a valid boolean"),
        ("KEEP_DAYS", "0", "should be greater than or equal to 1"),
        ("KEEP_DAYS", "3651", "should be less than or equal to 3650"),
        ("KEEP_MB", "0", "should be greater than or equal to 1"),
        ("KEEP_MB", "1000001", "should be less than or equal to 1000000"),
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
        "LLM",
        "LIVEKIT_API_SECRET",
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
        ({"webhook_url": "http://localhost:9"}, "WEBHOOK_SECRET, which is needed with WEBHOOK_URL"),
        ({"caller_lookup_url": "crm.example.com"}, "CALLER_LOOKUP_URL, which should begin with http:// or https://"),
        ({"webhook_url": "localhost:9", "webhook_secret": "s" * 32}, "should begin with http:// or https://"),
        ({"caller_lookup_url": "http://crm:8o80/lookup"}, "a port: a number up to 65535"),
        ({"webhook_url": "http://crm:80800", "webhook_secret": "s" * 32}, "a port: a number up to 65535"),
        ({"webhook_url": "https:///hook", "webhook_secret": "s" * 32}, "then have a host"),
        ({"livekit_url": "ws://:7880"}, "should begin with ws:// or wss:// or http:// or https://, then have a host"),
        ({"webhook_secret": "s" * 31}, "WEBHOOK_SECRET, which should have at least 32 characters"),
        ({"webhook_secret": "whsec_"}, "begins with whsec_: after it should be Base64 of at least 24 bytes"),
        ({"webhook_secret": "whsec_" + "no-base64" * 4}, "should be Base64 of at least 24 bytes"),
        ({"webhook_secret": "whsec_" + "QUFB" * 7}, "should be Base64 of at least 24 bytes"),
    ],
)
def test_what_would_answer_and_then_hang_up_mutely_is_refused(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as error:
        given(**changes)
    assert complaint in " ".join(explain(error.value))


@pytest.mark.parametrize("secret", ["a-secret-of-thirty-two-letters-00", "s" * 32, "whsec_" + "QUFB" * 8])
def test_a_secret_that_is_long_enough_is_taken(secret: str) -> None:
    taken = given(webhook_url="http://provider:8000/ended?key=1", webhook_secret=secret).webhook_secret
    assert taken
    assert taken.get_secret_value() == secret


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, "speech/whisper-tiny.en, speech/qwen2.5-coder-1.5b-instruct, speech/kokoro-heart (en only)"),
        ({"openai_api_key": "sk-1", "tts": "speech/kokoro-heart"}, "speech/kokoro-heart (en only)"),
        ({"openai_api_key": "sk-1", "stt_fallback": "speech/whisper-tiny.en"}, "speech/whisper-tiny.en (en only)"),
    ],
)
def test_a_language_that_one_of_the_models_does_not_know_is_refused_in_one_sentence(
    changes: dict[str, str], named: str
) -> None:
    with pytest.raises(ValidationError) as error:
        given(language="de", **changes)
    assert explain(error.value) == [
        f"LANGUAGE is 'de', which needs other models than {named}: "
        "set OPENAI_API_KEY, and name none of these: correct it in .env"
    ]


@pytest.mark.parametrize("language", languages.known())
def test_every_language_is_spoken_with_a_key(language: str) -> None:
    assert given(language=language, openai_api_key="sk-1").language == language


def given(**changes: str) -> Settings:
    return Settings.model_validate({"livekit_api_key": "key", "livekit_api_secret": "secret"} | changes)


@pytest.mark.parametrize(("warning", "found"), [("60", 1), ("90", 1), ("59", 0)])
def test_a_call_has_to_be_longer_than_its_warning(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warning: str, found: int
) -> None:
    environment.setenv("MAX_CALL_DURATION", "60")
    environment.setenv("CALL_WARNING", warning)
    if not found:
        assert settings_or_exit().call_warning == int(warning)
        return
    assert report(capsys)[1:] == [
        f"CALL_WARNING is '{warning}', which should be less than MAX_CALL_DURATION, 60: it is that long before the end"
        ": correct it in .env"
    ]
