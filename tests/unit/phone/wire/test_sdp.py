"""Session descriptions."""

import pytest

from phone.wire import sdp

GATEWAY = (
    "v=0\r\no=- 1 2 IN IP4 203.0.113.9\r\ns=LiveKit\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"
    "m=audio 10042 RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=sendrecv\r\n"
)


def test_an_answer_tells_address_port_codec_and_the_number_of_key_events() -> None:
    assert sdp.parse_answer(GATEWAY.encode()) == sdp.Answer("203.0.113.9", 10042, 0, 96)


def test_the_audio_lines_own_address_goes_before_the_sessions() -> None:
    body = GATEWAY + "c=IN IP4 198.51.100.7\r\nm=video 9 RTP/AVP 99\r\nc=IN IP4 192.0.2.1\r\n"
    assert sdp.parse_answer(body.encode()).address == "198.51.100.7"


def test_the_first_codec_that_both_speak_is_taken() -> None:
    body = GATEWAY.replace("RTP/AVP 0 96", "RTP/AVP 9 8 0 96")
    assert sdp.parse_answer(body.encode()).payload_type == 8


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("m=audio 10042 RTP/AVP 0 96", "m=audio 0 RTP/AVP 0"), "no plain RTP audio"),
        (("m=audio 10042 RTP/AVP 0 96", "m=audio 10042 RTP/SAVP 0"), "no plain RTP audio"),
        (("m=audio", "m=video"), "no plain RTP audio"),
        (("RTP/AVP 0 96", "RTP/AVP 18 96"), "neither PCMU nor PCMA"),
    ],
)
def test_an_answer_without_common_audio_says_what_it_had(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(sdp.NoCommonAudioError, match=complaint):
        sdp.parse_answer(GATEWAY.replace(*change).encode())


def test_our_offer_can_be_read_back() -> None:
    offer = sdp.offer("192.0.2.5", 40000, 1)
    assert sdp.parse_answer(offer) == sdp.Answer("192.0.2.5", 40000, 0, sdp.TELEPHONE_EVENT)
