"""Finds the values of `.env` that the calling shell's environment has replaced.

Compose prefers an exported variable to the same variable in `.env`, so `docker compose up -d` could start with a
key from the shell. `make up` writes checksums of the values in `.env` into ENV_CHECKSUMS; this module compares them.
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT_URL = "ws://livekit:7880"  # what compose.yaml fills in when LIVEKIT_URL is empty
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def find_overrides(environment: Mapping[str, str], secrets: Path) -> Iterator[str]:
    """Yield a sentence for each variable whose value differs from the one in `.env`; it shows neither value."""
    for entry in environment.get("ENV_CHECKSUMS", "").split():
        name, _, expected = entry.partition("=")
        if name == "LIVEKIT_URL" and expected == checksum(b"") and environment.get(name) == DEFAULT_URL:
            continue
        if checksum(read_value(name, environment, secrets)) != expected:
            yield (
                f"{name}: the calling shell exports a value other than the one in .env, or .env was edited after "
                f"`make up`; run `unset {name}` in that shell, or run `make up`, which uses .env alone"
            )


def read_value(name: str, environment: Mapping[str, str], secrets: Path) -> bytes:
    """Read the value that Compose gave this container: a secret's file, else the environment."""
    file = secrets / name.lower()
    return file.read_bytes().removesuffix(b"\n") if file.is_file() else environment.get(name, "").encode()


def checksum(value: bytes) -> str:
    """Compute what `printf '%s\\n' "$value" | cksum | cut -d ' ' -f 1` prints.

    POSIX's CRC is zlib's with the bits of each byte reversed, a register that begins with 0, and the length after
    the data.
    """
    data = value + b"\n"
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "little")
    crc = zlib.crc32((data + length).translate(REVERSED), 0xFFFFFFFF)
    return str(int(f"{crc:032b}"[::-1], 2))
