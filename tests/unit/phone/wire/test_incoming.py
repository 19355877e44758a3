"""Calls that come to the phone, over real UDP: the far end is the phone itself, which places them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest
from sipmessage import Message, Response

from phone.call import Call
from phone.conversation import Reception, Saying, Script, be_called
from phone.sound.listening import until
from phone.wire.dialog import AnswerToRefer, NotAnsweredError
from phone.wire.digest import Credentials
from phone.wire.incoming import Listener
from phone.wire.outgoing import Target
from tests.unit.phone.gateway import Behaviour, Gateway, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from phone.report.observation import Observation

LOOPBACK = IPv4Network("127.0.0.0/8")
NUMBER = "+12025550107"
QUIET = Script(greeted=False)


@asynccontextmanager
async def person(
    script: Script = QUIET, network: IPv4Network = LOOPBACK, **reception: object
) -> AsyncIterator[tuple[Target, asyncio.Task[Observation]]]:
    """Somebody who takes one call, and the target that reaches them."""
    how = Reception(**{"ring": 0.2, "wait": 5.0, **reception})  # type: ignore[arg-type]
    async with await Listener.open(("127.0.0.1", 0), network) as listener:
        taking = asyncio.create_task(be_called(listener, how, script))
        await asyncio.sleep(0)
        yield Target(listener.address, NUMBER, caller="+12025550100"), taking
        taking.cancel()
        await asyncio.wait([taking])


async def refusal(target: Target, ring_timeout: float = 5.0) -> NotAnsweredError:
    with pytest.raises(NotAnsweredError) as caught:
        await Call.dial(target, ring_timeout)
    return caught.value


async def test_a_person_answers_after_ringing_and_both_hear_each_other() -> None:
    script = Script((Saying("hello", tone(0.4), at=0.2),), greeted=False, stay=5.0)
    async with person(script) as (target, taking):
        async with await Call.dial(target) as call:
            assert await call.line_speaks(2.0)
            call.say(tone(0.5), "good morning")
            await call.stay(1.0)
            progress = call.progress
        seen = await taking
    assert progress.rang is not None
    assert (progress.answered or 0) - progress.invited == pytest.approx(0.2, abs=0.05)
    assert seen.invited
    assert (seen.invited.called, seen.invited.shown) == (NUMBER, "+12025550100")
    assert (seen.who, seen.status) == ("person", 200)
    assert seen.answered == pytest.approx(0.2, abs=0.05)
    assert seen.ended
    assert seen.ended.by == "line"
    assert abs(int(seen.line.pcm.max())) > 1000
    assert [saying.text for saying in seen.said] == ["hello"]


async def test_a_person_who_has_said_everything_hangs_up() -> None:
    async with person() as (target, taking):
        async with await Call.dial(target) as call:
            ended = await asyncio.wait_for(call.ended, 3)
        seen = await taking
    assert ended.by == "line"
    assert seen.ended
    assert (seen.ended.by, seen.ended.confirmed) == ("person", True)


@pytest.mark.parametrize(("status", "phrase"), [(486, "Busy Here"), (603, "Decline"), (480, "Temporarily Unavailable")])
async def test_a_person_refuses_as_told_and_the_refusal_is_acknowledged(status: int, phrase: str) -> None:
    async with person(refuse=status) as (target, taking):
        error = await refusal(target)
        seen = await taking
    assert (error.status, error.phrase, error.rang) == (status, phrase, True)
    assert (seen.status, seen.as_told, seen.answered) == (status, True, None)
    assert seen.ended
    assert seen.ended.confirmed


async def test_a_person_who_does_not_answer_rings_until_the_caller_gives_up() -> None:
    async with person(ring=None) as (target, taking):
        error = await refusal(target, ring_timeout=0.6)
        seen = await taking
    assert (error.status, error.rang) == (None, True)
    assert (seen.status, seen.as_told) == (487, True)
    assert seen.ended
    assert seen.ended.by == "line"
    assert seen.ended.at == pytest.approx(0.6, abs=0.1)


async def test_a_caller_who_gives_up_before_the_answer_is_not_answered_later() -> None:
    async with person(ring=2.0) as (target, taking):
        await refusal(target, ring_timeout=0.5)
        seen = await taking
    assert (seen.status, seen.as_told, seen.answered) == (487, False, None)


async def test_nobody_calls() -> None:
    async with person(wait=0.3) as (_, taking):
        seen = await taking
    assert (seen.status, seen.phrase, seen.invited) == (None, "nobody called within 0.3 s", None)


async def test_a_number_that_nobody_expects_is_unknown_and_the_one_expected_is_taken() -> None:
    async with person(number=NUMBER) as (target, taking):
        assert (await refusal(Target(target.gateway, "+12025550199"))).status == 404
        async with await Call.dial(target):
            pass
        assert (await taking).status == 200


async def test_a_call_from_another_network_is_refused() -> None:
    async with person(network=IPv4Network("10.0.0.0/8")) as (target, taking):
        assert (await refusal(target)).status == 403
        assert not taking.done()


@pytest.mark.parametrize(("password", "status"), [("secret", None), ("another", 403)])
async def test_who_calls_must_know_the_password(password: str, status: int | None) -> None:
    async with person(credentials=Credentials("user", "secret")) as (target, _):
        knowing = Target(target.gateway, NUMBER, credentials=Credentials("user", password))
        if status:
            assert (await refusal(knowing)).status == status
        else:
            async with await Call.dial(knowing):
                pass
        assert (await refusal(target)).status in (404, 407)


async def test_the_keys_of_the_far_end_are_noted_once_each() -> None:
    async with person(Script(greeted=False, stay=5.0)) as (target, taking):
        async with await Call.dial(target) as call:
            await call.press("12#2").finished()
        seen = await taking
    assert [key.key for key in seen.keys] == ["1", "2", "#", "2"]
    assert seen.keys[0].at < seen.keys[-1].at


async def test_an_invite_that_comes_again_gets_the_same_answer_and_a_lost_ack_repeats_it() -> None:
    """A far end that is not the phone: it sends its INVITE twice, and its ACK late."""
    async with person(ring=0.1) as (target, taking):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
            far_end.bind(("127.0.0.1", 0))
            far_end.setblocking(False)
            port = far_end.getsockname()[1]
            loop = asyncio.get_running_loop()
            for _ in range(2):
                far_end.sendto(invite(port), target.gateway)
            answers: list[Response] = []
            while [answer.code for answer in answers].count(200) < 2:
                message = Message.parse(await asyncio.wait_for(loop.sock_recv(far_end, 4096), 3))
                if isinstance(message, Response):
                    answers.append(message)
            assert {answer.headers["To"] for answer in answers if answer.code == 200} == {answers[-1].headers["To"]}
            far_end.sendto(invite(port).replace(b"INVITE", b"ACK"), target.gateway)
            await until(lambda: taking.done(), 3)
            assert (await taking).answered == pytest.approx(0.1, abs=0.1)


async def test_an_offer_without_common_audio_is_not_acceptable() -> None:
    async with person(ring=0.0) as (target, taking):
        offer = "v=0\r\nm=audio 4000 RTP/AVP 18\r\n"
        assert (await refusal(Target(target.gateway, NUMBER, offer=offer))).status == 488
        seen = await taking
    assert (seen.status, seen.answered, seen.as_told) == (488, None, False)


async def test_a_person_may_put_the_far_end_on_hold() -> None:
    script = Script((Saying("(hold)", pause=0.3, on_hold=True),), greeted=False, stay=0.2)
    async with person(script) as (target, taking):
        async with await Call.dial(target) as call:
            await asyncio.wait_for(call.ended, 3)
        seen = await taking
    assert seen.requests == (("INVITE sendonly", 200), ("INVITE sendrecv", 200))


@pytest.mark.parametrize(
    ("how", "status", "notified"),
    [
        (AnswerToRefer(202, 200), 202, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]),
        (AnswerToRefer(202, 486), 202, ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]),
        (AnswerToRefer(603), 603, []),
        (AnswerToRefer(), 501, []),
    ],
)
async def test_a_request_to_call_somebody_else_is_answered_as_told(
    how: AnswerToRefer, status: int, notified: list[str]
) -> None:
    with Gateway(Behaviour()) as gateway:
        target = Target(("127.0.0.1", int(gateway.address.partition(":")[2])), NUMBER)
        async with await Call.dial(target, refer=how) as call:
            for _ in range(2):  # the second one is the first one again
                gateway.send("REFER", headers={"Refer-To": "<sip:+12025550111@carrier.example>"})
            assert await until(lambda: len(gateway.responses) == 2, 2)
            assert await until(lambda: gateway.methods().count("NOTIFY") == len(notified), 3)
        told = [request for request in gateway.requests if request.method == "NOTIFY"]
        assert [response.code for response in gateway.responses[:2]] == [status, status]
        assert [request.body.decode().strip() for request in told] == notified
        assert {request.headers["Event"] for request in told} <= {"refer"}
        [referral] = call.dialog.referrals
        assert (referral.to, referral.status) == ("<sip:+12025550111@carrier.example>", status)


def invite(port: int) -> bytes:
    body = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 9 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
    )
    return (
        f"INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKone\r\n"
        f"From: <sip:+12025550100@127.0.0.1>;tag=far\r\nTo: <sip:{NUMBER}@127.0.0.1>\r\nCall-ID: one\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:far@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
