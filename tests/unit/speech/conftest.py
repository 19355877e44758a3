import threading
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from speech.api.app import App
from speech.models.engines import Engines
from tests.unit.speech.engines import Mind, some_engines


@pytest.fixture
def engines() -> Engines:
    return some_engines()


@pytest.fixture
def mind(engines: Engines) -> Mind:
    assert isinstance(engines.llm, Mind)
    return engines.llm


@pytest.fixture
def client(engines: Engines) -> Iterator[TestClient]:
    """A client of a ready server with these engines and room for two waiting requests."""
    app = App(lambda: engines, bound=2, give_up=lambda: None)
    with TestClient(app.starlette()) as client:
        wait_until(lambda: client.get("/health").status_code == 200)
        yield client


def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError(f"not true within {seconds} s")
