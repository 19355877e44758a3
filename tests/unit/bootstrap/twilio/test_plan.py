"""What the settings lead to at Twilio, in the cases that need no account."""

from collections.abc import Callable

import pytest

from bootstrap.ownership import BlockedError
from bootstrap.settings import ServerSettings
from bootstrap.twilio import There, Trunk, Uri, changes, connect, want
from bootstrap.twilio.desired import LONGEST_NAME, trunk_name
from bootstrap.twilio.plan import next_changes

Load = Callable[..., ServerSettings]
ACCOUNT = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_API_KEY": "SK" + "0" * 32,
    "TWILIO_API_SECRET": "canary-secret",
    "SITE": "line.example.com",
}


def test_a_long_agent_name_is_cut_and_stays_different() -> None:
    one, other = trunk_name("a" * 63 + "x"), trunk_name("a" * 63 + "y")
    assert len(one) == len(other) == LONGEST_NAME
    assert one != other
    assert trunk_name("front-desk") == "Landline front-desk"


def test_numbers_are_those_of_the_host_and_of_the_lines_without_their_other_forms(settings: Load) -> None:
    lines = {"coffee": ("+12025550100", "2025550100", "100"), "bread": ("+12025550133",)}
    wanted = want(settings(**ACCOUNT, PHONE_NUMBERS="+12025550100,+12025550122"), lines)
    assert wanted.numbers == ("+12025550100", "+12025550122", "+12025550133")
    assert (wanted.knows_the_lines, want(settings(**ACCOUNT)).knows_the_lines) == (True, False)


@pytest.mark.parametrize(
    ("address", "termination"),
    [
        ("cafe.pstn.twilio.com", "cafe.pstn.twilio.com"),
        ("Cafe.pstn.us1.twilio.com:5060", "cafe.pstn.us1.twilio.com"),
        ("sip.example.com", ""),
        ("172.29.53.11", ""),
    ],
)
def test_calls_go_out_by_twilio_if_outbound_address_is_a_termination_uri(
    settings: Load, address: str, termination: str
) -> None:
    assert want(settings(**ACCOUNT, OUTBOUND_ADDRESS=address)).termination == termination


def test_the_trunk_comes_first_and_alone_because_the_rest_needs_its_sid(settings: Load) -> None:
    wanted = want(settings(**ACCOUNT))
    assert [change.kind for change in next_changes(wanted, There())] == ["trunk"]
    assert [change.kind for change in changes(wanted, There())] == ["trunk", "origination URI"]


def test_a_second_uri_with_our_mark_is_deleted_and_the_one_that_is_right_stays(settings: Load) -> None:
    wanted = want(settings(**ACCOUNT))
    wrong = Uri("OU1", "Landline", "sip:old.example.com", 10, 10, True)
    right = Uri("OU2", "Landline", wanted.uri, 10, 10, True)
    there = There((Trunk("TK1", wanted.account, wanted.name),), (), {"TK1": (wrong, right)})
    [change] = changes(wanted, there)
    assert str(change) == "delete origination URI OU1 of Twilio trunk TK1: it duplicates OU2"


@pytest.mark.parametrize(
    ("uris", "is_ours"),
    [
        ([], True),
        ([("Landline", "sip:line.example.com:5060;transport=udp")], True),
        ([("Landline", "sip:second.example.com:5060;transport=udp")], False),
        ([("by hand", "sip:pbx.example.com")], False),
    ],
)
def test_a_second_trunk_of_the_name_is_deleted_only_if_its_calls_lead_here(
    settings: Load, uris: list[tuple[str, str]], is_ours: bool
) -> None:
    wanted = want(settings(**ACCOUNT))
    trunks = tuple(Trunk(sid, wanted.account, wanted.name) for sid in ("TK1", "TK2"))
    right = Uri("OU1", "Landline", wanted.uri, 10, 10, True)
    of_second = tuple(Uri("OU2", name, address, 10, 10, True) for name, address in uris)
    there = There(trunks, (), {"TK1": (right,), "TK2": of_second})
    if is_ours:
        assert [str(change) for change in changes(wanted, there)] == ["delete Twilio trunk TK2: it duplicates TK1"]
    else:
        with pytest.raises(BlockedError, match=r"^two Twilio trunks are called .* and both are in use: TK1 and TK2;"):
            changes(wanted, there)


async def test_without_an_account_nothing_is_wanted_or_connected_to(settings: Load) -> None:
    with pytest.raises(ValueError, match=r"^TWILIO_ACCOUNT_SID is not set$"):
        want(settings())
    with pytest.raises(ValueError, match=r"^TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET are not all set$"):
        async with connect(settings()):
            pass
