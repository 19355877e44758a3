"""What a stranger finds who tries the ports of calls: `python -m tests.support.scan HOST SIP_PORT FIRST-LAST OTHERS`.

It asks the gateway for its OPTIONS over UDP and TCP, sends packets to each port for audio, and opens a connection to
each of OTHERS, which are separated by commas. It prints as JSON how many `bytes` came back from the ports of calls, and
which ports have answered (`reached`). It needs Python alone.
"""

from __future__ import annotations

import json
import socket
import sys
import time

PATIENCE = 2.0  # seconds


def scan(host: str, sip_port: int, audio: range, others: list[int]) -> dict[str, object]:
    over_udp = bytes_over_udp(host, [sip_port], options(host, "UDP"))
    over_tcp = bytes_over_tcp(host, sip_port, options(host, "TCP"))
    back = over_udp + (over_tcp or 0) + bytes_over_udp(host, list(audio), b"\x80\x00" + bytes(170))
    reached = [f"{port}/tcp" for port in others if bytes_over_tcp(host, port) is not None]
    reached += [f"{sip_port}/udp"] * bool(over_udp) + [f"{sip_port}/tcp"] * (over_tcp is not None)
    return {"bytes": back, "reached": sorted(reached)}


def options(host: str, transport: str) -> bytes:
    rows = (
        f"OPTIONS sip:scan@{host} SIP/2.0",
        f"Via: SIP/2.0/{transport} 192.0.2.1:9;rport;branch=z9hG4bK{time.monotonic_ns()}",
        "From: <sip:scan@192.0.2.1>;tag=s",
        f"To: <sip:scan@{host}>",
        f"Call-ID: {time.monotonic_ns()}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 1",
        "Content-Length: 0",
    )
    return "\r\n".join([*rows, "", ""]).encode()


def bytes_over_udp(host: str, ports: list[int], packet: bytes) -> int:
    """Send the packet to each port several times, since it may be lost, and count the bytes that come back."""
    found = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setblocking(False)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not found:
            for port in ports:
                one.sendto(packet, (host, port))
            time.sleep(0.2)
            try:
                found += len(one.recv(4096))
            except BlockingIOError:
                continue
    return found


def bytes_over_tcp(host: str, port: int, packet: bytes = b"") -> int | None:
    """Connect, send the packet, and count the bytes that come back; None if there is no connection."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as one:
            if not packet:
                return 0
            one.sendall(packet)
            return len(one.recv(4096))
    except OSError:
        return None


if __name__ == "__main__":
    first, _, last = sys.argv[3].partition("-")
    audio, connected = range(int(first), int(last) + 1), [int(port) for port in sys.argv[4].split(",")]
    print(json.dumps(scan(sys.argv[1], int(sys.argv[2]), audio, connected)))  # noqa: T201
