"""What every test of the agent needs."""

from collections.abc import Iterator

import pytest

from agent.providers.openai import connected


@pytest.fixture(autouse=True)
def own_connections() -> Iterator[None]:
    """A later endpoint may have the port of an earlier one, whose client is closed."""
    yield
    connected.cache_clear()
