"""What every test may use."""

from collections.abc import Iterator

import pytest

from tests.support.clock import turned_clock


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """No waiting (see `tests.support.clock`), for the tests of a module that says `usefixtures("clock")`."""
    if request.node.get_closest_marker("real_time"):
        yield
        return
    with turned_clock():
        yield
