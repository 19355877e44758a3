"""A small SIP gateway on loopback for the phone to call: answers, speaks, listens, misbehaves on request.

It runs in a thread of its own and keeps time by the same monotonic clock as the phone, so that what it did and what
the phone measured can be compared.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from sipmessage import CSeq, Message, Parameters, Request, Response, Via

from phone.wire import g711
from phone.wire.rtp import Packet

if TYPE_CHECKING:
    from types import TracebackType

    import numpy.typing as npt

FRAME = 160


def tone(seconds: float, level: float = 0.15) -> npt.NDArray[np.int16]:
    """A sound loud enough to be speech: 440 Hz at -19 dBFS by default."""
    wave = np.sin(np.arange(round(seconds * 8000)) * 2 * np.pi * 440 / 8000)
    return np.asarray(wave * level * 32768, np.int16)


@dataclass
class Behaviour:
    answer_after: float = 0.1
    refuse: tuple[int, str] | None = None
    ring: bool = True
    answer: bool = True
    ignore_invites: int = 0  # the first so many are lost
    challenge: str | None = None  # a WWW-Authenticate value; any answer to it is let in
    final_repeats: int = 0  # the final response is sent again so many times
    answer_on_cancel: bool = False  # the 200 crosses the CANCEL
    sdp_address: str = "127.0.0.1"
    sdp: str | None = None  # body of the 200 instead of ours
    contact: str = "sip:gateway@203.0.113.9:5060"  # not reachable, like a public address from inside
    media: bool = True
    greeting: tuple[float, float] | None = (0.1, 0.3)  # s after the answer, length
    reply: tuple[float, float] | None = (0.3, 0.3)  # s after the caller's last sound, length
    replies: int = 1000
    yields_after: float | None = None  # s after the caller's first sound that the greeting stops
    hang_up_after: float | None = None
    answer_bye: bool = True
    reinvite: tuple[int, str] = (200, "OK")


@dataclass
class Gateway:
    behaviour: Behaviour = field(default_factory=Behaviour)
    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    answered_at: float | None = None
    speaking: list[tuple[float, float]] = field(default_factory=list)  # when each of our sounds was sent
    heard: list[tuple[float, Packet]] = field(default_factory=list)

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def first(self, method: str) -> Request:
        return next(request for request in self.requests if request.method == method)

    def send(self, method: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """A request of ours in the running dialog."""
        self._loop.call_soon_threadsafe(self._send_request, method, body, headers or {})

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._invite: Request | None = None
        self._media: asyncio.DatagramTransport | None = None
        self._sip, _ = await self._loop.create_datagram_endpoint(
            lambda: _Receiver(self._on_sip), local_addr=("127.0.0.1", 0)
        )
        self._port = self._sip.get_extra_info("sockname")[1]
        ready.set()
        await self._stop.wait()
        for task in self._tasks:
            task.cancel()
        self._sip.close()
        if self._media:
            self._media.close()

    def _on_sip(self, data: bytes, peer: tuple[str, int]) -> None:
        self._peer = peer
        message = Message.parse(data)
        if isinstance(message, Response):
            self.responses.append(message)
            return
        self.requests.append(message)
        if message.method == "INVITE":
            self._tasks.append(self._loop.create_task(self._take_invite(message)))
        elif message.method == "CANCEL":
            self._respond(message, 200, "OK")
            if self._invite and self.behaviour.answer_on_cancel:
                self._tasks.append(self._loop.create_task(self._answer(self._invite)))
            elif self._invite:
                self._respond(self._invite, 487, "Request Terminated")
        elif message.method == "BYE" and self.behaviour.answer_bye:
            self._respond(message, 200, "OK")
        elif message.method in ("INFO", "UPDATE"):
            self._respond(message, 405, "Method Not Allowed")
        elif message.method == "NOTIFY":
            self._respond(message, 200, "OK")

    async def _take_invite(self, invite: Request) -> None:
        how = self.behaviour
        if self.methods().count("INVITE") <= how.ignore_invites or not (how.ring or how.answer or how.refuse):
            return
        if self._invite and invite.cseq == self._invite.cseq:
            return
        if self._media:
            self._respond(invite, *how.reinvite, self._sdp.encode())
            return
        self._invite = invite
        self._respond(invite, 100, "Trying")
        if how.challenge and not invite.headers.get("Authorization"):
            self._respond(invite, 401, "Unauthorized", extra=("WWW-Authenticate", how.challenge))
            return
        if how.ring:
            self._respond(invite, 180, "Ringing")
        await asyncio.sleep(how.answer_after)
        if how.refuse:
            self._respond(invite, *how.refuse)
        elif how.answer:
            await self._answer(invite)

    async def _answer(self, invite: Request) -> None:
        how = self.behaviour
        self._media, _ = await self._loop.create_datagram_endpoint(
            lambda: _Receiver(self._on_media), local_addr=("127.0.0.1", 0)
        )
        port = self._media.get_extra_info("sockname")[1]
        sdp = how.sdp or (
            f"v=0\r\no=- 1 1 IN IP4 {how.sdp_address}\r\ns=-\r\nc=IN IP4 {how.sdp_address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        self._sdp = sdp
        self._replied_to = self._first_sound = self._last_sound = 0.0
        self.answered_at = time.monotonic()
        for _ in range(1 + how.final_repeats):
            self._respond(invite, 200, "OK", sdp.encode())
        if how.media:
            caller = next(line for line in invite.body.decode().splitlines() if line.startswith("m=audio"))
            self._tasks.append(self._loop.create_task(self._speak(("127.0.0.1", int(caller.split()[1])))))
        if how.hang_up_after is not None:
            await asyncio.sleep(how.hang_up_after)
            self._send_request("BYE")

    async def _speak(self, caller: tuple[str, int]) -> None:
        """A packet every 20 ms: silence, the greeting, and an answer after each time the caller fell silent."""
        began, beat, replies = time.monotonic(), 0, 0
        how = self.behaviour
        plan = [(began + how.greeting[0], how.greeting[1])] if how.greeting else []
        while self._media:
            now = began + beat * 0.02
            await asyncio.sleep(now - time.monotonic())
            quiet = self._last_sound and now - self._last_sound > 0.2
            if how.reply and quiet and self._last_sound > self._replied_to and replies < how.replies:
                self._replied_to = self._last_sound
                plan.append((self._last_sound + how.reply[0], how.reply[1]))
                replies += 1
            if how.yields_after and self._first_sound and len(plan) == 1:
                plan = [(plan[0][0], self._first_sound + how.yields_after - plan[0][0])]
            loud = any(start <= now < start + length - 0.001 for start, length in plan)
            if loud and (not self.speaking or now - self.speaking[-1][1] > 0.021):
                self.speaking.append((time.monotonic(), now))
            elif loud:
                self.speaking[-1] = (self.speaking[-1][0], now)
            pcm = tone(0.02) if loud else np.zeros(FRAME, np.int16)
            packet = Packet(0, beat % 65536, beat * FRAME, 7, g711.encode(pcm, 0))
            self._media.sendto(bytes(packet), caller)
            beat += 1

    def _on_media(self, data: bytes, _: tuple[str, int]) -> None:
        now, packet = time.monotonic(), Packet.parse(data)
        self.heard.append((now, packet))
        if packet.payload_type == 0 and np.abs(g711.decode(packet.payload, 0).astype(int)).max() > 1000:
            self._last_sound = now
            self._first_sound = self._first_sound or now

    def _respond(
        self, request: Request, code: int, phrase: str, body: bytes = b"", extra: tuple[str, str] | None = None
    ) -> None:
        response = Response(code, phrase, body)
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            response.headers.setlist(name, list(request.headers.getlist(name)))
        if code > 100 and ";tag=" not in response.headers["To"]:
            response.headers.set("To", response.headers["To"] + f";tag=far-end-{code}")
        response.headers.set("Contact", f"<{self.behaviour.contact}>")
        if extra:
            response.headers.set(*extra)
        response.content_length = len(body)
        self._sip.sendto(bytes(response), self._peer)

    def _send_request(self, method: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        assert self._invite
        request = Request(method, self._invite.uri, body)
        request.via = [Via("UDP", "127.0.0.1", self._port, Parameters(branch=f"z9hG4bK{time.monotonic_ns()}"))]
        request.headers.set("From", self._invite.headers["To"] + ";tag=far-end-200")
        request.headers.set("To", self._invite.headers["From"])
        request.call_id = self._invite.call_id
        request.cseq = CSeq(1, method)
        for name, value in (headers or {}).items():
            request.headers.set(name, value)
        request.content_length = len(body)
        self._sip.sendto(bytes(request), self._peer)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, receive: object) -> None:
        self.datagram_received = receive  # type: ignore[assignment,method-assign]
