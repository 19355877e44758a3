"""Settings as an environment gives them, and nothing of the developer's own."""

import logging
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bootstrap.settings import SecretFiles, ServerSettings, Settings, SettingsError, load
from tests.unit.bootstrap.doctor.stage import SITE, Stage, staged

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


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, an authority of one's own, and server.pem, a certificate for SITE that it signed."""
    home = tmp_path_factory.mktemp("authority")
    (home / "ext").write_text(f"subjectAltName=DNS:{SITE}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for command in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "40", "-subj", "/CN=Our own authority"],
        ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={SITE}"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "ext", "-days", "30"],
    ):
        done = subprocess.run(["openssl", *command], cwd=home, check=True, capture_output=True)
    (home / "server.pem").write_bytes(done.stdout)
    return home


@pytest.fixture
async def stage(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Path
) -> AsyncIterator[Stage]:
    environment()
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(authority / "server.pem", authority / "server.key")
    trust = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    async with staged(monkeypatch, tmp_path, certificate, trust) as stage:
        yield stage
