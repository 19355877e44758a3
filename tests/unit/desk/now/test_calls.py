"""What is known of a call, from who is in its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.protocol.models import Room

from desk.now.calls import Call, call_of
from tests.unit.desk.now.people import AGENT_NAME, NUMBER, agent, browser, leg, operator, phone

if TYPE_CHECKING:
    from livekit.protocol.models import ParticipantInfo

ROOM = Room(sid="RM_1", name="call-_+12025550143_abc", creation_time=1_764_080_553)


def call(*people: ParticipantInfo) -> Call | None:
    return call_of(ROOM, people, AGENT_NAME)


def test_a_phones_call_has_its_line_number_state_and_beginning() -> None:
    found = call(phone(), agent(**{"landline.tool": "look_up_order"}))
    assert found
    assert found.told() == {
        "id": "RM_1",
        "line": "coffee",
        "began": "2026-11-25T14:22:33+00:00",
        "people": [{"identity": "sip_1", "kind": "phone", "number": NUMBER, "called": False, "ringing": False}],
        "agent": "agent-AJ_1",
        "state": "listening",
        "tool": "look_up_order",
        "taken_over": False,
    }


def test_the_rooms_name_which_has_a_number_in_it_is_not_told() -> None:
    found = call(phone(number="anonymous"), agent())
    assert found
    assert NUMBER not in str(found.told())


@pytest.mark.parametrize("number", ["", "anonymous", "Restricted", "unknown"])
def test_a_withheld_number_is_none(number: str) -> None:
    found = call(phone(number=number), agent())
    assert found
    assert found.people[0].number == ""


def test_before_the_agent_has_come_the_line_is_that_of_the_rule() -> None:
    found = call(phone())
    assert found
    assert (found.line, found.agent, found.state) == ("coffee", "", "")
    assert found.began == "2025-11-25T14:22:33+00:00"  # of the room


def test_a_browser_and_a_person_who_is_called_are_people() -> None:
    found = call(browser(), agent(), leg())
    assert found
    assert [(one.kind, one.called, one.ringing) for one in found.people] == [
        ("browser", False, False),
        ("phone", True, True),
    ]


def test_a_browser_and_an_operator_talk_on_when_the_agents_process_has_died() -> None:
    found = call(browser(**{"landline.agent": AGENT_NAME, "landline.line": "coffee"}), operator())
    assert found
    assert (found.line, found.agent, found.taken_over) == ("coffee", "", True)
    assert [one.kind for one in found.people] == ["browser"]


@pytest.mark.parametrize(("how", "is_taken"), [("yes", True), ("listens", False)])
def test_an_operator_is_none_of_the_people(how: str, is_taken: bool) -> None:
    found = call(phone(), agent(), operator(how))
    assert found
    assert [one.identity for one in found.people] == ["sip_1"]
    assert found.taken_over is is_taken


def test_what_the_agent_says_of_an_operator_counts_too() -> None:
    found = call(phone(), agent(**{"landline.operator": "yes"}))
    assert found
    assert found.taken_over


@pytest.mark.parametrize(
    "people",
    [
        [],
        [browser()],
        [phone(host="another")],
        [phone(host="another"), agent("another")],
        [leg("another"), agent("another")],
        [browser(), agent("another")],
        [browser(**{"landline.agent": "another", "landline.line": "coffee"}), operator()],
    ],
)
def test_what_is_another_hosts_is_no_call(people: list[ParticipantInfo]) -> None:
    assert call(*people) is None


def test_a_phone_with_metadata_of_somebody_else_is_none_of_ours() -> None:
    stranger = phone()
    for metadata in ("", "{", "[]", '{"agent": "inbound-voice-agent"}', "managed by landline"):
        stranger.metadata = metadata
        assert call(stranger) is None


def test_a_call_of_the_agents_own_is_ours_before_the_agent_is_there() -> None:
    found = call(leg())
    assert found
    assert found.line == ""
