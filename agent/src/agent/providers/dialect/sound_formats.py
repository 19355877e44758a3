"""Which format a sound is in, told by its first bytes: servers label it as they like."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

RATE = 24_000  # Hz, of OpenAI's raw samples
PCM, WAV = "audio/pcm", "audio/wav"
DETECT = "audio/unknown"  # the decoder finds out
PEEK = 1500  # bytes; the longest MP3 frame has 1,441, and is recognized by the one after it
RAW = re.compile(r"audio/(?:x-)?(?:pcm|raw|l16|lpcm)\b")

MAGIC = {b"OggS": "audio/ogg", b"fLaC": "audio/flac", b"ID3": "audio/mpeg", b"\x1aE\xdf\xa3": "audio/webm"}
MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by MPEG version
MP3_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1, kbit/s
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


@dataclass(frozen=True, slots=True)
class RawSound:
    """How 16-bit samples without a header have to be read."""

    rate: int | None = None  # Hz; None: it is not said
    channels: int = 1

    def wav_header(self) -> bytes:
        """Return a header for a sound whose length is not known."""
        align, rate = 2 * self.channels, self.rate or RATE
        form = struct.pack("<IHHIIHH", 16, 1, self.channels, rate, rate * align, align, 16)
        return (
            struct.pack("<4sI4s4s", b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ")
            + form
            + struct.pack("<4sI", b"data", 0xFFFFFFFF)
        )


def container_of(head: bytes) -> str | None:
    """Return the media type of a sound that says itself what it is; None: these may be raw samples."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV if _is_plain_wav(head) else DETECT
    if head[:4] == b"FORM" or head[:4] == b".snd" or head[:4] == b"RF64":
        return DETECT
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    for magic, media_type in MAGIC.items():
        if head.startswith(magic):
            return media_type
    for length_of, media_type in ((_mp3_frame, "audio/mpeg"), (_aac_frame, "audio/aac")):
        length = length_of(head)
        if length and (len(head) < length + 4 or length_of(head[length:])):
            return media_type
    return None


def raw_sound(headers: Mapping[str, str]) -> RawSound:
    """Read rate and channels from the headers of a response: `audio/pcm;rate=16000;channels=1`, `X-Sample-Rate`."""
    told = ";".join([headers.get("content-type", ""), *(f"{name}={value}" for name, value in headers.items())]).lower()
    rate = re.search(r"(?<![\w-])(?:x-)?(?:audio-)?(?:sample[-_]?)?rate=\"?(\d{4,6})\b", told)
    channels = re.search(r"(?<![\w-])(?:x-)?(?:audio-)?(?:num[-_]?)?channels=\"?(\d)\b", told)
    return RawSound(int(rate[1]) if rate else None, int(channels[1]) if channels else 1)


def is_text(head: bytes) -> bool:
    """Whether these bytes are text, which no sound looks like, or nothing."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character was cut in two
            return False
        text = head[: error.start].decode("utf-8-sig")
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _is_plain_wav(head: bytes) -> bool:
    """Whether the sound is 16-bit samples of one channel."""
    if head[12:16] != b"fmt " or len(head) < 36:
        return False
    form, channels = struct.unpack_from("<HH", head, 20)
    return (form, channels, *struct.unpack_from("<H", head, 34)) == (1, 1, 16)


def _mp3_frame(head: bytes) -> int:
    """Return the length of the MP3 frame that begins here, in bytes; 0 if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate == 3 or bitrate in (0, 15):
        return 0
    bits = MP3_BITRATES[version == 3][bitrate] * 1000
    return (144 if version == 3 else 72) * bits // MP3_RATES[version][rate] + (head[2] >> 1 & 1)


def _aac_frame(head: bytes) -> int:
    """Return the length of the ADTS frame that begins here, in bytes; 0 if none does."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
