"""What every test may use."""

import os
from collections.abc import Iterator

import pytest

from tests.support.clock import turned_clock


@pytest.fixture(autouse=True)
def usual_modes() -> Iterator[None]:
    """Files of later tests have their usual modes, even if this one runs a program's main(), which sets the umask."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """No waiting (see `tests.support.clock`), for the tests of a module that says `usefixtures("clock")`."""
    if request.node.get_closest_marker("real_time"):
        yield
        return
    with turned_clock():
        yield
