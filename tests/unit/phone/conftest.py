"""What every test of the phone needs."""

import pytest


@pytest.fixture(autouse=True)
def turned(clock: None) -> None:
    """No test of the phone waits for time to pass, but for those marked `real_time`."""
