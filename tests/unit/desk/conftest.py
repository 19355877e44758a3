"""A desk with a made-up data folder and a made-up folder of lines, and a browser that asks it for pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from desk.app import new_app
from desk.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette

PASSWORD = "a password of the desk"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "desk").mkdir(parents=True)
    return folder


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    folder = tmp_path / "lines"
    (folder / "coffee").mkdir(parents=True)
    (folder / "coffee" / "line.toml").write_text('timezone = "Europe/Berlin"\n')
    return folder


@pytest.fixture
def settings(lines: Path) -> Settings:
    return Settings(
        desk_password=SecretStr(PASSWORD),
        livekit_api_key=SecretStr("key"),
        livekit_api_secret=SecretStr("a secret that is long enough to sign with"),
        lines_folder=lines,
        agent_url="http://127.0.0.1:9",
        livekit_url="ws://127.0.0.1:9",
    )


@pytest.fixture
def app(settings: Settings, data: Path) -> Starlette:
    return new_app(settings, data)


class Visitor(TestClient):
    """A browser on the host itself. `post` sends the token that the last page has given."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(app, base_url="https://localhost", follow_redirects=False, raise_server_exceptions=False)

    @property
    def token(self) -> str:
        page = self.get("/nothing", headers={"Accept": "text/html"}, follow_redirects=True)
        found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', page.text)
        assert found
        return found[1]

    def sign_in(self, password: str = PASSWORD) -> int:
        form = {"password": password, "csrf_token": self.token}
        return self.post("/sign-in", data=form).status_code

    def submit(self, path: str, **form: str) -> str:
        """Post a form as the operator does, and return where it leads."""
        answer = self.post(path, data={**form, "csrf_token": self.token})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest.fixture
def visitor(app: Starlette) -> Iterator[Visitor]:
    with Visitor(app) as visitor:
        yield visitor


@pytest.fixture
def operator(app: Starlette) -> Iterator[Visitor]:
    """One who has signed in."""
    with Visitor(app) as operator:
        assert operator.sign_in() == 303
        yield operator
