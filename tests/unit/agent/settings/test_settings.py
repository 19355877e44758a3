"""The host's settings: their defaults, their secrets, and one report of everything that is wrong with them."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from agent.settings import Settings, exit_if, explain, read_what_can_be_read

KEYS = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}


def packed(text: str) -> str:
    """Secrets as `make up` packs them."""
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The key pair and nothing else that the agent reads."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def settings_or_exit() -> Settings:
    """What the agent does before anything else, but for the lines."""
    settings, problems = read_what_can_be_read()
    exit_if(problems)
    return settings


def report(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as exit_:
        settings_or_exit()
    assert exit_.value.code == 2
    return [line.strip() for line in capsys.readouterr().err.splitlines()]


def test_empty_variables_are_unset_ones(environment: pytest.MonkeyPatch) -> None:
    expected = settings_or_exit()
    for name in Settings.model_fields:
        if name.upper() not in KEYS:
            environment.setenv(name.upper(), " ")
    assert settings_or_exit() == expected


def test_secrets_are_files(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "livekit_api_key").write_text("from-a-file\n")
    (tmp_path / "livekit_api_secret").write_text("x" * 40 + "\n")
    (tmp_path / "provider_keys").write_text(packed("OPENAI_API_KEY=sk-1\nANOTHER_API_KEY=\nTHIRD_API_KEY= \n") + "\n")
    (tmp_path / "line_secrets").write_text(packed("# a comment\nHOOK=https://example.com/?key=a=b\n"))
    for name in KEYS:
        environment.delenv(name)
    environment.setitem(Settings.model_config, "secrets_dir", tmp_path)
    settings = settings_or_exit()
    assert settings.livekit_api_key.get_secret_value() == "from-a-file"
    assert settings.livekit_api_secret.get_secret_value() == "x" * 40
    assert {name: key.get_secret_value() for name, key in settings.provider_keys.items()} == {"OPENAI_API_KEY": "sk-1"}
    assert settings.line_secrets["HOOK"].get_secret_value() == "https://example.com/?key=a=b"
    assert settings.openai_base_url is None


def test_a_key_with_a_character_that_no_key_has_is_named_and_not_shown(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("PROVIDER_KEYS", packed("OPENAI_API_KEY=sk-canary…\nACME_API_KEY=fine\n"))
    _, told = report(capsys)
    assert told.startswith("OPENAI_API_KEY has a character at position 10 that is in no key: ")
    assert told.endswith("copy it again in .env")
    assert "canary" not in told


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "LIVEKIT_URL"])
def test_in_a_container_localhost_is_refused_with_what_to_write(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    url = f"{'ws' if name == 'LIVEKIT_URL' else 'http'}://localhost:9"
    environment.setenv(name, url)
    assert settings_or_exit()  # on the machine itself that is right
    environment.setenv("IN_CONTAINER", "yes")
    _, told = report(capsys)
    assert told.startswith(f"{name} is '{url}', which should not name localhost, which is the container itself: ")
    assert "write host.docker.internal instead" in told


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LIVEKIT_URL", "livekit:7880", "should begin with ws:// or wss:// or http:// or https://"),
        ("LIVEKIT_URL", "ws://:7880", "should begin with ws:// or wss:// or http:// or https://, then have a host"),
        ("OPENAI_BASE_URL", "ws://localhost", "should begin with http:// or https://"),
        ("SPEECH_SIZE", "tiny", "should be 'default' or 'small'"),
        ("LOG_LEVEL", "loud", "should be 'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "should be 'text' or 'json'"),
        ("MAX_CONCURRENT_CALLS", "0", "should be greater than or equal to 1"),
        ("MAX_CALL_DURATION", "59", "should be greater than or equal to 60"),
        ("MAX_CALL_DURATION", "86401", "should be less than or equal to 86400"),
        ("IDLE_PROCESSES", "-1", "should be greater than or equal to 0"),
        ("DRAIN_GRACE", "soon", "should be a valid integer"),
        ("DRAIN_GRACE", "300", "should be less than or equal to 60"),
    ],
)
def test_a_wrong_setting_is_named_and_explained(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    environment.setenv(name, value)
    head, problem = report(capsys)
    assert head == "The configuration is not usable (1 problem); nothing was changed."
    assert problem.startswith(f"{name} is {value!r}, which ")
    assert expected in problem


def test_all_problems_are_in_one_report(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment.delenv("LIVEKIT_API_SECRET")
    environment.setenv("DRAIN_GRACE", "0")
    environment.setenv("LOG_FORMAT", "xml")
    head, *problems = report(capsys)
    assert head == "The configuration is not usable (3 problems); nothing was changed."
    assert [problem.split()[0] for problem in problems] == ["LIVEKIT_API_SECRET", "DRAIN_GRACE", "LOG_FORMAT"]


def test_a_wrong_setting_is_as_if_it_were_not_set_so_that_the_lines_can_be_judged(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("LIVEKIT_API_KEY")
    environment.setenv("MAX_CALL_DURATION", "an hour")
    environment.setenv("LINES_FOLDER", "elsewhere")
    settings, problems = read_what_can_be_read()
    assert (settings.max_call_duration, settings.lines_folder) == (3600, Path("elsewhere"))
    assert [problem.split()[0] for problem in problems] == ["LIVEKIT_API_KEY", "MAX_CALL_DURATION"]


def test_without_a_problem_nobody_exits() -> None:
    exit_if([])


@pytest.mark.parametrize("secret", sorted({"livekit_api_key", "livekit_api_secret", "provider_keys", "line_secrets"}))
def test_no_report_and_no_repr_tells_a_secret(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    environment.setenv(secret.upper(), packed("OPENAI_API_KEY=canary") if secret.endswith("s") else "canary" * 6)
    assert "canary" not in repr(settings_or_exit())
    environment.setenv(secret.upper(), "canary?" * 6)
    environment.setenv("LOG_LEVEL", "loud")
    assert "canary" not in " ".join(report(capsys))


def test_what_is_secret_follows_from_its_type() -> None:
    """A secret that somebody adds tomorrow is not shown either: no list has to be kept."""

    class Tomorrow(Settings):
        deepgram_api_key: SecretStr | None = None

    with pytest.raises(ValidationError) as error:
        Tomorrow.model_validate(
            {"livekit_api_key": "key", "livekit_api_secret": "s", "deepgram_api_key": ["dg-very-secret"]}
        )
    assert "dg-very-secret" not in " ".join(explain(error.value, Tomorrow))
