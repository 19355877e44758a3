"""What is installed is what was resolved: versions and hashes, and one base image for every room."""

from __future__ import annotations

import re

import pytest

from tests.support.house import ROOT

ROOMS = ["agent", "bootstrap", "desk", "phone", "speech"]
LOCKS = [*(f"{room}/requirements.lock" for room in ROOMS), "speech/voice.lock"]


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.M):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_rooms_lock_is_its_share_of_the_whole(lock: str) -> None:
    whole = pins("requirements.lock")
    share = pins(lock)
    assert share
    assert all(versions <= whole[name] for name, versions in share.items())


@pytest.mark.parametrize("lock", ["requirements.lock", *LOCKS])
def test_a_lock_has_a_hash_for_every_pin_and_no_download_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_every_room_is_built_on_the_same_python() -> None:
    bases = {
        base
        for room in ROOMS
        for base in re.findall(r"^FROM (python:\S+)", (ROOT / room / "Dockerfile").read_text(), re.M)
    }
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-trixie", bases.pop())


@pytest.mark.parametrize("room", ROOMS)
def test_an_image_of_a_clone_under_a_strict_umask_can_be_read_by_its_user(room: str) -> None:
    """COPY keeps the modes of the clone: the stage that copies into /app has to open them afterwards."""
    stages = re.split(r"^FROM ", (ROOT / room / "Dockerfile").read_text(), flags=re.M)
    [build] = [stage for stage in stages if re.search(r"^COPY src /app/src$", stage, re.M)]
    copied = [match.start() for match in re.finditer(r"^COPY ", build, re.M)]
    assert build.index("chmod -R a+rX /app") > max(copied)
    final = stages[-1]
    assert all("--from=" in line for line in re.findall(r"^COPY .*", final, re.M))


@pytest.mark.parametrize("room", ROOMS)
def test_a_build_context_lets_in_nothing_but_what_is_named(room: str) -> None:
    lines = (ROOT / room / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    named = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert all((ROOT / room / name).exists() for name in named)
