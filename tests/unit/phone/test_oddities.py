"""What the phone does as odd carriers do: headers and offers of its own, holds, pauses and requests during the call."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from phone import audio
from phone.__main__ import main
from phone.wire.rtp import KEY_FRAMES, KEY_PAUSE_FRAMES, Packet
from tests.unit.phone.gateway import Behaviour, Gateway, tone

if TYPE_CHECKING:
    from pathlib import Path

EVENT = 101
OFFER = "v=0\no=- 1 1 IN IP4 192.168.77.7\ns=-\nc=IN IP4 192.168.77.7\nt=0 0\nm=audio {port} RTP/AVP 0 101\n"


def call(gateway: Gateway, folder: Path, *arguments: str) -> dict[str, object]:
    """The report of a call to it."""
    report = folder / "report.json"
    quick = ["--to", "1", "--no-transcript", "--patience", "0.3", "--reply-timeout", "1", "--greeting-timeout", "2"]
    main(["call", "--gateway", gateway.address, "--out", str(folder), "--json", str(report), *quick, *arguments])
    read: dict[str, object] = json.loads(report.read_text())
    return read


def sip(report: dict[str, object]) -> dict[str, object]:
    assert isinstance(report["sip"], dict)
    return report["sip"]


def test_from_and_to_are_sent_as_they_are_and_the_request_line_is_not_changed(tmp_path: Path) -> None:
    with Gateway() as gateway:
        headers = ["--from-header", "<tel:+12025550123>", "--to-header", '"Sales" <sip:100@pbx.example.com>']
        call(gateway, tmp_path, "--silent", *headers)
        invite, bye = gateway.first("INVITE"), gateway.first("BYE")
    assert invite.headers["From"].startswith("<tel:+12025550123>;tag=")
    assert invite.headers["To"] == '"Sales" <sip:100@pbx.example.com>'
    assert bye.headers["To"].startswith('"Sales" <sip:100@pbx.example.com>;tag=')
    assert invite.uri.user == "1"


def test_an_offer_from_a_file_has_our_own_port_in_it(tmp_path: Path) -> None:
    (tmp_path / "offer.sdp").write_text(OFFER)
    with Gateway() as gateway:
        report = call(gateway, tmp_path, "--silent", "--sdp", str(tmp_path / "offer.sdp"))
        body = gateway.first("INVITE").body.decode()
    assert "c=IN IP4 192.168.77.7\r\n" in body
    assert "{port}" not in body
    assert report["line_spoke"]
    assert "SIP/2.0 200 OK" in str(sip(report)["answer"])


def test_an_answer_that_the_phone_cannot_use_is_reported(tmp_path: Path) -> None:
    encrypted = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY\r\n"
    with Gateway(Behaviour(sdp=encrypted)) as gateway:
        report = call(gateway, tmp_path, "--silent")
    assert "RTP/SAVP" in str(sip(report)["phrase"])
    assert "inline:KEY" in str(sip(report)["answer"])


def test_an_empty_file_is_no_offer(tmp_path: Path) -> None:
    (tmp_path / "none.sdp").touch()
    with Gateway(Behaviour(refuse=(400, "Bad Request"))) as gateway:
        report = call(gateway, tmp_path, "--silent", "--sdp", str(tmp_path / "none.sdp"))
        invite = gateway.first("INVITE")
    assert (invite.body, invite.headers.get("Content-Type")) == (b"", None)
    assert sip(report)["status"] == 400


def test_a_hold_is_signalled_and_sends_nothing_and_the_call_goes_on_after_it(tmp_path: Path) -> None:
    audio.save_stereo(tmp_path / "tone.wav", tone(0.4), tone(0.4))
    with Gateway() as gateway:
        report = call(gateway, tmp_path, "--hold", "0.6", "--wav", str(tmp_path / "tone.wav"))
        offers = [request.body.decode() for request in gateway.requests if request.method == "INVITE"]
        acks = [request.cseq.sequence for request in gateway.requests if request.method == "ACK"]
        arrived = [at for at, _ in gateway.heard]
        packets = [packet for _, packet in gateway.heard]
    assert [offer.split("a=")[-1].strip() for offer in offers] == ["sendrecv", "sendonly", "sendrecv"]
    assert acks == [1, 2, 3]
    assert max(after - before for before, after in pairwise(arrived)) > 0.55
    gap = max(pairwise(packets), key=lambda two: two[1].timestamp - two[0].timestamp)
    assert gap[1].sequence - gap[0].sequence == 1  # as where silence is suppressed
    assert sip(report)["requests"] == [
        {"request": "INVITE sendonly", "status": 200},
        {"request": "INVITE sendrecv", "status": 200},
    ]
    assert report["unsaid"] == 0
    assert report["turns"]


def test_a_hold_may_have_music(tmp_path: Path) -> None:
    audio.save_stereo(tmp_path / "music.wav", tone(0.5), tone(0.5))
    with Gateway() as gateway:
        report = call(gateway, tmp_path, "--hold-music", str(tmp_path / "music.wav"))
        assert gateway.methods().count("INVITE") == 3
    assert report["caller_spoke"]
    assert (report["turns"], report["unsaid"], report["exit_code"]) == ([], 0, 0)


def test_a_pause_sends_nothing_and_signals_nothing(tmp_path: Path) -> None:
    audio.save_stereo(tmp_path / "tone.wav", tone(0.2), tone(0.2))
    with Gateway() as gateway:
        call(gateway, tmp_path, "--pause", "0.6", "--wav", str(tmp_path / "tone.wav"))
        arrived = [at for at, _ in gateway.heard]
        assert gateway.methods() == ["INVITE", "ACK", "BYE"]
    assert max(after - before for before, after in pairwise(arrived)) > 0.55


def test_requests_are_sent_during_the_call_and_their_answers_reported(tmp_path: Path) -> None:
    with Gateway(Behaviour(reinvite=(488, "Not Acceptable Here"))) as gateway:
        info = "INFO application/dtmf-relay Signal=5"
        report = call(gateway, tmp_path, "--request", info, "--request", "UPDATE", "--hold", "0.1")
        sent = gateway.first("INFO")
        assert gateway.methods()[-1] == "BYE"
        assert ";tag=far-end-200" in gateway.first("BYE").headers["To"]
    assert (sent.headers["Content-Type"], sent.body) == ("application/dtmf-relay", b"Signal=5")
    assert [request["status"] for request in sip(report)["requests"]] == [405, 405, 488, 488]  # type: ignore[attr-defined]


def test_the_end_of_a_key_may_come_after_the_beginning_of_the_next_one(tmp_path: Path) -> None:
    with Gateway() as gateway:
        call(gateway, tmp_path, "--late-dtmf", "12")
        events = [packet for _, packet in gateway.heard if packet.payload_type == EVENT]
    keys = [packet.payload[0] for packet in events]
    assert keys == [1] * (KEY_FRAMES - 1) + [2, 1] + [2] * (KEY_FRAMES - 2)
    late = events[KEY_FRAMES]
    assert late.payload[1] & 0x80
    assert late.timestamp == events[0].timestamp
    assert _distance(events[0], events[KEY_FRAMES - 1]) == (KEY_FRAMES + KEY_PAUSE_FRAMES) * audio.FRAME


def _distance(first: Packet, second: Packet) -> int:
    return (second.timestamp - first.timestamp) % 2**32


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--sdp", "/no/such.sdp"], "--sdp /no/such.sdp cannot be read"),
        (["--to-header", "<sip:1@h>\r\nX: y"], "--to-header"),
        (["--from-header", "<sip:1@h>\nX: y"], "--from-header"),
        (["--hold", "long"], "--hold: expected seconds"),
        (["--pause", "0"], "--pause: expected more than 0 seconds"),
        (["--request", "(METHOD)"], "--request: expected a method"),
        (["--late-dtmf", "x"], "--late-dtmf: expected keys"),
    ],
)
def test_wrong_arguments_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    assert main(["call", "--to", "1", "--no-transcript", "--out", str(tmp_path), *arguments]) == 2
    assert reason in capsys.readouterr().err
