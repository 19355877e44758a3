"""What carriers send that differs from the textbook: numbers, headers, session descriptions, holds, missing packets.

The second half pins what the real gateway cannot do. When one of those tests fails, a newer gateway can do it: say so
in docs/trunks/generic.md.
"""

from __future__ import annotations

import base64
import difflib
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension
from tests.stack.outcome import Outcome, plain
from tests.stack.sounds import hold_music

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line

pytestmark = pytest.mark.slow

EXTENSION, NATIONAL, INTERNATIONAL = "188", "7025550188", "0017025550188"
GREETED = re.compile(r"how can (i|we) help")  # as Whisper writes it at 8 kHz
QUESTION, ANSWER = "When are you open?", "we open at"
HOLD, MUSIC, NO_PACKETS = 40, 20, 36  # seconds
LONG = "Tell me everything."
STORY = " ".join(
    f"In {year} year we added {what} to the menu, and people came from far away to try it."
    for year, what in zip(
        ("the first", "the second", "the third", "the fourth", "the fifth", "the sixth", "the seventh", "the eighth"),
        ("lemon cake", "apple pie", "onion soup", "garlic bread", "cherry jam", "walnuts", "pancakes", "ginger tea"),
        strict=True,
    )
)
LONG_GREETING = (
    "Welcome to the coffee house on the corner of the old market square. We are open from Monday to Saturday. "
    "On Monday we bake bread with walnuts and honey. On Tuesday there is tomato soup with fresh basil. "
    "On Wednesday the children of the village paint pictures in the garden. On Thursday an old man plays the piano. "
    "On Friday we serve fish with potatoes and lemon. On Saturday there is a dance in the evening. "
    "If you would like to order a cake, please tell me how many people will eat it. "
    "If you have lost an umbrella, we have a box with many umbrellas behind the door. "
    "If you want to work with us, please write a letter to the owner, who lives above the shop. "
    "Now please tell me what I can do for you today."
)

SDP = (
    "v=0\no=carrier 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\nm=audio {port} RTP/AVP 0 101\n"
    "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=ptime:20\na=sendrecv\n"
)
KEY = base64.b64encode(bytes(range(30))).decode()
OFFERS = {
    "private": SDP.replace("c=IN IP4 {address}", "c=IN IP4 192.168.77.7"),
    "encrypted": SDP.replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n",
    "two streams": SDP + "m=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "none": "",
}
ROUTE = f"Record-Route: <sip:10.0.0.{{}};lr;ftag=0123456789abcdef;did=4a5.9f31;vsf={'x' * 150}>"
ROUTES = [part for proxy in range(1, 6) for part in ("--header", ROUTE.format(proxy))]
IDENTITY = ["--header", f"Identity: {'e' * 2400};info=<https://certificates.example/1.pem>;alg=ES256;ppt=shaken"]
GIVES_UP = ["--silent", "--ring-timeout", "6"]


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    home = tmp_path_factory.mktemp("carriers")
    handling = {"silent_caller_after": 5, "longest_talk": 60}
    forms = [EXTENSION, NATIONAL, INTERNATIONAL]
    with an_extension(line, home, also_dialled=forms, handling=handling, IDLE_PROCESSES="3") as extension:
        answers = {"open": "We open at nine.", "everything": STORY}
        rules = [{"kind": "llm", "match": match, "answer": answer} for match, answer in answers.items()]
        extension.provider.script(rules=[*rules, {"kind": "llm", "match": "keys pressed", "answer": "Thank you."}])
        hold_music(extension.sounds / "music.wav", seconds=MUSIC)
        for name, offer in OFFERS.items():
            (extension.sounds / f"{name}.sdp").write_text(offer)
        yield extension


def offering(name: str) -> list[str]:
    return ["--sdp", f"/sounds/{name}.sdp"]


