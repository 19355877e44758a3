"""An index over the made-up data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.records.folders import Folders
from desk.records.index import Index

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(data: Path) -> Folders:
    return Folders(data)


@pytest.fixture
def index(folders: Folders, lines: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """One that looks whenever it is asked."""
    monkeypatch.setattr("desk.records.index.LOOKED_EVERY", 0.0)
    return Index(folders, lines, data / "desk" / "index.db")
