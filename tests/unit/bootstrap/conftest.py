"""Settings as an environment gives them, and nothing of the developer's own."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bootstrap.settings import SecretFiles, ServerSettings, Settings, SettingsError, load

KEY, SECRET = "APIunittest", "0123456789abcdef0123456789abcdef"


class Environment(Protocol):
    def __call__(self, **variables: str) -> None: ...


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Give the tests after this one the log that they had: a command writes its own to what is captured of it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secrets: Path) -> Environment:
    """Sets variables; those not set are absent. The current folder has no .env, and one line without numbers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines/coffee").mkdir(parents=True)
    (tmp_path / "lines/coffee/line.toml").touch()
    monkeypatch.delenv("ENV_CHECKSUMS", raising=False)
    monkeypatch.setattr(SecretFiles, "folder", secrets)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    set_variables(LIVEKIT_API_KEY=KEY, LIVEKIT_API_SECRET=SECRET)
    return set_variables


@pytest.fixture
def settings(environment: Environment) -> Callable[..., ServerSettings]:
    def load_with(**variables: str) -> ServerSettings:
        environment(**variables)
        return load(ServerSettings)[0]

    return load_with


@pytest.fixture
def report(environment: Environment) -> Callable[..., list[str]]:
    """The lines of the report about wrong settings, without its heading."""

    def report_with(**variables: str) -> list[str]:
        environment(**variables)
        with pytest.raises(SettingsError) as caught:
            load(ServerSettings)
        return [line.strip() for line in str(caught.value).splitlines()[1:]]

    return report_with
