"""What `make up` notes for the watcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bootstrap import last_up
from bootstrap.desired import Desired, desired

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bootstrap.settings import ServerSettings

NUMBERS = ("+12025550100",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setattr(last_up, "FOLDER", made)
    return made


@pytest.fixture
def want(settings: Callable[..., ServerSettings]) -> Desired:
    given = {"SIP_USERNAME": "bob", "SIP_PASSWORD": "canary-sip", "OUTBOUND_ADDRESS": "sip.example.com"}
    its = settings(OUTBOUND_USERNAME="ann", OUTBOUND_PASSWORD="canary-out", **given)
    return desired(its, {"coffee": NUMBERS, "tea": ("+12025550111",)})


def test_what_is_read_is_what_was_wanted(folder: Path, want: Desired) -> None:
    last_up.write(want)
    assert last_up.read(want.agent, "canary-sip", "canary-out") == want


def test_no_password_is_written_down(folder: Path, want: Desired) -> None:
    last_up.write(want)
    [file] = folder.iterdir()
    assert "bob" in file.read_text()
    assert "canary" not in file.read_text()


def test_a_trunk_without_a_user_name_is_given_no_password(
    folder: Path, settings: Callable[..., ServerSettings]
) -> None:
    want = desired(settings(), {"coffee": NUMBERS})
    last_up.write(want)
    assert last_up.read(want.agent, "canary-sip", "canary-out") == want


def test_hosts_that_share_a_folder_have_a_file_each(folder: Path, settings: Callable[..., ServerSettings]) -> None:
    here, there = (desired(settings(AGENT_NAME=name), {"coffee": NUMBERS}) for name in ("here", "there"))
    last_up.write(here)
    last_up.write(there)
    assert last_up.read("here", "", "") == here


def test_outside_a_container_nothing_is_written(want: Desired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_up, "FOLDER", tmp_path / "none")
    last_up.write(want)
    assert not (tmp_path / "none").exists()


def test_before_the_first_make_up_that_is_said(folder: Path) -> None:
    with pytest.raises(last_up.UnreadableError, match=r"^No make up has noted yet .* run make up\.$"):
        last_up.read("here", "", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"routes": {"coffee": 1}, "outbound": null}',
        '{"routes": {"a": {"trunk": {"numbers": 1}, "rule": {}}}, "outbound": null}',
        "{}",
    ],
)
def test_a_file_that_cannot_be_used_is_named_without_its_content(folder: Path, text: str) -> None:
    (folder / "here.json").write_text(text)
    with pytest.raises(
        last_up.UnreadableError, match=r"^What the last make up noted cannot be used \(\w+\): run make up"
    ):
        last_up.read("here", "", "")


def test_what_a_newer_release_adds_is_passed_over(folder: Path, want: Desired) -> None:
    last_up.write(want)
    [file] = folder.iterdir()
    file.write_text(file.read_text().replace('"name":', '"ofTomorrow": 1, "name":'))
    assert last_up.read(want.agent, "canary-sip", "canary-out") == want
