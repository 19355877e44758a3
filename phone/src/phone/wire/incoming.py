"""Calls that come to the phone: a socket that takes INVITEs, and the signalling of each call."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sipmessage import URI, Message, Request, Response

from phone.wire import digest
from phone.wire.dialog import PHRASES, Dialog, new_tag
from phone.wire.sip import T1, T2, Endpoint, reply_to

if TYPE_CHECKING:
    from collections.abc import Callable

RINGING, TERMINATED = (180, "Ringing"), (487, "Request Terminated")
ACK_PATIENCE = 32.0  # s for the ACK to a final response (timer H)
REALM = "landline-phone"
USER = re.compile(r"sips?:(?P<user>[^@;>]+)@")

logger = logging.getLogger(__name__)


def own_network() -> ipaddress.IPv4Network:
    """Return the /24 around this machine's address, which is what the network of our containers is."""
    try:
        return ipaddress.IPv4Network(f"{_address_towards('192.0.2.1')}/24", strict=False)
    except OSError:  # no network but the loopback interface
        return ipaddress.IPv4Network("127.0.0.0/8")


def _address_towards(host: str) -> str:
    """Return the address of this machine from which a packet to `host` would be sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # nothing is sent
        return str(probe.getsockname()[0])


class Invitation:
    """An INVITE that came, and the responses to it. `at` is loop time, `at_clock` is in seconds since 1970."""

    def __init__(
        self,
        request: Request,
        peer: tuple[str, int],
        address: tuple[str, int],
        transport: asyncio.DatagramTransport,
    ) -> None:
        self.request, self.peer, self.address, self.transport = request, peer, address, transport
        self.at, self.at_clock = asyncio.get_running_loop().time(), time.time()
        self.local = f"{request.headers['To']};tag={new_tag()}"  # the To of every response
        self.withdrawn = asyncio.Event()  # by a CANCEL
        self.acknowledged = asyncio.Event()
        self.dialog: IncomingDialog | None = None
        self._latest: Response | None = None

    @property
    def called(self) -> str:
        """The number that was called."""
        return self.request.uri.user or ""

    @property
    def caller(self) -> str:
        """The number that is shown to us."""
        found = USER.search(self.request.headers["From"])
        return found["user"] if found else ""

    @property
    def is_concluded(self) -> bool:
        return self._latest is not None and self._latest.code >= 200

    def respond(self, code: int, phrase: str, body: bytes = b"", contact: str = "") -> None:
        response = reply_to(self.request, code, phrase, body)
        response.headers.set("To", self.local)
        if contact:
            response.headers.set("Contact", contact)
            response.headers.setlist("Record-Route", list(self.request.headers.getlist("Record-Route")))
        self._latest = response
        self.repeat()

    def repeat(self) -> None:
        if self._latest:
            _send(self.transport, self._latest, self.peer)

    async def conclude(self, code: int, phrase: str = "", body: bytes = b"", contact: str = "") -> bool:
        """Send a final response, again and again until its ACK comes; return whether it came."""
        self.respond(code, phrase or PHRASES.get(code, "Refused"), body, contact)
        interval, waited = T1, 0.0
        while waited < ACK_PATIENCE:
            try:
                async with asyncio.timeout(interval):
                    await self.acknowledged.wait()
            except TimeoutError:
                self.repeat()
                waited, interval = waited + interval, min(2 * interval, T2)
            else:
                return True
        return False

    def withdraw(self) -> None:
        """The caller gives up. It changes nothing about a call that was answered or refused already."""
        if not self.is_concluded:
            self.withdrawn.set()
            self.respond(*TERMINATED)


@dataclass(frozen=True)
class Expected:
    """A call that somebody waits for. `number` is what is called, None for any number."""

    number: str | None
    credentials: digest.Credentials | None  # that the far end must know
    invitation: asyncio.Future[Invitation]


class Listener(asyncio.DatagramProtocol):
    """The socket that takes INVITEs: each is given to the first who expects a call to its number.

    A call that nobody expects gets 404, and one from outside `network` gets 403. All calls use this one socket.
    """

    def __init__(self, network: ipaddress.IPv4Network) -> None:
        self._network = network
        self._expected: list[Expected] = []
        self._invitations: dict[str, Invitation] = {}  # by Call-ID
        self._nonce = secrets.token_hex(8)
        self._transport: asyncio.DatagramTransport
        self.address: tuple[str, int] = ("", 0)

    @classmethod
    async def open(cls, address: tuple[str, int], network: ipaddress.IPv4Network) -> Listener:
        _, listener = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(network), local_addr=address
        )
        return listener

    def expect(self, number: str | None, credentials: digest.Credentials | None = None) -> asyncio.Future[Invitation]:
        """Return the next call to this number."""
        expected = Expected(number, credentials, asyncio.get_running_loop().create_future())
        self._expected.append(expected)
        return expected.invitation

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        if not data.strip():
            return  # a keep-alive, RFC 5626
        try:
            message = Message.parse(data)
            known = self._invitations.get(message.call_id)
            if isinstance(message, Request):
                self._take(message, known, peer)
            elif known and known.dialog:
                known.dialog.endpoint.take(message)
        except (ValueError, KeyError, IndexError) as error:
            logger.warning("Dropped a SIP message that cannot be read: %s", type(error).__name__)

    def _take(self, request: Request, known: Invitation | None, peer: tuple[str, int]) -> None:
        if ipaddress.ip_address(peer[0]) not in self._network:
            if request.method != "ACK":
                self._refuse(request, 403, peer)
        elif request.method == "INVITE" and known and known.request.cseq == request.cseq:
            known.repeat()
        elif request.method == "INVITE" and (known is None or known.dialog is None):
            self._take_invite(request, peer)
        elif request.method == "ACK":
            if known:
                known.acknowledged.set()
        elif request.method == "CANCEL" and known:
            self._send(reply_to(request, 200, "OK"), peer)
            known.withdraw()
        elif known and known.dialog:
            known.dialog.on_request(request)
        elif request.method == "OPTIONS":
            self._send(reply_to(request, 200, "OK"), peer)
        else:
            self._send(reply_to(request, 481, "Call/Transaction Does Not Exist"), peer)

    def _take_invite(self, request: Request, peer: tuple[str, int]) -> None:
        self._expected = [one for one in self._expected if not one.invitation.done()]
        called = request.uri.user
        expected = next((one for one in self._expected if one.number in (None, called)), None)
        given = request.headers.get("Proxy-Authorization")
        if expected is None:
            self._refuse(request, 404, peer)
        elif expected.credentials and given is None:
            self._refuse(request, 407, peer, ("Proxy-Authenticate", digest.challenge(REALM, self._nonce)))
        elif expected.credentials and not digest.is_right(given or "", expected.credentials, "INVITE", self._nonce):
            self._refuse(request, 403, peer)
        else:
            local = (_address_towards(peer[0]), self.address[1])
            invitation = Invitation(request, peer, local, self._transport)
            self._invitations[request.call_id] = invitation
            expected.invitation.set_result(invitation)

    def _refuse(
        self, request: Request, code: int, peer: tuple[str, int], header: tuple[str, str] | None = None
    ) -> None:
        """Refuse without remembering it: an INVITE that comes again is refused again."""
        response = reply_to(request, code, PHRASES.get(code, "Proxy Authentication Required"))
        response.headers.set("To", f"{request.headers['To']};tag={self._nonce}")
        if header:
            response.headers.set(*header)
        self._send(response, peer)

    def _send(self, response: Response, peer: tuple[str, int]) -> None:
        _send(self._transport, response, peer)


def _send(transport: asyncio.DatagramTransport, response: Response, peer: tuple[str, int]) -> None:
    response.content_length = len(response.body)
    if not transport.is_closing():
        transport.sendto(bytes(response), peer)


class IncomingDialog(Dialog):
    """The signalling of a call that came to us."""

    def __init__(self, invitation: Invitation, on_bye: Callable[[], None]) -> None:
        endpoint = Endpoint(self.on_request, self.on_stray)
        endpoint.share(invitation.transport, invitation.address, invitation.peer)
        request = invitation.request
        super().__init__(endpoint, request.call_id, on_bye)
        self.invitation, invitation.dialog = invitation, self
        self.progress.invited, self.progress.invited_at = invitation.at, invitation.at_clock
        self._local, self._remote = invitation.local, request.headers["From"]
        try:
            self._remote_target = request.contact[0].uri
        except (ValueError, IndexError):
            self._remote_target = URI("sip", invitation.peer[0], port=invitation.peer[1])
        self._route = list(request.record_route)

    async def accept(self, answer: bytes) -> bool:
        """Answer the call, and return whether the far end acknowledged it."""
        self._sdp = answer
        self.progress.answered = asyncio.get_running_loop().time()
        self._open = True
        return await self.invitation.conclude(200, "OK", answer, self._contact())

    def on_request(self, request: Request) -> None:
        if request.method == "ACK":
            self.invitation.acknowledged.set()
        super().on_request(request)

    def _user(self) -> str:
        return self.invitation.called
