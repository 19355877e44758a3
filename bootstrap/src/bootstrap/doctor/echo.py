"""Answers UDP packets in the gateway's network, on one of the ports for audio that no call uses.

`python -m bootstrap.doctor.echo 10000-10099` prints `AUDIO_PROBE=<port>` when it listens, and ends by itself after
two minutes. An answer goes only to whoever knows MAGIC, and is as long as the question, so it amplifies nothing.
"""

import socket
import sys
import time

MAGIC = b"landline doctor "
LISTENS_FOR = 120.0  # seconds
LONGEST = 64  # bytes


def main(ports: str, seconds: float = LISTENS_FOR) -> int:
    """Listen on the highest free port of `first-last`; return 1 if none is free."""
    first, _, last = ports.partition("-")
    for port in range(int(last), int(first) - 1, -1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            try:
                listener.bind(("", port))
            except OSError:
                continue
            print(f"AUDIO_PROBE={port}", flush=True)  # noqa: T201 - for the host's shell
            answer(listener, time.monotonic() + seconds)
            return 0
    return 1


def answer(listener: socket.socket, until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            packet, sender = listener.recvfrom(2048)
        except TimeoutError:
            return
        if packet.startswith(MAGIC) and len(packet) <= LONGEST:
            listener.sendto(packet, sender)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
