"""The table [outbound] of line.toml."""

import pytest

from agent.lines.line import parse
from agent.lines.outbound import Outbound
from agent.storage.live_file import FileError


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as error:
        parse(f"[outbound]\n{text}", "coffee", {})
    return error.value.problems


def test_a_line_makes_no_calls_by_default() -> None:
    line = parse("", "coffee", {})
    assert line.outbound == Outbound()
    assert (line.outbound.enabled, line.outbound.message, line.outbound.remind_before) == (False, "", 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('prefixes = ["49"]', "prefixes = '49', which should be how numbers begin, with their country code"),
        ('prefixes = ["+0"]', "should be how numbers begin"),
        ('quiet_from = "8pm"', "quiet_from = '8pm', which should be a time of day from 00:00 to 23:59"),
        ('quiet_until = "24:00"', "quiet_until = '24:00', which should be a time of day"),
        ('quiet_until = "9:00"', "quiet_until = '9:00', which should be a time of day"),
        ('quiet_days = ["Sunday"]', "quiet_days"),
        ("calls_a_day = 0", "calls_a_day = 0"),
        ("calls_per_number = 21", "calls_per_number = 21"),
        ("ringing = 4", "ringing = 4"),
        ("remind_before = 169", "remind_before = 169"),
        (f"message = '{'a' * 601}'", "message"),
        ("allowed = true", "outbound.allowed, which is not a setting"),
        (
            'quiet_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]',
            "quiet_days has all seven days, so that nobody could be called",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(text: str, problem: str) -> None:
    [found] = problems(text)
    assert problem in found
