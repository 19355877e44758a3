"""Limits: what a call may cost, and who may call. Who is turned away is told so, and no provider is asked for it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import GREETING, Extension, an_extension
from tests.support.lines import make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

# Of each sentence what no other has; few words, of which a busy machine may swallow one.
BUSY, ENOUGH_CALLS, NO_MORE_CALLS = "all lines are", "limit of calls", "cannot take any more calls"
LITTLE_TIME, TIME_IS_UP = "a little time", "ou?r time( i|')s up"
NOT_ANSWERED = 10
STAYS = ("--silent", "--stay", "12")
RINGS = ("--silent", "--ring-timeout", "8")

A, B, C, D = "+15550142001", "+15550142002", "+15550142003", "+15550142004"
BLOCKED, STRANGER, PREMIUM = "+15550142011", "+15550142012", "+19005550142"

# The process of a call is the one with the most threads: those of the room.
KILL_THE_CALL = """
import os, pathlib, signal
def of(process, field):
    return next(line.split()[1] for line in (process / "status").open() if line.startswith(field))
processes = [process for process in pathlib.Path("/proc").iterdir() if process.name.isdigit()]
[server] = [it for it in processes if b"forkserver" in (it / "cmdline").read_bytes() and of(it, "PPid:") == "1"]
calls = [it for it in processes if of(it, "PPid:") == server.name]
os.kill(int(max(calls, key=lambda it: int(of(it, "Threads:"))).name), signal.SIGKILL)
"""


@dataclass(frozen=True)
class Day:
    """What has happened on an extension that is gone again."""

    outcomes: dict[str, Outcome]
    logs: str
    spoken: list[str]  # texts that the provider was asked to speak
    asked_otherwise: int  # what else it was asked


@pytest.fixture(scope="module")
def days(line: Line, tmp_path_factory: pytest.TempPathFactory) -> tuple[Day, Day]:
    """Two lines at the same time: one for a single call at once, and one for so many a day."""
    folders = [tmp_path_factory.mktemp(name) for name in ("single", "counted")]
    with ThreadPoolExecutor() as pool:
        single, counted = (
            pool.submit(day, line, folder) for day, folder in zip((_single, _counted), folders, strict=True)
        )
        return single.result(), counted.result()


@pytest.fixture(scope="module")
def single(days: tuple[Day, Day]) -> Day:
    return days[0]


@pytest.fixture(scope="module")
def counted(days: tuple[Day, Day]) -> Day:
    return days[1]


def _single(line: Line, folder: Path) -> Day:
    host: dict[str, Any] = {"MAX_CONCURRENT_CALLS": "1", "MAX_CALL_DURATION": "60", "IDLE_PROCESSES": "2"}
    handling = {"call_warning": 50, "silent_caller_after": 300}
    with an_extension(line, folder, handling=handling, **host) as extension, ThreadPoolExecutor() as pool:
        (extension.folder / "blocked.txt").write_text(f"{BLOCKED}  # rude\n+1900*\n")
        held = pool.submit(
            _at,
            extension,
            {
                "crashes": (0, A, ("--silent", "--stay", "60")),
                "after the crash": (5, B, STAYS),
                "blocked": (6, BLOCKED, RINGS),
                "blocked by a beginning": (7, PREMIUM, RINGS),
                "blocked by the last good version": (13, BLOCKED, RINGS),
                "not allowed": (19, STRANGER, RINGS),
                "the longest": (23, C, ("--silent", "--stay", "90")),
                "busy": (29, D, STAYS),
                "leaves while being told": (30.5, B, ("--stay", "2")),
                "leaves at the answer": (33, B, ("--stay", "0.01")),
                "leaves while it rings": (35, B, ("--silent", "--ring-timeout", "0.3")),
            },
        )
        _wait_for(extension, "Call answered", 1)
        extension.run(KILL_THE_CALL)
        _wait_for(extension, "the caller is in blocked.txt", 2)
        (extension.folder / "blocked.txt").write_text("nobody\n")
        _wait_for(extension, "the caller is in blocked.txt", 3)
        (extension.folder / "blocked.txt").write_text("")
        (extension.folder / "allowed.txt").write_text(f"{C}\n")
        _wait_for(extension, "Call answered", 2)
        (extension.folder / "allowed.txt").write_text("")
        outcomes = held.result()
        extension.until(lambda: extension.is_idle, "idle")
        return _day(extension, outcomes)


def _counted(line: Line, folder: Path) -> Day:
    handling = {"call_warning": 15, "silent_caller_after": 300}
    with an_extension(line, folder, handling=handling, IDLE_PROCESSES="3") as extension:
        extension.change(minutes=1)
        stays = ("--silent", "--stay", "60")
        outcomes = _at(extension, {"shares": (0, A, stays), "shares too": (0, B, stays), "too late": (9, C, STAYS)})

        extension.run("import pathlib; [file.unlink() for file in pathlib.Path('/data').glob('ledger.db*')]")
        extension.change(minutes=None, calls=2)
        at_once = _at(extension, {caller: (0, caller, STAYS) for caller in (A, B, C)})
        outcomes |= {f"at once {caller}": outcome for caller, outcome in at_once.items()}
        [again, *_], [once, *_] = _by_whether_let_in(at_once)

        extension.change(calls=None, calls_per_caller=1)
        with ThreadPoolExecutor() as pool:
            calls = {"again": (0, again, STAYS), "for the first time": (1, once, STAYS), "still": (9, again, STAYS)}
            held = pool.submit(_at, extension, calls)
            _wait_for(extension, "the caller's limit of the day", 1)
            _wait_for(extension, "Call answered", 2 + 2 + 1)
            settings = (extension.folder / "line.toml").read_text()
            (extension.folder / "line.toml").write_text(
                settings.replace("calls_per_caller = 1", "calls_per_caller = none")
            )
            outcomes |= held.result()
            (extension.folder / "line.toml").write_text(settings)

            extension.restart()
            held = pool.submit(_at, extension, {"after a restart": (0, again, STAYS), "cut off": (5, D, STAYS)})
            _wait_for(extension, "Call answered", 2 + 2 + 1 + 1)
            extension.kill()
            outcomes |= held.result()
        extension.start()
        outcomes |= _at(extension, {"after a crash": (0, again, STAYS), "was cut off": (0.7, D, STAYS)})
        return _day(extension, outcomes)


def _at(extension: Extension, calls: Mapping[str, tuple[float, str, Sequence[str]]]) -> dict[str, Outcome]:
    """Calls by name: the second at which each is dialled, who calls, and what they do."""
    usual = ["--to", extension.number, "--patience", "1"]
    placed = [[*usual, "--delay", f"{at:g}", "--from", caller, *does] for at, caller, does in calls.values()]
    return dict(zip(calls, extension.caller.place(placed), strict=True))


def _wait_for(extension: Extension, words: str, times: int) -> None:
    extension.until(lambda: extension.logs.count(words) >= times, f"saying “{words}” {times} times")


def _by_whether_let_in(outcomes: dict[str, Outcome]) -> tuple[list[str], list[str]]:
    let_in = [caller for caller, outcome in outcomes.items() if not outcome.hung_up]
    return let_in, [caller for caller in outcomes if caller not in let_in]


def _day(extension: Extension, outcomes: dict[str, Outcome]) -> Day:
    asked = extension.provider.asked()
    spoken = [request["text"] for request in asked if request["kind"] == "tts"]
    return Day(outcomes, extension.logs, spoken, len(asked) - len(spoken))


# One call at once.


def test_the_next_caller_hears_at_once_that_all_lines_are_busy_and_is_hung_up_on(single: Day) -> None:
    outcome = single.outcomes["busy"]
    assert outcome.hears(BUSY), outcome.printed
    assert outcome.heard.endswith("goodbye"), outcome.printed
    assert outcome.hung_up, outcome.printed
    assert outcome.report["first_word_after"] < 5, outcome.printed


def test_no_provider_is_asked_for_a_call_that_is_not_taken(single: Day) -> None:
    assert single.spoken == [GREETING] * single.logs.count("Call answered")
    assert not single.asked_otherwise


def test_a_crashed_call_holds_its_place_for_15_s_and_not_for_ever(single: Day) -> None:
    after, later = single.outcomes["after the crash"], single.outcomes["the longest"]
    assert after.hears(BUSY), after.printed
    assert BUSY not in later.heard, later.printed


def test_a_caller_whose_calls_process_has_crashed_is_not_left_in_silence(single: Day) -> None:
    outcome = single.outcomes["crashes"]
    assert outcome.hung_up, outcome.printed
    assert outcome.report["ended_after"] < 10, outcome.printed


def test_callers_who_hang_up_at_any_moment_leave_no_room_and_no_job_behind(single: Day) -> None:
    told, at_the_answer = single.outcomes["leaves while being told"], single.outcomes["leaves at the answer"]
    assert not told.hung_up, told.printed
    assert told.report["answered_after"] is not None, told.printed
    assert not at_the_answer.hung_up, at_the_answer.printed
    assert single.outcomes["leaves while it rings"].code == NOT_ANSWERED
    assert "aclose() timed out" not in single.logs
    assert "error while deleting room" not in single.logs
    assert "speech not done in time" not in single.logs  # of the greeting, which nobody has picked up to hear


def test_a_call_that_takes_too_long_is_warned_and_then_ended_with_a_goodbye(single: Day) -> None:
    outcome = single.outcomes["the longest"]
    answered = outcome.report["answered_after"]
    assert 9 < outcome.says(LITTLE_TIME) - answered < 16, outcome.printed
    assert 58 < outcome.says(TIME_IS_UP) - answered < 66, outcome.printed
    assert outcome.hung_up, outcome.printed
    assert outcome.heard.endswith("goodbye"), outcome.printed
    assert "reason=the call took too long" in single.logs


@pytest.mark.parametrize("who", ["blocked", "blocked by a beginning"])
def test_a_blocked_caller_gets_no_word(single: Day, who: str) -> None:
    assert single.outcomes[who].code == NOT_ANSWERED, single.outcomes[who].printed


def test_an_allow_list_lets_only_its_own_in_from_the_next_call_on(single: Day) -> None:
    stranger, guest = single.outcomes["not allowed"], single.outcomes["the longest"]
    assert stranger.code == NOT_ANSWERED, stranger.printed
    assert guest.report["answered_after"] is not None, guest.printed
    assert "the caller is not in allowed.txt" in single.logs


def test_a_list_that_is_wrong_is_told_once_a_call_and_its_last_good_version_holds(single: Day) -> None:
    assert single.outcomes["blocked by the last good version"].code == NOT_ANSWERED
    told = [line for line in single.logs.splitlines() if " ERROR " in line and "blocked.txt" in line]
    assert len(told) == 1, told
    assert "/blocked.txt row 1 has something else where a number is expected" in told[0]


# So many a day.


def test_calls_at_once_share_the_minutes_that_are_left_and_are_then_ended(counted: Day) -> None:
    for outcome in (counted.outcomes["shares"], counted.outcomes["shares too"]):
        assert outcome.says(LITTLE_TIME) < outcome.says(TIME_IS_UP), outcome.printed
        assert 25 < outcome.says(TIME_IS_UP) < 36, outcome.printed
        assert outcome.hung_up, outcome.printed
    assert counted.logs.count("reason=the minutes of the day are used up") == 2


def test_a_call_for_which_the_line_has_no_minutes_left_is_told_to_call_again_tomorrow(counted: Day) -> None:
    outcome = counted.outcomes["too late"]
    assert outcome.hears(NO_MORE_CALLS), outcome.printed
    assert outcome.hung_up, outcome.printed


def test_of_three_calls_in_the_same_second_exactly_as_many_get_in_as_the_limit_says(counted: Day) -> None:
    heard = [outcome.heard for name, outcome in counted.outcomes.items() if name.startswith("at once")]
    assert sum(NO_MORE_CALLS in words for words in heard) == 1, heard
    assert sum("can i help" in words for words in heard) == 2, heard


def test_a_callers_second_call_of_the_day_hears_so_and_somebody_else_is_still_answered(counted: Day) -> None:
    again, once = counted.outcomes["again"], counted.outcomes["for the first time"]
    assert again.hears(ENOUGH_CALLS), again.printed
    assert again.hung_up, again.printed
    assert once.hears("can i help"), once.printed


def test_limits_that_are_wrong_are_told_once_a_call_and_their_last_good_version_holds(counted: Day) -> None:
    assert counted.outcomes["still"].hears(ENOUGH_CALLS), counted.outcomes["still"].printed
    told = [line for line in counted.logs.splitlines() if " ERROR " in line and "line.toml" in line]
    assert len(told) == 1, told
    assert re.search(r"/line.toml row \d+ is not TOML at column \d+: ", told[0]), told


@pytest.mark.parametrize("after", ["after a restart", "after a crash", "was cut off"])
def test_what_was_counted_is_still_known(counted: Day, after: str) -> None:
    assert counted.outcomes[after].hears(ENOUGH_CALLS), counted.outcomes[after].printed


def test_files_that_are_wrong_are_refused_before_the_line_is_touched(line: Line, tmp_path: Path) -> None:
    wrong = {
        "line.toml": "[limits]\ncalls = 5\nminutes = -1\n",
        "blocked.txt": "202555\n",
        "contacts.csv": "number,name,notes\n+12025550123,Ann\n",
    }
    folder = make_folder(tmp_path / "coffee")
    for name, text in wrong.items():
        (folder / name).write_text(text)
    done = line.check(tmp_path)
    assert done.returncode == 2, done.stderr
    assert "not usable (3 problems)" in done.stderr
    assert "line.toml row 3 has limits.minutes = -1, which should be greater than or equal to 1" in done.stderr
    assert "blocked.txt row 1 has '2025…' where a number is expected: write it with its country" in done.stderr
    assert "contacts.csv row 2 has 2 fields, but 3 are expected (number,name,notes)" in done.stderr


@pytest.mark.parametrize("day", ["single", "counted"])
def test_no_number_is_in_the_log(request: pytest.FixtureRequest, day: str) -> None:
    logs = request.getfixturevalue(day).logs
    assert "Call rejected" in logs
    assert [number for number in (A, B, C, D, BLOCKED, STRANGER, PREMIUM) if number.lstrip("+") in logs] == []
