"""Names of calls, which come from addresses that anybody may type."""

from __future__ import annotations

import pytest

from desk.records.name import CallName


def test_a_name_leads_to_its_record() -> None:
    name = CallName.checked("coffee", "2026-11-25", "142233-1f2e3d")
    assert name
    assert name.record == "2026-11-25_142233-1f2e3d"
    assert name.path == "coffee/2026-11-25/142233-1f2e3d"
    assert name.began.isoformat() == "2026-11-25T14:22:33+00:00"
    assert CallName.of_record("coffee", name.record) == name


@pytest.mark.parametrize(
    ("line", "day", "call"),
    [
        ("..", "2026-11-25", "142233-1f2e3d"),
        ("coffee", "..", "142233-1f2e3d"),
        ("coffee", "2026-11-25", ".."),
        ("coffee", "2026-11-25", "142233-1f2e3d\n"),
        ("coffee\n", "2026-11-25", "142233-1f2e3d"),
        ("coffee", "2026-11-25", "142233-1f2e3d-message-1"),
        ("coffee", "2026-13-25", "142233-1f2e3d"),
        ("coffee", "2026-11-25", "252233-1f2e3d"),
        ("coffee", "\uff12\uff10\uff12\uff16-11-25", "142233-1f2e3d"),
        ("coffee", "2026-11-25", "142233-1F2E3D"),
        ("COFFEE", "2026-11-25", "142233-1f2e3d"),
        ("coffee/x", "2026-11-25", "142233-1f2e3d"),
        (".work", "2026-11-25", "142233-1f2e3d"),
        ("", "", ""),
    ],
)
def test_anything_else_is_no_name(line: str, day: str, call: str) -> None:
    assert CallName.checked(line, day, call) is None