@pytest.fixture(scope="module")
def outcomes(extension: Extension) -> dict[str, Outcome]:
    """The calls of carriers that the line can serve, the long ones first: several are held at once."""
    return extension.calls_by_name(
        {
            "a hold": ["--hold", str(HOLD), "--say", QUESTION],
            "no packets while the line talks": ["--say", LONG, "--at", "14", "--pause", str(NO_PACKETS)],
            "a hold with music": ["--hold-music", "/sounds/music.wav", "--say", QUESTION],
            "the national form": ["--to", NATIONAL, "--silent"],
            "the international form": ["--to", INTERNATIONAL, "--silent"],
            "an extension": ["--to", EXTENSION, "--silent"],
            "From as tel:": ["--from-header", "<tel:+12025550123>", "--silent"],
            "a private address": [*offering("private"), "--silent"],
            "a long answer": [*ROUTES, "--silent"],
            "an encrypted offer": [*offering("encrypted"), "--silent"],
            "the late end of a key": ["--late-dtmf", "12#"],
        }
    )


def sip(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.report["sip"]
    return found


@pytest.mark.parametrize(
    "name",
    [
        "the national form",
        "the international form",
        "an extension",
        "From as tel:",
        "a private address",
        "a long answer",
    ],
)
def test_the_line_greets_when_a_carrier_sends(outcomes: dict[str, Outcome], name: str) -> None:
    assert GREETED.search(outcomes[name].heard), outcomes[name].printed


def test_an_answer_of_more_than_1300_bytes_was_sent_over_udp(outcomes: dict[str, Outcome]) -> None:
    assert len(sip(outcomes["a long answer"])["answer"].encode()) > 1300


def test_an_encrypted_offer_gets_an_encrypted_answer(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["an encrypted offer"]
    assert sip(outcome)["status"] == 200, outcome.printed
    assert re.search(r"m=audio \d+ RTP/SAVP ", sip(outcome)["answer"]), outcome.printed
    [key] = re.findall(r"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(\S+)", sip(outcome)["answer"])
    assert len(base64.b64decode(key.split("|")[0])) == 30  # the phone itself does not speak SRTP, and hangs up
    assert key != KEY


def test_nobody_is_asked_on_hold_and_the_talk_goes_on(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["a hold"]
    assert [request["status"] for request in sip(outcome)["requests"]] == [200, 200]
    assert len(outcome.said) == 2, outcome.printed  # the greeting and the answer
    assert outcome.says(ANSWER) > HOLD, outcome.printed
    assert not outcome.hung_up, outcome.printed


def test_a_hold_without_end_is_ended_in_silence_after_two_minutes(extension: Extension) -> None:
    outcome = extension.call("--hold", "170", "--max-seconds", "200")
    assert outcome.hung_up, outcome.printed
    assert len(outcome.said) == 1, outcome.printed
    assert GREETED.search(outcome.heard), outcome.printed
    assert 118 < outcome.report["ended_after"] - outcome.said[0]["end"] < 128, outcome.printed


def test_nobody_is_asked_while_hold_music_plays_and_the_talk_goes_on(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["a hold with music"]
    assert "still there" not in outcome.heard, outcome.printed
    assert "cannot hear" not in outcome.heard, outcome.printed
    assert outcome.hears(ANSWER), outcome.printed
    assert not outcome.hung_up, outcome.printed


def test_the_line_talks_on_without_packets_from_the_caller(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["no packets while the line talks"]
    assert not outcome.hung_up, outcome.printed
    assert outcome.hears("ginger tea"), outcome.printed
    assert outcome.said[-1]["end"] > 14 + 15, outcome.printed  # the gateway's own limit was 15 s


def test_a_key_whose_end_comes_late_is_pressed_once(extension: Extension, outcomes: dict[str, Outcome]) -> None:
    assert outcomes["the late end of a key"].hears("thank you")
    turns = [request["body"]["messages"][-1]["content"] for request in extension.provider.asked("llm")]
    assert [turn for turn in turns if "keys pressed" in turn] == ["(keys pressed) 1 2"]


@pytest.fixture(scope="module")
def greeted_at_length(extension: Extension, outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    assert outcomes  # they hear the usual greeting
    assert len(LONG_GREETING) >= 700
    greeting = extension.folder / "greeting.md"
    usual = greeting.read_text()
    greeting.write_text(LONG_GREETING)
    patient = ["--greeting-timeout", "20", "--patience", "2"]
    calls = {"heard to its end": ["--silent", *patient], "interrupted": ["--at", "15", "--say", QUESTION, *patient]}
    try:
        return extension.calls_by_name(calls)
    finally:
        greeting.write_text(usual)


def test_a_greeting_of_700_characters_is_whole_and_in_order(greeted_at_length: dict[str, Outcome]) -> None:
    outcome = greeted_at_length["heard to its end"]
    wanted, heard = plain(LONG_GREETING).split(), outcome.heard.split()
    same = sum(
        block.size for block in difflib.SequenceMatcher(None, wanted, heard, autojunk=False).get_matching_blocks()
    )
    assert same > 0.9 * len(wanted), outcome.printed
    assert len(heard) < 1.1 * len(wanted), outcome.printed


def test_a_greeting_of_700_characters_can_be_interrupted(greeted_at_length: dict[str, Outcome]) -> None:
    outcome = greeted_at_length["interrupted"]
    assert "do for you today" not in outcome.heard, outcome.printed
    assert outcome.hears(ANSWER), outcome.printed


# What the gateway cannot do today.


@pytest.fixture(scope="module")
def pinned(extension: Extension, outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    assert outcomes
    to = extension.number
    session = ["--header", "Session-Expires: 90;refresher=uac", "--header", "Supported: timer"]
    return extension.calls_by_name(
        {
            "another number in To": ["--to-header", "<sip:+19995550000@carrier.example>", *GIVES_UP],
            "tel: in To": ["--to-header", f"<tel:{to}>", *GIVES_UP],
            "a parameter in To": ["--to-header", f"<sip:{to};npdi=yes@carrier.example>", *GIVES_UP],
            "no offer": [*offering("none"), *GIVES_UP],
            "two streams": [*offering("two streams"), "--silent"],
            "requests": [
                *session,
                *("--request", "INFO application/dtmf-relay Signal=5"),
                *("--request", "UPDATE"),
                *("--hold", "1"),
            ],
        }
    )


@pytest.mark.parametrize("name", ["another number in To", "tel: in To", "a parameter in To"])
def test_the_caller_hears_ringing_and_no_final_answer_comes(pinned: dict[str, Outcome], name: str) -> None:
    assert sip(pinned[name])["status"] is None, pinned[name].printed
    assert "rang for 6 s" in pinned[name].report["verdict"], pinned[name].printed


def test_an_invite_without_an_offer_is_refused(pinned: dict[str, Outcome]) -> None:
    assert sip(pinned["no offer"])["status"] == 400, pinned["no offer"].printed


def test_of_two_streams_only_the_audio_is_answered(pinned: dict[str, Outcome]) -> None:
    outcome = pinned["two streams"]
    assert sip(outcome)["answer"].count("m=") == 1, outcome.printed
    assert GREETED.search(outcome.heard), outcome.printed


def test_neither_info_nor_update_nor_a_session_timer_is_known(pinned: dict[str, Outcome]) -> None:
    outcome = pinned["requests"]
    statuses = {request["request"]: request["status"] for request in sip(outcome)["requests"]}
    assert statuses == {"INFO": 405, "UPDATE": 405, "INVITE sendonly": 200, "INVITE sendrecv": 200}, outcome.printed
    assert "session-expires" not in sip(outcome)["answer"].lower()


def test_a_large_invite_over_udp_is_one_call(extension: Extension, pinned: dict[str, Outcome]) -> None:
    assert pinned
    before = extension.logs.count("Call answered")
    outcome = extension.call(*IDENTITY, *ROUTES, "--silent", "--ring-timeout", "20")
    assert sip(outcome)["status"] == 200, outcome.printed
    extension.until(lambda: extension.is_idle, "idle")
    assert extension.logs.count("Call answered") == before + 1
