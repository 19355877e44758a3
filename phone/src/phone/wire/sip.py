"""SIP over UDP (RFC 3261): one socket that exchanges messages with one peer, and its client transactions.

The peer is treated as an outbound proxy: whatever its Contact or Via says, everything goes to the address that was
dialled, and messages from other addresses are ignored. A Contact may name a public address that cannot be reached from
inside.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from sipmessage import Message, Parameters, Request, Response, Via

if TYPE_CHECKING:
    from collections.abc import Callable

T1, T2 = 0.5, 4.0  # s: first retransmission, longest interval between two of a non-INVITE (section 17.1)
BRANCH_COOKIE = "z9hG4bK"

logger = logging.getLogger(__name__)


class UnreachableError(Exception):
    """Nothing listens where the request was sent."""


class Endpoint(asyncio.DatagramProtocol):
    """A call's end of the signalling, usually with a socket of its own, which is connected with the peer.

    `on_request` gets requests, `on_stray` gets responses that no transaction waits for.
    """

    def __init__(self, on_request: Callable[[Request], None], on_stray: Callable[[Response], None]) -> None:
        self._on_request, self._on_stray = on_request, on_stray
        self._waiting: dict[tuple[str, str], asyncio.Queue[Response | UnreachableError]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._shares = False
        self.address: tuple[str, int] = ("", 0)
        self.peer: tuple[str, int] = ("", 0)

    @classmethod
    async def open(
        cls,
        peer: tuple[str, int],
        local_address: str | None,
        on_request: Callable[[Request], None],
        on_stray: Callable[[Response], None],
    ) -> Endpoint:
        local = (local_address, 0) if local_address else None
        _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(on_request, on_stray), local_addr=local, remote_addr=peer
        )
        return endpoint

    def share(self, transport: asyncio.DatagramTransport, address: tuple[str, int], peer: tuple[str, int]) -> None:
        """Use a socket that other calls use too; whoever reads from it gives us our messages (`take`)."""
        self._transport, self._shares = transport, True
        self.address, self.peer = address, peer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[:2]
        self.peer = transport.get_extra_info("peername")[:2]

    def close(self) -> None:
        if self._transport and not self._shares:
            self._transport.close()

    def send(self, message: Request | Response) -> None:
        message.content_length = len(message.body)
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(bytes(message), self.peer if self._shares else None)

    def new_via(self) -> Via:
        branch = BRANCH_COOKIE + secrets.token_hex(8)
        return Via("UDP", *self.address, Parameters(branch=branch, rport=None))

    async def transact(
        self, request: Request, patience: float, on_provisional: Callable[[Response], None] = lambda _: None
    ) -> Response:
        """Send the request, repeat it until something comes back, and return the final response.

        Raises TimeoutError after `patience` seconds without one, UnreachableError at once when the peer's host says
        that nothing listens.
        """
        loop = asyncio.get_running_loop()
        key = (request.via[0].parameters["branch"] or "", request.method)
        queue = self._waiting[key] = asyncio.Queue()
        deadline, interval, repeat = loop.time() + patience, T1, True
        try:
            self.send(request)
            while True:
                left = deadline - loop.time()
                try:
                    async with asyncio.timeout(min(left, interval) if repeat else left):
                        response = await queue.get()
                except TimeoutError:
                    if loop.time() >= deadline:
                        raise
                    self.send(request)
                    # Timer A doubles without end, timer E stops doubling at T2.
                    interval = interval * 2 if request.method == "INVITE" else min(interval * 2, T2)
                    continue
                if isinstance(response, UnreachableError):
                    raise response
                if response.code >= 200:
                    return response
                on_provisional(response)
                repeat = request.method != "INVITE"
        finally:
            self._waiting.pop(key, None)

    def datagram_received(self, data: bytes, _: object) -> None:
        if not data.strip():
            return  # a keep-alive, RFC 5626
        try:
            self.take(Message.parse(data))
        except (ValueError, KeyError, IndexError) as error:
            logger.warning("Dropped a SIP message that cannot be read: %s", type(error).__name__)

    def take(self, message: Message) -> None:
        if isinstance(message, Response):
            self._take_response(message)
        elif isinstance(message, Request):
            self._on_request(message)

    def error_received(self, error: Exception) -> None:
        for queue in self._waiting.values():
            queue.put_nowait(UnreachableError(str(error)))

    def _take_response(self, response: Response) -> None:
        key = (response.via[0].parameters.get("branch") or "", response.cseq.method)
        # Only the first final response is the transaction's; one sent again must be acknowledged again.
        queue = self._waiting.get(key) if response.code < 200 else self._waiting.pop(key, None)
        if queue:
            queue.put_nowait(response)
        else:
            self._on_stray(response)


def reply_to(request: Request, code: int, phrase: str, body: bytes = b"") -> Response:
    """Return a response with the headers that RFC 3261 section 8.2.6.2 copies from the request."""
    response = Response(code, phrase, body)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        response.headers.setlist(name, list(request.headers.getlist(name)))
    if body:
        response.headers.set("Content-Type", "application/sdp")
    return response
