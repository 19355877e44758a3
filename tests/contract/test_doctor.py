"""The doctor's checks, their breakages and their page go together."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from bootstrap.doctor.checks import CHECKS, STATIONS
from bootstrap.doctor.page import page
from tests.support.house import ROOT
from tests.unit.bootstrap.doctor.breakages import BREAKAGES

if TYPE_CHECKING:
    from bootstrap.doctor.finding import Check

PAGE = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")


def test_every_check_has_a_breakage_that_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    broken = [breakage.id for breakage in BREAKAGES]
    assert [check.id for check in CHECKS if check.id not in broken] == []
    assert set(broken) == {check.id for check in CHECKS}
    assert len(CHECKS) >= 35
    with capsys.disabled():
        print(f"\n{len(CHECKS)} checks, {len(BREAKAGES)} breakages")  # noqa: T201 - the count is wanted


def test_an_id_is_its_station_and_a_word_and_is_there_once() -> None:
    ids = [check.id for check in CHECKS]
    assert len(ids) == len(set(ids))
    for id_ in ids:
        assert re.fullmatch(rf"({'|'.join(STATIONS)})\.[a-z0-9_]{{2,}}", id_), id_


def test_what_a_check_needs_is_there_and_does_not_need_it() -> None:
    needs = {check.id: set(check.needs) for check in CHECKS}
    assert set().union(*needs.values()) <= set(needs)
    assert len(list(TopologicalSorter(needs).static_order())) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_says_what_it_looks_at_and_what_to_do(check: Check) -> None:
    title, cure = check.title, check.cure
    assert title[0].islower() or title.startswith(
        ("Redis", "Twilio", "Docker", "Caddy", "OPTIONS", "HTTPS", "Prometheus")
    )
    assert not title.endswith(".")
    assert cure[0].isupper() or cure.startswith(("make ", "docker "))
    assert cure.endswith((".", "run make up", ".env"))
    assert "|" not in title + cure


def test_the_page_lists_every_check_with_its_meaning_and_its_cure() -> None:
    assert page(PAGE) == PAGE, "docs/doctor.md is old: run make docs"
    for check in CHECKS:
        assert f"| `{check.id}` | {check.title} | {check.cure} |" in PAGE
    assert f"{len(CHECKS)} checks" in PAGE
