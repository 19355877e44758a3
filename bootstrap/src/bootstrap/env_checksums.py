"""Tells when the calling shell's environment has replaced a value of `.env`.

Compose prefers an exported variable to the same variable in `.env`, so `docker compose up -d` could start with a
key of the shell's. `make up` writes the checksums of the values in `.env` into ENV_CHECKSUMS; they are compared here.
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT_URL = "ws://livekit:7880"  # what compose.yaml fills in when LIVEKIT_URL is empty
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def find_overrides(environment: Mapping[str, str], secrets: Path) -> Iterator[str]:
    """Yield one sentence for each variable that has another value here than in `.env`, without either value."""
    for entry in environment.get("ENV_CHECKSUMS", "").split():
        name, _, expected = entry.partition("=")
        if name == "LIVEKIT_URL" and expected == checksum(b"") and environment.get(name) == DEFAULT_URL:
            continue
        if checksum(read_value(name, environment, secrets)) != expected:
            yield (
                f"{name}: the calling shell exports another value than .env has, or .env was edited after `make up`; "
                f"run `unset {name}` in that shell, or run `make up`, which uses .env alone"
            )


def read_value(name: str, environment: Mapping[str, str], secrets: Path) -> bytes:
    """Read the value that Compose gave this container: a secret's file, else the environment."""
    file = secrets / name.lower()
    return file.read_bytes().removesuffix(b"\n") if file.is_file() else environment.get(name, "").encode()


def checksum(value: bytes) -> str:
    """Compute what `printf '%s\\n' "$value" | cksum | cut -d ' ' -f 1` prints.

    POSIX's CRC is zlib's with the bits of each byte reversed, a register that begins with 0, and the length behind
    the data.
    """
    data = value + b"\n"
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "little")
    crc = zlib.crc32((data + length).translate(REVERSED), 0xFFFFFFFF)
    return str(int(f"{crc:032b}"[::-1], 2))
