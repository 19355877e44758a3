"""The WAV header in front of samples that are sent while they are made."""

import struct

UNKNOWN = 0xFFFFFFFF  # the length of a stream whose end is not known yet; players read on until it ends


def wav_header(sample_rate: int) -> bytes:
    """Return the header of a WAV stream of unknown length: 16-bit mono samples at `sample_rate` Hz follow."""
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", UNKNOWN)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", UNKNOWN)
    )
