"""One line an event, and none that tells who called."""

import asyncio
import json
import logging
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import APIStatusError

from agent.records.finalize import finish
from agent.records.folders import Folders
from agent.records.transcript import Turn
from agent.worker.logs import FIELDS, JsonLine, TextLine, set_up_logging
from tests.unit.agent.fakes import line

NUMBER = "+12025550199"
ROOM = f"call-_{NUMBER}_k3Jd9"


def record(message: str, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    it = logging.getLogger("livekit.agents").makeRecord(
        "livekit.agents", level, "x.py", 1, message, (), None, extra=extra
    )
    it.created, it.msecs = 0.25, 250.0
    return it


FORMS = pytest.mark.parametrize("line", [TextLine(), JsonLine()], ids=["text", "json"])


def test_text_reads_like_a_sentence() -> None:
    line = TextLine().format(record("Call answered", call_id="SCL_1", room_id="RM_1", line="coffee"))
    told = "livekit: Call answered  line=coffee  call_id=SCL_1  room_id=RM_1"
    assert line == f"1970-01-01T00:00:00.250+00:00 INFO    {told}"


@FORMS
def test_an_answer_that_could_not_be_spoken_is_not_quoted(line: logging.Formatter) -> None:
    failed = "failed to synthesize speech: no audio frames were pushed for text: Hello, Mister Miller.\nBye., retrying"
    told = line.format(record(failed, logging.WARNING))
    assert "no audio frames were pushed for text" in told
    assert not any(word in told for word in ("Miller", "Bye"))


@FORMS
def test_a_record_of_a_call_names_its_line(line: logging.Formatter) -> None:
    assert "dentist" in line.format(record("Call answered", line="dentist"))


def test_json_is_one_object_with_the_same_facts() -> None:
    event = json.loads(JsonLine().format(record("Call ended", seconds=34, reason="the caller hung up")))
    assert event == {
        "time": "1970-01-01T00:00:00.250+00:00",
        "level": "info",
        "logger": "livekit.agents",
        "message": "Call ended",
        "seconds": 34,
        "reason": "the caller hung up",
    }


# What livekit-agents 1.8.9 attaches to its records: found in worker.py, job.py, ipc/ and voice/.
LEAKS: dict[str, Any] = {
    "room": ROOM,
    "room_name": ROOM,
    "participant": f"sip_{NUMBER}",
    "participant_identity": f"sip_{NUMBER}",
    "lk.participant_identity": f"sip_{NUMBER}",
    "user_transcript": "my card is four two four two",
    "job_request": {"room": ROOM},
    "job": {"room": {"name": ROOM}},
    "text": "my name is Ada",
    "lk.pii.chat_ctx": "my name is Ada",
}


@FORMS
@pytest.mark.parametrize("name", LEAKS)
def test_fields_that_tell_who_called_or_what_was_said_are_not_written(line: logging.Formatter, name: str) -> None:
    assert name not in FIELDS
    written = line.format(record("received job request", room_id="RM_1", **{name: LEAKS[name]}))
    assert "RM_1" in written
    assert not any(secret in written for secret in (NUMBER, NUMBER[1:], "Ada", "four two"))


@FORMS
@pytest.mark.parametrize("message", [f"no room {ROOM}", f"sip_{NUMBER} left", f"Phone {NUMBER[1:]}", f"error={NUMBER}"])
def test_numbers_in_a_message_are_masked(line: logging.Formatter, message: str) -> None:
    written = line.format(record(message, level=logging.ERROR, error=f"no {NUMBER}"))
    assert NUMBER[1:] not in written
    assert "<number>" in written


@FORMS
def test_ids_and_durations_are_not_taken_for_numbers(line: logging.Formatter) -> None:
    written = line.format(record("in 0.123456789 s", room_id="RM_eR78YQVKK3kp", job_id="AJ_bStvbqGjqw99"))
    assert "0.123456789" in written
    assert "<number>" not in written


@FORMS
def test_debug_shows_everything_as_it_comes(line: logging.Formatter) -> None:
    written = line.format(record(f"joining {ROOM}", level=logging.DEBUG, user_transcript="two coffees"))
    assert ROOM in written
    assert "two coffees" in written


def failed_with(error: BaseException, message: str = "it failed", name: str = "agent") -> logging.LogRecord:
    raised = (type(error), error, error.__traceback__)
    return logging.getLogger(name).makeRecord(name, logging.ERROR, "x.py", 1, message, (), raised)


def failed() -> logging.LogRecord:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        return failed_with(error)


def from_a_calls_process(it: logging.LogRecord) -> logging.LogRecord:
    """Return the record as the main process receives it: livekit-agents' `LogQueueHandler` has made it text."""
    it.message = it.msg = logging.Formatter().format(it)
    it.args = it.exc_info = None
    return pickle.loads(pickle.dumps(it))  # type: ignore[no-any-return]  # noqa: S301


@pytest.mark.parametrize("it", [failed(), from_a_calls_process(failed())], ids=["here", "from a call's process"])
def test_a_failure_is_one_line_with_its_place(it: logging.LogRecord) -> None:
    line = TextLine().format(it)
    assert "\n" not in line
    place = f"test_logs.py:{failed.__code__.co_firstlineno + 2}"
    failure = f"OSError: [Errno 28] No space left on device ({place})"
    assert line.endswith(f"it failed  {failure}")
    event = json.loads(JsonLine().format(it))
    assert (event["message"], event["failure"]) == ("it failed", failure)


SAID = "my card is four two four two"


def quotes_by_pydantic() -> None:
    Turn.model_validate({"who": SAID, "text": [SAID]})


def quotes_by_number() -> None:
    int(SAID)


def quotes_by_key() -> None:
    dict[str, str]()[SAID]


def quotes_by_json() -> None:
    json.loads("{" + SAID)


def quotes_by_api() -> None:
    raise APIStatusError(SAID, status_code=400, body={"error": SAID})


def quotes_in_a_cause() -> None:
    try:
        int(SAID)
    except ValueError as error:
        raise OSError("no such device") from error


async def quotes_in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(quotes_by_number))


