"""Sends INVITEs from any address of its container, and says how each is answered. It needs the standard library alone.

`invites.py ADDRESS…` gives its interface these addresses, which takes NET_ADMIN, and reads JSON, one object a row:

    {"invite": [{"id": …, "address": …, "caller": …, "dialled": …, "host": …}, …], "gateway": [HOST, PORT]}
    {"look": true}    answered with {ID: {"status": the last status, "quiet": seconds since the last answer}, …}
    {"end": true}     cancels or hangs up what is left, and forgets it; answered with {} when that is done

A status of 0 means that nothing has come back.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import json
import re
import secrets
import socket
import struct
import sys
import time
from typing import Any, cast

SET_ADDRESS = 0x8916  # ioctl SIOCSIFADDR
SENT_AGAIN_AFTER = (0.5, 1.0, 2.0)  # seconds, while nothing at all has come back
ENDS_WITHIN = 5.0
APART = 0.15  # between the beginnings of calls; the gateway gives the server three seconds to decide about each
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


class Invite(asyncio.DatagramProtocol):
    def __init__(self, asked: dict[str, str], gateway: tuple[str, int]) -> None:
        self.asked, self.gateway = asked, gateway
        self.status = 0
        self.answered_at = time.monotonic()
        self.is_over = asyncio.Event()
        self._branch, self._tag = f"z9hG4bK{secrets.token_hex(8)}", secrets.token_hex(4)
        self._to_tag = ""
        self._contact = ""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._port = transport.get_extra_info("sockname")[1]
        task = asyncio.get_running_loop().create_task(self._invite())
        self._tasks.add(task)

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        text = data.decode("utf-8", "replace")
        if not text.startswith("SIP/2.0 "):
            self._agree(text, address)
            return
        status, method = int(text[8:11]), _header(text, "CSeq").split()[-1]
        self.answered_at = time.monotonic()
        if method == "BYE":
            self.is_over.set()
        if method != "INVITE" or (self.status >= 200 and status < 200):
            return
        self.status = status
        found = re.search(r";tag=([^;\s]+)", _header(text, "To"))
        self._to_tag = f";tag={found[1]}" if found else ""
        if status >= 200:
            is_answer = status < 300
            if is_answer and (contact := re.search(r"<([^>]+)>", _header(text, "Contact"))):
                self._contact = contact[1]
            self._send("ACK", branch=f"{self._branch}a" if is_answer else self._branch)
            if not is_answer:
                self.is_over.set()

    async def end(self) -> None:
        """Cancel the call or hang up, and wait until the gateway has agreed; one that was dropped is let be."""
        if self.status in (0, 180, 183, 100) and not self.is_quiet:
            self._send("CANCEL")
        elif 200 <= self.status < 300:
            self._send("BYE", branch=f"{self._branch}b", number=2)
        else:
            self.is_over.set()
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await self.is_over.wait()
        except TimeoutError:
            pass
        for task in self._tasks:
            task.cancel()
        self._transport.close()

    @property
    def is_quiet(self) -> bool:
        return self.quiet > 3.0

    @property
    def quiet(self) -> float:
        return time.monotonic() - self.answered_at

    async def _invite(self) -> None:
        self._send("INVITE", body=SDP.format(address=self.asked["address"]))
        for seconds in SENT_AGAIN_AFTER:
            await asyncio.sleep(seconds)
            if self.status:
                return
            self._send("INVITE", body=SDP.format(address=self.asked["address"]))

    def _send(self, method: str, *, branch: str = "", number: int = 1, body: str = "") -> None:
        asked, host = self.asked, self.gateway[0]
        to = f"sip:{asked['dialled']}@{host}"
        caller = f"{asked['caller']}@" if asked["caller"] else ""
        lines = [
            f"{method} {(self._contact if method in ('ACK', 'BYE') else '') or to} SIP/2.0",
            f"Via: SIP/2.0/UDP {asked['address']}:{self._port};branch={branch or self._branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{caller}{asked['host']}>;tag={self._tag}",
            f"To: <{to}>{self._to_tag if method in ('ACK', 'BYE') else ''}",
            f"Call-ID: {asked['id']}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:caller@{asked['address']}:{self._port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._transport.sendto("\r\n".join([*lines, "", body]).encode(), self.gateway)

    def _agree(self, request: str, address: tuple[str | Any, int]) -> None:
        """Answer a request of the gateway's, such as its BYE."""
        copied = [row for row in request.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", row, re.IGNORECASE)]
        self._transport.sendto("\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]).encode(), address)
        if request.startswith("BYE "):
            self.is_over.set()


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def add_addresses(addresses: list[str], interface: str = "eth0") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for place, address in enumerate(addresses, 1):
            name = f"{interface}:{place}".encode()
            request = struct.pack("16sH2s4s8x", name, socket.AF_INET, b"", socket.inet_aton(address))
            fcntl.ioctl(any_socket, SET_ADDRESS, request)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    calls: dict[str, Invite] = {}
    while row := await reader.readline():
        command = json.loads(row)
        if "invite" in command:
            for asked in command["invite"]:
                make = functools.partial(Invite, asked, tuple(command["gateway"]))
                _, calls[asked["id"]] = await loop.create_datagram_endpoint(make, local_addr=(asked["address"], 0))
                await asyncio.sleep(APART)
        elif "end" in command:
            await asyncio.gather(*(call.end() for call in calls.values()))
            calls.clear()
        print(  # noqa: T201 - the answer
            json.dumps({id_: {"status": call.status, "quiet": call.quiet} for id_, call in calls.items()}), flush=True
        )


if __name__ == "__main__":
    add_addresses(sys.argv[1:])
    asyncio.run(serve())
