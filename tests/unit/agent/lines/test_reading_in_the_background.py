"""What reads the lines beside the calls, again and again, tells nothing of a wrong file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.lines.folder import LinesFolder
from tests.support.lines import make_folder, write_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lines(tmp_path: Path) -> LinesFolder:
    """One line, whose line.toml was good and is broken now."""
    folder = make_folder(tmp_path / "lines" / "coffee")
    write_settings(folder, filler_after=4)
    lines = LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")
    lines.keep_good_versions()
    write_settings(folder, filler_after="soon")
    return lines


def test_the_last_good_version_is_used_and_the_log_says_nothing(
    lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    assert [line.handling.filler_after for line in lines.all()] == [4]
    assert not caplog.records


@pytest.mark.parametrize("what", ["read for a call", "kept at the start"])
def test_what_is_wrong_is_told_once_when_it_is(lines: LinesFolder, caplog: pytest.LogCaptureFixture, what: str) -> None:
    if what == "read for a call":
        assert lines.read("coffee").handling.filler_after == 4
    else:
        lines.keep_good_versions()
    [told] = [record.getMessage() for record in caplog.records]
    assert "lines/coffee/line.toml line " in told
    assert "has handling.filler_after = 'soon', which should be a valid number" in told
    assert told.endswith("the last good version is used")
