"""Session descriptions (RFC 4566): the audio that we offer or accept, and where the far end wants it sent."""

from __future__ import annotations

from dataclasses import dataclass

from phone.wire import g711

TELEPHONE_EVENT = 101


class NoCommonAudioError(ValueError):
    """The far end's description has no audio that this phone can speak."""


@dataclass(frozen=True)
class Answer:
    """What the far end's description says about audio."""

    address: str
    port: int
    payload_type: int  # g711.ULAW or g711.ALAW
    telephone_event: int | None  # payload type of RFC 4733 key presses


def offer(address: str, port: int, session: int, version: int = 0, direction: str = "sendrecv") -> bytes:
    """Return an offer; `direction` is sendonly when we put the far end on hold. Each offer has a higher version."""
    return _description(address, port, session + version, session, (g711.ULAW, g711.ALAW), TELEPHONE_EVENT, direction)


def accept(their: Answer, address: str, port: int, session: int) -> bytes:
    """Return our answer to a far end's offer: the one codec that both use, and key presses if it offered them."""
    return _description(address, port, session, session, (their.payload_type,), their.telephone_event, "sendrecv")


def _description(
    address: str, port: int, version: int, session: int, codecs: tuple[int, ...], events: int | None, direction: str
) -> bytes:
    formats = [*codecs] + ([] if events is None else [events])
    rows = [
        "v=0",
        f"o=phone {session} {version} IN IP4 {address}",
        "s=call",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(map(str, formats))}",
        *(f"a=rtpmap:{codec} {g711.NAMES[codec]}/8000" for codec in codecs),
    ]
    if events is not None:
        rows += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]
    rows += ["a=ptime:20", f"a={direction}"]
    return "".join(row + "\r\n" for row in rows).encode()


def parse_answer(body: bytes) -> Answer:
    """Read an answer, or an offer. Raises NoCommonAudioError, which says what was found."""
    address = ""
    audio: list[str] = []
    names: dict[str, str] = {}
    for row in body.decode("utf8", "replace").splitlines():
        kind, _, value = row.strip().partition("=")
        if kind == "m":
            if audio:
                break  # we offered one stream only
            audio = value.split() if value.startswith("audio ") else []
        elif kind == "c" and value.startswith("IN IP4 "):
            address = value.split()[2].partition("/")[0]
        elif kind == "a" and value.startswith("rtpmap:"):
            number, _, encoding = value.removeprefix("rtpmap:").partition(" ")
            names[number] = encoding.lower()
    if len(audio) < 4 or not audio[1].isdecimal() or audio[1] == "0" or audio[2] != "RTP/AVP":
        raise NoCommonAudioError(f"no plain RTP audio in the answer (its m=audio: {' '.join(audio) or 'none'})")
    common = [int(number) for number in audio[3:] if number in ("0", "8")]
    if not common:
        raise NoCommonAudioError(f"neither PCMU nor PCMA in the answer (payload types {' '.join(audio[3:])})")
    events = [int(number) for number in audio[3:] if names.get(number, "").startswith("telephone-event/")]
    return Answer(address, int(audio[1]), common[0], events[0] if events else None)
