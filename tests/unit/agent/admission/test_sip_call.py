"""What the gateway says of a call, and which calls are strangers'."""

import pytest

from agent.admission.caller import Caller
from agent.admission.caller_id import identify
from agent.admission.sip_call import SipCall

ATTRIBUTES = {
    "sip.callID": "SCL_1",
    "sip.trunkID": "ST_1",
    "sip.ruleID": "SDR_1",
    "sip.hostname": "pstn.twilio.com",
    "sip.phoneNumber": "+12025550199",
    "sip.trunkPhoneNumber": "+12025550100",
    "sip.callIDFull": "0a1b2c@198.51.100.7",
    "trunk.account": "AC0123456789",
    "sip.callStatus": "ringing",
}


def call(**changes: str) -> SipCall:
    return SipCall.from_attributes(ATTRIBUTES | {name.replace("_", "."): value for name, value in changes.items()})


def test_attributes_become_a_call() -> None:
    assert call() == SipCall(
        call_id="SCL_1",
        trunk_id="ST_1",
        rule_id="SDR_1",
        from_host="pstn.twilio.com",
        caller="+12025550199",
        dialled="+12025550100",
        sip_call_id="0a1b2c@198.51.100.7",
        account="AC0123456789",
    )


def test_missing_attributes_are_empty() -> None:
    assert SipCall.from_attributes({}) == SipCall("", "", "", "", "", "", "", "")


def test_a_withheld_number_is_withheld_though_the_carrier_asserts_it() -> None:
    withheld = ATTRIBUTES | {"sip.phoneNumber": "anonymous", "sip.hostname": "anonymous.invalid"}
    asserted = {"sip.h.p-asserted-identity": "<sip:+12025550147@carrier.example>", "sip.h.privacy": "id"}
    found = SipCall.from_attributes(withheld | asserted)
    assert found == SipCall.from_attributes(withheld)
    assert found.objection() is None
    assert identify(found.caller, "US") == Caller("", anonymous=True)


def test_a_call_in_a_log_does_not_tell_who_called_whom() -> None:
    assert repr(call()) == "SipCall(call_id='SCL_1', trunk_id='ST_1', rule_id='SDR_1', from_host='pstn.twilio.com')"


@pytest.mark.parametrize(
    "host",
    ["pstn.twilio.com", "172.29.53.10", "54.172.60.1", "anonymous.invalid", "sbc_1.carrier.example",
     "[2001:db8::7]", "2001:db8::7", "localhost"],
)  # fmt: skip
def test_a_call_from_a_host_is_answered(host: str) -> None:
    assert call(sip_hostname=host).objection() is None


@pytest.mark.parametrize(
    "host",
    ["54.172.60.0/30", "54.172.60.1/32", "0.0.0.0/0", "172.29.53.10/32", "2001:db8::/32", "[2001:db8::]/32",
     "54.172.60.0%2F30", "54.172.60.0/30 ",
     "54.172.60.0/30,54.244.51.0/30", "a b", "x@y", "host\r\n", "ⅷ.example", "[::1]]"],
)  # fmt: skip
def test_a_forged_from_host_is_refused(host: str) -> None:
    assert "forged" in (call(sip_hostname=host).objection() or "")


@pytest.mark.parametrize("number", ["+12025550123", "2025550123", "+1-202-555-0123", "(202)555.0123", "100"])
def test_a_from_that_is_a_tel_address_is_a_callers(number: str) -> None:
    told = call(sip_hostname=number, sip_phoneNumber="")  # as the gateway reports <tel:…>
    assert told.objection() is None
    assert told.caller == number
    assert number not in repr(told)


@pytest.mark.parametrize("host", ["54.172.60.1", "pstn.twilio.com", "54.172.60.0/30", "+1202/30", "+"])
def test_a_from_without_a_user_is_not_taken_for_a_tel_address(host: str) -> None:
    assert (call(sip_hostname=host, sip_phoneNumber="").caller, call(sip_hostname=host).from_host) == ("", host)


def test_a_call_whose_from_host_is_hidden_is_refused() -> None:
    assert "must not hide phone numbers" in (call(sip_hostname="").objection() or "")


def test_a_call_that_no_trunk_let_in_is_refused() -> None:
    assert "through a trunk" in (call(sip_trunkID="").objection() or "")


def test_only_our_trunk_accounts_calls_are_answered_where_one_is_set() -> None:
    assert call().objection("AC0123456789") is None
    assert "a trunk account other than" in (call().objection("AC2") or "")
    assert "not known" in (call(**{"trunk.account": ""}).objection("AC2") or "")
