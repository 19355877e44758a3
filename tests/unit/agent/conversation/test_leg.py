"""A person is called over our own outbound trunk, and whatever goes wrong has one of four reasons."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from livekit import api

from agent.conversation import leg
from agent.conversation.leg import NotReachedError, dial
from tests.unit.agent.fakes import until

OURS = json.dumps({"managed_by": "landline", "agent": "inbound-voice-agent", "direction": "outbound"})
THEIRS = json.dumps({"managed_by": "landline", "agent": "another", "direction": "outbound"})


class LiveKit:
    """A server with outbound trunks, whose calls are answered at once unless `answer` says otherwise."""

    def __init__(self, *marks: str, answer: Exception | None = None, rings_for_ever: bool = False) -> None:
        self.sip = self.room = self
        self._marks, self._answer, self._rings_for_ever = marks, answer, rings_for_ever
        self.asked: list[api.CreateSIPParticipantRequest] = []
        self.removed: list[tuple[str, str]] = []
        self.comes_after = 0  # attempts to remove the phone, until it is in the room

    async def list_outbound_trunk(self, _: Any) -> Any:
        trunks = [
            api.SIPOutboundTrunkInfo(sip_trunk_id=f"ST_{i}", metadata=mark, numbers=["+12025550100"])
            for i, mark in enumerate(self._marks)
        ]
        return SimpleNamespace(items=trunks)

    async def create_sip_participant(self, request: api.CreateSIPParticipantRequest) -> None:
        self.asked.append(request)
        if self._rings_for_ever:
            await asyncio.Event().wait()
        if self._answer:
            raise self._answer

    async def remove_participant(self, who: api.RoomParticipantIdentity) -> None:
        self.comes_after -= 1
        if self.comes_after >= 0:
            raise api.TwirpError(api.TwirpErrorCode.NOT_FOUND, "participant does not exist", status=404)
        self.removed.append((who.room, who.identity))


async def call(livekit: LiveKit, shown: str = "+12025550100") -> None:
    await dial(
        cast("api.LiveKitAPI", livekit),
        "call-1",
        "+12025550111",
        agent="inbound-voice-agent",
        identity="person-1",
        shown=shown,
        ringing=20,
        longest=600,
    )


def refused(status: int) -> api.SipCallError:
    return api.SipCallError("unavailable", "no", status=503, metadata={"sip_status_code": str(status)})


async def test_only_the_trunk_with_this_hosts_mark_is_used() -> None:
    livekit = LiveKit("", "not JSON", '["list"]', THEIRS, OURS)
    await call(livekit)
    [asked] = livekit.asked
    assert (asked.sip_trunk_id, asked.sip_call_to, asked.sip_number) == ("ST_4", "+12025550111", "+12025550100")
    assert (asked.room_name, asked.participant_identity, asked.wait_until_answered) == ("call-1", "person-1", True)
    assert dict(asked.participant_attributes) == {"landline.leg": "inbound-voice-agent"}
    assert (asked.ringing_timeout.seconds, asked.max_call_duration.seconds) == (20, 600)


async def test_a_number_that_is_not_the_trunks_is_not_shown() -> None:
    livekit = LiveKit(OURS)
    await call(livekit, shown="+12025550199")
    assert livekit.asked[0].sip_number == ""


@pytest.mark.parametrize("marks", [(), (THEIRS,), ("",)])
async def test_without_a_trunk_of_ours_nobody_is_called(marks: tuple[str, ...]) -> None:
    livekit = LiveKit(*marks)
    with pytest.raises(NotReachedError, match="unreachable"):
        await call(livekit)
    assert not livekit.asked


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (refused(486), "busy"),
        (refused(600), "busy"),
        (refused(603), "declined"),
        (refused(480), "no_answer"),
        (refused(404), "unreachable"),
        (refused(503), "unreachable"),
        (api.TwirpError("canceled", "sip request timed out", status=408), "no_answer"),
        (api.TwirpError("canceled", "transaction failed to complete (0 responses)", status=408), "unreachable"),
        (TimeoutError(), "no_answer"),
        (aiohttp.ClientError("refused"), "unreachable"),
    ],
)
async def test_each_failure_has_its_reason_and_leaves_no_leg(failure: Exception, reason: str) -> None:
    livekit = LiveKit(OURS, answer=failure)
    with pytest.raises(NotReachedError) as error:
        await call(livekit)
    assert error.value.reason == reason
    assert livekit.removed == [("call-1", "person-1")]


async def test_a_caller_who_gives_up_ends_the_ringing() -> None:
    livekit = LiveKit(OURS, rings_for_ever=True)
    calling = asyncio.ensure_future(call(livekit))
    await until(lambda: livekit.asked)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert livekit.removed == [("call-1", "person-1")]


async def test_a_phone_that_comes_into_the_room_after_its_call_was_given_up_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leg, "COMING_TRIED_EVERY", 0.001)
    livekit = LiveKit(OURS, rings_for_ever=True)
    livekit.comes_after = 3
    calling = asyncio.ensure_future(call(livekit))
    await until(lambda: livekit.asked)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert livekit.removed == [("call-1", "person-1")]


async def test_no_number_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    failure = api.SipCallError("not_found", "+12025550111 is gone", status=404, metadata={"sip_status_code": "404"})
    with pytest.raises(NotReachedError):
        await call(LiveKit(OURS, answer=failure))
    assert caplog.messages == ["Could not call a person over the outbound trunk: SIP status 404"]
