"""What stands beside a line's services can be built from here."""

from __future__ import annotations

import pytest

from tests.support.containers import SIDES


@pytest.mark.parametrize("side", ["article", "pipecat"])
def test_each_agent_that_ours_is_measured_against_has_an_image_to_build(side: str) -> None:
    assert (SIDES / side / "Dockerfile").is_file()