@FORMS
@pytest.mark.parametrize("far", [False, True], ids=["here", "from a call's process"])
@pytest.mark.parametrize(
    ("fails", "kind"),
    [
        (quotes_by_pydantic, "ValidationError ("),
        (quotes_by_number, "ValueError (test_logs.py:"),
        (quotes_by_key, "KeyError (test_logs.py:"),
        (quotes_by_json, "JSONDecodeError (decoder.py:"),
        (quotes_by_api, "APIStatusError (test_logs.py:"),
        (quotes_in_a_cause, "OSError: no such device (test_logs.py:"),
        (lambda: asyncio.run(quotes_in_a_group()), "ExceptionGroup ("),
    ],
)
def test_what_an_exception_quotes_is_not_written(
    line: logging.Formatter, far: bool, fails: Callable[[], None], kind: str
) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever it is
        fails()
    it = failed_with(raised.value)
    written = line.format(from_a_calls_process(it) if far else it)
    assert kind in written
    assert not any(piece in written for piece in ("four two", "input_value", "pydantic.dev", "validation error"))


def test_a_failure_is_told_by_our_own_frames_and_by_what_came_before_it() -> None:
    with pytest.raises(ValueError, match="neither") as raised:
        finish("20261122T093000Z-1", Folders("coffee", Path("/nowhere")), line())
    assert re.search(r"  ValueError \(records/finalize\.py:\d+\)$", TextLine().format(failed_with(raised.value)))
    with pytest.raises(OSError, match="device") as again:
        quotes_in_a_cause()
    assert ", after ValueError (test_logs.py:" in TextLine().format(failed_with(again.value))


@FORMS
def test_an_exception_in_a_field_is_told_by_its_kind(line: logging.Formatter) -> None:
    for error in (ValueError(SAID), SAID, APIStatusError(SAID)):
        assert SAID not in line.format(record("it failed", error=error))
    assert "OSError: no route" in line.format(record("it failed", error=OSError("no route")))


@FORMS
def test_of_a_task_that_nobody_waited_for_the_exception_is_not_quoted(line: logging.Formatter) -> None:
    message = f"Task exception was never retrieved\nfuture: <Task finished exception=ValueError('{SAID}')>"
    written = line.format(failed_with(ValueError(SAID), message, "asyncio"))
    assert "never retrieved" in written
    assert SAID not in written


@pytest.fixture
def restored() -> object:
    root, levels = logging.getLogger(), {}
    handlers, levels[""] = root.handlers[:], root.level
    yield
    root.handlers = handlers
    for name in ("", "livekit", "livekit.agents", "livekit.plugins", "httpx", "httpx2", "openai"):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


@pytest.mark.usefixtures("restored")
def test_libraries_speak_when_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "text")
    logging.getLogger("livekit.agents").info("received job request")
    logging.getLogger("httpx2").info("HTTP Request: POST")
    logging.getLogger("livekit.agents").warning("no warmed process")
    logging.getLogger("agent").info("Call answered")
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "no warmed process",
        "Call answered",
    ]
