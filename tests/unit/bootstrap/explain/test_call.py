"""A call as a person writes it."""

from __future__ import annotations

import pytest

from bootstrap.explain.call import Call, parse
from bootstrap.explain.numbers_shown import Shown


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("+15551230000 -> +15551234567 from 54.172.60.1", Call("+15551230000", "+15551234567", "54.172.60.1")),
        ("  100→sales  from 2001:db8::7 ", Call("100", "sales", "2001:db8::7")),
        ("+1 555 123 -> +1 (555) 1234 from 10.0.0.1", Call("+1 555 123", "+1 (555) 1234", "10.0.0.1")),
        ("anonymous -> 1 from 10.0.0.1", Call("", "1", "10.0.0.1")),
        ("-> 1 from 10.0.0.1", Call("", "1", "10.0.0.1")),
        (
            "1 -> 2 from 10.0.0.1 host pstn.example account AC1 pin 12",
            Call("1", "2", "10.0.0.1", "pstn.example", "12", "AC1"),
        ),
        ("1 -> 2 from 10.0.0.1 pin none", Call("1", "2", "10.0.0.1", pin="")),
    ],
)
def test_what_people_write_is_understood(text: str, call: Call) -> None:
    assert parse(text) == call


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "CALL is '', which is not a call; write it like CALL="),
        ("+15551230000 +15551234567 from 54.172.60.1", "which is not a call"),
        ("1 -> 2", "which is not a call"),
        ("1 -> from 54.172.60.1", "which is not a call"),
        ("1 -> 2 from twilio", "CALL is from 'twilio', which is not an IP address"),
        ("1 -> 2 from 54.172.60.0/30", "which is not an IP address"),
        ("1 -> 2 from 54.172.60.1 pin abc", "which is not a call"),
    ],
)
def test_what_is_no_call_is_refused_with_an_example(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^CALL") as caught:
        parse(text)
    assert told in str(caught.value)


def test_a_calls_numbers_are_not_in_its_repr() -> None:
    call = parse("+15551230000 -> +15551234567 from 54.172.60.1 account AC0123456789")
    for told in ("5551230000", "5551234567", "AC0123456789"):
        assert told not in repr(call)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("+15551230000 +1 (555) 123-4567 from 54.172.60.1", "CALL is '…00 …67 from 54.172.60.1', which"),
        ("0015551230000 to 700 from 203.0.113.77", "CALL is '…00 to 700 from 203.0.113.77', which"),
    ],
)
def test_what_is_no_call_is_told_without_its_numbers(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^CALL") as caught:
        parse(text)
    assert str(caught.value).startswith(told)


def test_numbers_are_shown_by_their_last_two_digits() -> None:
    shown = [Shown().number(number) for number in ("+15551234567", "100", "anna", "", "Anonymous")]
    assert shown == ["…67", "…00", "…na", "a withheld number", "a withheld number"]
    assert Shown(whole=True).number("+15551234567") == "+15551234567"
