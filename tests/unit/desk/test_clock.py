"""The time zone of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.clock import zone_of

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = 'timezone = "Europe/Berlin"\n'


@pytest.mark.parametrize(
    ("content", "zone"),
    [
        (BERLIN.encode(), "Europe/Berlin"),
        (BERLIN.encode("utf-8-sig"), "Europe/Berlin"),
        (BERLIN.encode("utf-16"), "Europe/Berlin"),
        (BERLIN.replace("\n", "\r\n").encode("utf-16"), "Europe/Berlin"),
        (b"", "UTC"),
        (b"\xff\xff", "UTC"),
        (b'timezone = "Europe/Atlantis"', "UTC"),
        (b'timezone = "America"', "UTC"),
        (b'timezone = "../../etc/passwd"', "UTC"),
        (b"timezone = 3", "UTC"),
        (b"[", "UTC"),
    ],
)
def test_it_is_what_line_toml_says_as_the_agent_reads_it(lines: Path, content: bytes, zone: str) -> None:
    (lines / "coffee" / "line.toml").write_bytes(content)
    assert zone_of("coffee", lines).key == zone


def test_a_line_that_is_gone_has_utc(lines: Path) -> None:
    assert zone_of("tea", lines).key == zone_of("..", lines).key == "UTC"
