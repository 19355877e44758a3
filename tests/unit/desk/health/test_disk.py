"""How full the data volume is."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from desk.health.disk import Measured, size_of, written
from desk.places import Places

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def measured(data: Path, lines: Path) -> Measured:
    return Measured(Places(data, lines))


def test_calls_and_news_of_them_are_measured(measured: Measured, data: Path) -> None:
    for name, size in (("calls/coffee/2026-11-25/a/audio.ogg", 1000), ("calls/coffee/.work/b/audio.ogg", 24)):
        path = data / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"\0" * size)
    for name in ("coffee/1.json", "coffee/2.json", "coffee/notices/3.json", "coffee/failed/4.json"):
        path = data / "outbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    its = measured.disk()
    assert (its.calls, its.waiting, its.failed) == (1024, 3, 1)
    assert its.total
    assert its.total > (its.free or 0) > 0
    assert its.used == its.total - (its.free or 0)


@pytest.mark.parametrize(("free", "level"), [(100_000_000, "bad"), (900_000_000, "warn"), (5_000_000_000, "good")])
def test_little_room_is_said(measured: Measured, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10_000_000_000, free=free))
    assert measured.disk().level == level


def test_a_volume_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    its = Measured(Places(tmp_path / "nothing", tmp_path)).disk()
    assert (its.total, its.free, its.used, its.calls, its.level) == (None, None, None, 0, "warn")


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "out").symlink_to("/usr/lib")
    size = size_of(tmp_path / "calls")
    assert size is not None
    assert size < 1000


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "unknown"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (123_456_789, "123 MB"),
        (2.5e12, "2.5 TB"),
    ],
)
def test_sizes_are_written_for_people(size: float | None, text: str) -> None:
    assert written(size) == text
