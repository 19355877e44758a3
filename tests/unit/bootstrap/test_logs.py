"""One line an event, in the shape that all rooms share."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from bootstrap.logs import set_up_logging

Lines = Callable[[str], list[str]]
logger = logging.getLogger("bootstrap.reconcile")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Logs one event and one failure in the form given, and returns what was written."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def write(form: str) -> list[str]:
        stream = io.StringIO()
        set_up_logging("info", form, stream)
        logger.debug("not seen")
        logger.info("done: %s", "one\nthing", extra={"seconds": 1.5})
        try:
            raise ValueError("no such\nroom")
        except ValueError:
            logger.exception("it failed")
        return stream.getvalue().splitlines()

    yield write
    root.handlers[:], root.level = before


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


def test_text_is_one_line_an_event_even_with_a_traceback(lines: Lines) -> None:
    event, failure = lines("text")
    assert re.fullmatch(rf"{TIME} INFO    bootstrap: done: one thing", event)
    assert re.fullmatch(
        rf"{TIME} ERROR   bootstrap: it failed  ValueError: no such room \(test_logs\.py:\d+\)", failure
    )


def test_json_is_one_object_an_event_with_extra_fields_and_the_traceback(lines: Lines) -> None:
    event, failure = [json.loads(line) for line in lines("json")]
    assert list(event) == ["time", "level", "logger", "message", "seconds"]
    assert re.fullmatch(TIME, event["time"])
    assert (event["level"], event["logger"]) == ("info", "bootstrap.reconcile")
    assert (event["message"], event["seconds"]) == ("done: one\nthing", 1.5)
    assert list(failure) == ["time", "level", "logger", "message", "failure"]
    assert failure["failure"].startswith("Traceback")
    assert failure["failure"].endswith("room")
