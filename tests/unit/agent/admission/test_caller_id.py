"""Caller ID, however it is sent, in one form."""

import pytest

from agent.admission.caller_id import identify, number_dialled, region_of

FORMS = ["+12025550123", "+1 (202) 555-0123", "2025550123", "(202) 555-0123", "12025550123", "0012025550123",
         "sip:+12025550123@sbc.example.com;user=phone", "tel:+1-202-555-0123", "%2B12025550123",
         "<sip:2025550123@198.51.100.7>", "+12025550123;phone-context=example.com"]  # fmt: skip


@pytest.mark.parametrize("sent", FORMS)
def test_a_number_has_one_form(sent: str) -> None:
    who = identify(sent, "US")
    assert (who.number, who.anonymous) == ("+12025550123", False)


@pytest.mark.parametrize(
    ("sent", "region", "number"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("0012025550123", "DE", "+12025550123"),
        ("12025550123", "DE", "+12025550123"),  # sent without its +
        ("4930123456", "US", "+4930123456"),
        ("+4930123456", None, "+4930123456"),
    ],
)
def test_a_number_without_a_country_is_the_lines(sent: str, region: str, number: str) -> None:
    assert identify(sent, region).number == number


@pytest.mark.parametrize("sent", ["100", "alice", "sip:alice@pbx.example.com", "2025550123456789012345"])
def test_what_is_no_phone_number_stays_as_it_was_sent(sent: str) -> None:
    who = identify(sent, "US")
    assert who.number == sent.removeprefix("sip:").partition("@")[0]
    assert not who.anonymous


@pytest.mark.parametrize(
    "sent", ["", "anonymous", "Anonymous", "Restricted", "unavailable", "UNKNOWN", "sip:anonymous@anonymous.invalid",
             "+266696687", "+7378742833"]
)  # fmt: skip
def test_a_withheld_number_is_anonymous(sent: str) -> None:
    who = identify(sent, "US")
    assert (who.number, who.anonymous) == ("", True)


def test_the_lines_country_is_that_of_its_first_number() -> None:
    assert region_of(["+12025550100", "+4930123456"]) == "US"
    assert region_of(["+4930123456"]) == "DE"
    assert region_of(["100"]) is None


NUMBERS = ["+12025550100", "+4930123456", "+442079460958", "+390612345678"]


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("+12025550100", "+12025550100"), ("12025550100", "+12025550100"), ("0012025550100", "+12025550100"),
        ("2025550100", "+12025550100"), ("202-555-0100", "+12025550100"), ("+12025550100;npdi=yes", "+12025550100"),
        ("030123456", "+4930123456"), ("30123456", "+4930123456"), ("004930123456", "+4930123456"),
        ("02079460958", "+442079460958"), ("0612345678", "+390612345678"),
    ],
)  # fmt: skip
def test_the_number_that_was_dialled_is_the_lines_however_a_carrier_writes_it(sent: str, number: str) -> None:
    assert number_dialled(sent, NUMBERS) == number


@pytest.mark.parametrize("sent", ["", "100", "0100", "reception", "+12025550199", "5550100", "anonymous"])
def test_what_was_dialled_is_none_of_the_lines_numbers_and_stays_as_it_was_sent(sent: str) -> None:
    assert number_dialled(sent, NUMBERS) == sent


def test_who_calls_is_not_in_a_log() -> None:
    assert repr(identify("2025550123", "US")) == "Caller(anonymous=False)"
