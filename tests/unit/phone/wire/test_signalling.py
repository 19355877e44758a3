"""SIP over real UDP: what the gateway sees, and what the caller is told."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from phone.call import Call
from phone.sound.listening import until
from phone.wire import dialog
from phone.wire.dialog import NotAnsweredError
from phone.wire.digest import Credentials
from phone.wire.outgoing import Target
from tests.unit.phone.gateway import Behaviour, Gateway

CHALLENGE = 'Digest realm="landline", nonce="abc", algorithm=MD5, qop="auth,auth-int"'


def target(gateway: Gateway, **changes: object) -> Target:
    return Target(("127.0.0.1", int(gateway.address.partition(":")[2])), "+12025550100", **changes)  # type: ignore[arg-type]


async def seen(condition: Callable[[], bool], within: float = 2.0) -> bool:
    return await until(condition, within)


async def refusal(gateway: Gateway, ring_timeout: float = 5.0, **changes: object) -> NotAnsweredError:
    with pytest.raises(NotAnsweredError) as caught:
        await Call.dial(target(gateway, **changes), ring_timeout)
    return caught.value


async def test_a_call_is_invited_acknowledged_and_hung_up() -> None:
    with Gateway() as gateway:
        async with await Call.dial(target(gateway)) as call:
            pass
        assert await seen(lambda: gateway.methods() == ["INVITE", "ACK", "BYE"])
        assert call.ended.result().by == "caller"
        assert call.ended.result().confirmed
        invite, ack, bye = gateway.requests
        assert (invite.cseq.sequence, ack.cseq.sequence, bye.cseq.sequence) == (1, 1, 2)
        assert ack.headers["To"] == bye.headers["To"] == invite.headers["To"] + ";tag=far-end-200"
        assert str(ack.uri) == str(bye.uri) == gateway.behaviour.contact
        assert len({request.via[0].parameters["branch"] for request in gateway.requests}) == 3
        assert invite.contact[0].uri.host == "127.0.0.1"
        assert "rport" in invite.via[0].parameters


async def test_a_lost_invite_is_sent_again_and_a_provisional_answer_ends_that() -> None:
    with Gateway(Behaviour(ignore_invites=1, answer_after=0.8)) as gateway:
        async with await Call.dial(target(gateway)) as call:
            waited = (call.progress.answered or 0) - call.progress.invited
        assert gateway.methods().count("INVITE") == 2
        assert waited == pytest.approx(0.5 + 0.8, abs=0.1)


async def test_an_answer_that_comes_again_is_acknowledged_again() -> None:
    with Gateway(Behaviour(final_repeats=2)) as gateway:
        async with await Call.dial(target(gateway)):
            assert await seen(lambda: gateway.methods().count("ACK") == 3)


async def test_a_refusal_is_acknowledged_within_its_transaction_and_reported() -> None:
    with Gateway(Behaviour(refuse=(486, "Busy Here"))) as gateway:
        error = await refusal(gateway)
        assert (error.status, error.phrase) == (486, "Busy Here")
        assert await seen(lambda: gateway.methods() == ["INVITE", "ACK"])
        invite, ack = gateway.requests
        assert ack.via[0].parameters["branch"] == invite.via[0].parameters["branch"]
        assert ack.headers["To"].endswith(";tag=far-end-486")


async def test_a_call_that_only_rings_is_cancelled() -> None:
    with Gateway(Behaviour(answer=False)) as gateway:
        error = await refusal(gateway, ring_timeout=0.5)
        assert (error.status, error.rang, error.phrase) == (None, True, "rang for 0.5 s")
        assert await seen(lambda: gateway.methods() == ["INVITE", "CANCEL", "ACK"])
        invite, cancel, _ = gateway.requests
        assert cancel.via[0].parameters["branch"] == invite.via[0].parameters["branch"]
        assert (cancel.cseq.sequence, cancel.cseq.method) == (1, "CANCEL")


async def test_an_answer_that_crosses_the_cancel_is_hung_up() -> None:
    with Gateway(Behaviour(answer=False, answer_on_cancel=True)) as gateway:
        await refusal(gateway, ring_timeout=0.4)
        assert await seen(lambda: gateway.methods() == ["INVITE", "CANCEL", "ACK", "BYE"])
        assert gateway.first("BYE").headers["To"].endswith(";tag=far-end-200")


async def test_a_caller_who_gives_up_while_it_rings_cancels() -> None:
    with Gateway(Behaviour(answer=False)) as gateway:
        dialling = asyncio.create_task(Call.dial(target(gateway)))
        assert await seen(lambda: "INVITE" in gateway.methods())
        await asyncio.sleep(0.05)
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        assert await seen(lambda: gateway.methods() == ["INVITE", "CANCEL", "ACK"])


async def test_a_gateway_that_says_nothing_is_not_cancelled_only_given_up() -> None:
    with Gateway(Behaviour(ignore_invites=99)) as gateway:
        error = await refusal(gateway, ring_timeout=1.0)
        assert (error.status, error.rang, error.phrase) == (None, False, "no SIP answer at all for 1 s")
        assert set(gateway.methods()) == {"INVITE"}
        assert gateway.methods().count("INVITE") == 2


async def test_a_port_where_nothing_listens_is_known_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(NotAnsweredError, match="nothing listens"):
        await Call.dial(Target(("127.0.0.1", port), "+12025550100"))
    assert time.monotonic() - began < 1


async def test_a_host_name_without_an_address_is_named() -> None:
    with pytest.raises(NotAnsweredError, match=r"gateway\.invalid"):
        await Call.dial(Target(("gateway.invalid", 5060), "+12025550100"))


async def test_an_address_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(NotAnsweredError, match=r"no way to 255\.255\.255\.255 from here"):
        await Call.dial(Target(("255.255.255.255", 5060), "+12025550100"))


async def test_a_challenge_is_answered_once() -> None:
    with Gateway(Behaviour(challenge=CHALLENGE)) as gateway:
        async with await Call.dial(target(gateway, credentials=Credentials("user", "secret"))):
            pass
        first, second = (request for request in gateway.requests if request.method == "INVITE")
        assert (first.cseq.sequence, second.cseq.sequence) == (1, 2)
        assert first.call_id == second.call_id
        assert ";tag=" not in second.headers["To"]
        authorization = second.headers["Authorization"]
        assert authorization.startswith("Digest ")
        assert 'username="user"' in authorization
        assert "secret" not in authorization


async def test_a_challenge_without_credentials_is_a_refusal() -> None:
    with Gateway(Behaviour(challenge=CHALLENGE)) as gateway:
        assert (await refusal(gateway)).status == 401


async def test_a_malformed_from_host_and_extra_headers_go_out_as_they_are() -> None:
    with Gateway() as gateway:
        headers = (("X-Twilio-AccountSid", "AC0"), ("X-A", "b"))
        async with await Call.dial(target(gateway, from_host="54.172.60.0/30", headers=headers)):
            pass
        invite = gateway.first("INVITE")
        assert invite.headers["From"].startswith("<sip:+15555550123@54.172.60.0/30>;tag=")
        assert (invite.headers["X-A"], invite.headers["X-Twilio-AccountSid"]) == ("b", "AC0")


async def test_the_far_ends_bye_ends_the_call() -> None:
    with Gateway(Behaviour(hang_up_after=0.3)) as gateway:
        async with await Call.dial(target(gateway)) as call:
            ending = await asyncio.wait_for(call.ended, 2)
            assert ending.by == "line"
            assert ending.at - (call.progress.answered or 0) == pytest.approx(0.3, abs=0.1)
        assert await seen(lambda: [response.code for response in gateway.responses] == [200])
        assert "BYE" not in gateway.methods()


async def test_requests_inside_the_call_are_answered_and_a_re_invite_gets_the_same_media() -> None:
    with Gateway() as gateway:
        async with await Call.dial(target(gateway)):
            for method in ("OPTIONS", "INFO", "INVITE", "REFER"):
                gateway.send(method)
                assert await seen(lambda: bool(gateway.responses) and gateway.responses[-1].cseq.method == method)  # noqa: B023
            assert [response.code for response in gateway.responses] == [200, 200, 200, 501]
            assert gateway.responses[2].body == gateway.first("INVITE").body


async def test_a_far_end_that_is_gone_does_not_hold_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "BYE_PATIENCE", 0.8)
    with Gateway(Behaviour(answer_bye=False)) as gateway:
        call = await Call.dial(target(gateway))
        began = time.monotonic()
        ending = await call.hang_up()
        assert not ending.confirmed
        assert time.monotonic() - began < 1
        assert gateway.methods().count("BYE") > 1


async def test_an_answer_without_common_audio_is_hung_up_and_said() -> None:
    with Gateway(Behaviour(sdp="v=0\r\nm=audio 4000 RTP/AVP 18\r\n")) as gateway:
        assert "neither PCMU nor PCMA" in (await refusal(gateway)).phrase
        assert await seen(lambda: gateway.methods() == ["INVITE", "ACK", "BYE"])


async def test_audio_goes_to_the_host_dialled_whatever_the_sdp_says() -> None:
    with Gateway(Behaviour(sdp_address="203.0.113.9")) as gateway:
        async with await Call.dial(target(gateway)):
            assert await seen(lambda: len(gateway.heard) > 5)
    with Gateway(Behaviour(sdp_address="127.0.0.2")) as gateway:
        async with await Call.dial(target(gateway), honour_sdp=True):
            await asyncio.sleep(0.3)
            assert not gateway.heard


async def test_garbage_on_the_signalling_port_is_dropped() -> None:
    with Gateway() as gateway:
        async with await Call.dial(target(gateway)) as call:
            for garbage in (b"\r\n\r\n", b"\xff\xfe", b"SIP/2.0 x y\r\n\r\n", b"BYE sip:x SIP/2.0\r\nVia\r\n\r\n"):
                gateway._loop.call_soon_threadsafe(gateway._sip.sendto, garbage, call.dialog.endpoint.address)
            await asyncio.sleep(0.1)
            assert not call.ended.done()
