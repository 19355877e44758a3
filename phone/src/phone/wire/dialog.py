"""The signalling of one outgoing call: from the INVITE to the final answer, and in the dialog until a BYE ends it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sipmessage import URI, CSeq, MediaType, Request, Response

from phone.wire import digest
from phone.wire.sip import Endpoint, UnreachableError, reply_to

if TYPE_CHECKING:
    from collections.abc import Callable

CANCEL_PATIENCE = 5.0  # s for the 487 after a CANCEL
BYE_PATIENCE = 4.0  # s; a gateway that died must not hold the phone for the 32 s of timer F
REQUEST_PATIENCE = 4.0  # s, for any other request during the call
TRYING = 100


class NotAnsweredError(Exception):
    """The call was not answered. `status` is the SIP status, None if no final one came.

    `answer` is a 200 that this phone cannot use, as text.
    """

    def __init__(self, status: int | None, phrase: str, rang: bool = False, answer: str = "") -> None:
        super().__init__(phrase)
        self.status, self.phrase, self.rang, self.answer = status, phrase, rang, answer


@dataclass(frozen=True)
class Target:
    """Who is called, and who calls. Header values are sent as they are, malformed ones too."""

    gateway: tuple[str, int]
    to: str
    caller: str = "+15555550123"
    from_host: str | None = None  # default: our own address
    listen_address: str | None = None
    no_marker: bool = False  # on the first RTP packet, and on the first one of each key
    credentials: digest.Credentials | None = None
    headers: tuple[tuple[str, str], ...] = ()
    to_header: str | None = None  # in place of the number that is dialled
    from_header: str | None = None  # in place of `caller` and `from_host`; its tag is added
    offer: str | None = None  # a session description; {address} and {port} stand for our own, "" is none


@dataclass
class Progress:
    """Loop times of what the far end did."""

    invited: float = 0.0
    invited_at: float = 0.0  # time.time() at that moment
    rang: float | None = None
    answered: float | None = None
    statuses: list[int] = field(default_factory=list)


class Dialog:
    """The signalling of one call. `on_bye` is called once, when the far end hangs up."""

    def __init__(self, target: Target, endpoint: Endpoint, on_bye: Callable[[], None]) -> None:
        self.target, self.endpoint, self.progress = target, endpoint, Progress()
        self._on_bye = on_bye
        self._call_id = secrets.token_hex(12)
        self._tag = secrets.token_hex(6)
        self._cseq = 0
        self._offer = b""
        self._ack: Request | None = None
        self._final: Response | None = None
        self._open = False

    @classmethod
    async def prepare(cls, target: Target, on_bye: Callable[[], None]) -> Dialog:
        """Open the socket; nothing is sent. Raises NotAnsweredError for a host name without an address."""
        host, port = target.gateway
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise NotAnsweredError(None, f"the host name {host} has no address here ({error.strerror})") from error
        dialog: Dialog
        try:
            endpoint = await Endpoint.open(
                found[0][4][:2],  # type: ignore[arg-type]
                target.listen_address,
                lambda request: dialog._on_request(request),
                lambda response: dialog._on_stray(response),
            )
        except OSError as error:
            raise NotAnsweredError(None, f"no way to {host} from here ({error.strerror})") from error
        dialog = cls(target, endpoint, on_bye)
        return dialog

    async def invite(self, offer: bytes, ring_timeout: float) -> Response:
        """Call, answer one challenge, acknowledge the 2xx and return it. Raises NotAnsweredError."""
        self._offer = offer
        self.progress.invited, self.progress.invited_at = asyncio.get_running_loop().time(), time.time()
        response = await self._attempt(self._invite_request(), ring_timeout)
        if response.code in (401, 407) and self.target.credentials:
            response = await self._attempt(self._invite_request(challenged_by=response), ring_timeout)
        if response.code >= 300:
            raise NotAnsweredError(response.code, response.phrase, self.progress.rang is not None)
        return response

    async def bye(self) -> bool:
        """Hang up, and return whether the far end confirmed it. Nothing is sent when the far end hung up first."""
        if not self._open:
            return True
        self._open = False
        return await self._answer_to(self._request("BYE", next_cseq=True), BYE_PATIENCE) is not None

    async def reinvite(self, offer: bytes) -> int | None:
        """Offer anew during the call, and return the status of the answer, None if none came."""
        self._offer, before = offer, self._final
        invite = self._invite_request()
        response = await self._answer_to(invite, REQUEST_PATIENCE)
        if response is None:
            return None
        self._settle(invite, response)
        if response.code >= 300:
            self._final = before
        return response.code

    async def request(self, method: str, content_type: str = "", body: bytes = b"") -> int | None:
        """Send any other request during the call, and return the status of the answer, None if none came."""
        request = self._request(method, next_cseq=True)
        request.headers.set("Contact", self._contact())
        if content_type:
            request.headers.set("Content-Type", content_type)
            request.body = body
        response = await self._answer_to(request, REQUEST_PATIENCE)
        return response.code if response else None

    async def _answer_to(self, request: Request, patience: float) -> Response | None:
        """Send a request other than the first INVITE, and return its answer, None if none comes within `patience` s."""
        try:
            return await self.endpoint.transact(request, patience)
        except (TimeoutError, UnreachableError):
            return None

    async def _attempt(self, request: Request, ring_timeout: float) -> Response:
        try:
            response = await self.endpoint.transact(request, ring_timeout, self._note)
        except TimeoutError as error:
            await self._cancel(request)
            rang = self.progress.rang is not None
            state = "rang" if rang else "was tried" if self.progress.statuses else "no SIP answer at all"
            raise NotAnsweredError(None, f"{state} for {ring_timeout:g} s", rang) from error
        except UnreachableError as error:
            raise NotAnsweredError(None, f"nothing listens there ({error})") from error
        except asyncio.CancelledError:
            await self._cancel(request)
            raise
        self._settle(request, response)
        return response

    def _note(self, response: Response) -> None:
        self.progress.statuses.append(response.code)
        if response.code > TRYING and self.progress.rang is None:
            self.progress.rang = asyncio.get_running_loop().time()

    def _settle(self, invite: Request, final: Response) -> None:
        """ACK the final response: a 2xx opens the dialog, anything else ends the transaction."""
        self._final = final
        accepted = final.code < 300
        if accepted:
            self.progress.answered = self.progress.answered or asyncio.get_running_loop().time()
            self._open = True
        self._ack = self._request("ACK", cseq=invite.cseq.sequence)
        self._ack.headers.set("To", final.headers["To"])
        if not accepted:
            self._ack.via = invite.via[:1]  # the ACK to a failure belongs to the INVITE's transaction
            self._ack.uri = invite.uri
        for name in ("Authorization", "Proxy-Authorization"):
            if value := invite.headers.get(name):
                self._ack.headers.set(name, value)
        self.endpoint.send(self._ack)

    async def _cancel(self, invite: Request) -> None:
        """Send CANCEL, then take what comes: a 487, or a 200 that crossed it, which is acknowledged and hung up."""
        if not self.progress.statuses:
            return  # section 9.1: not before a provisional response; the far end would not know what it cancels
        cancel = Request("CANCEL", invite.uri)
        cancel.via = invite.via[:1]
        for name in ("From", "To", "Call-ID"):
            cancel.headers.set(name, invite.headers[name])
        cancel.cseq = CSeq(invite.cseq.sequence, "CANCEL")
        cancel.max_forwards = 70
        self._ack = None
        await self._answer_to(cancel, CANCEL_PATIENCE)
        for _ in range(20):  # the INVITE's own final response follows the CANCEL's
            if self._ack is not None:
                break
            await asyncio.sleep(0.05)
        await self.bye()

    def _on_stray(self, response: Response) -> None:
        """Handle a final response to an INVITE that was sent again or that came after the CANCEL."""
        if response.call_id != self._call_id or response.cseq.method != "INVITE" or response.code < 200:
            return
        if self._ack is not None:
            self.endpoint.send(self._ack)
        else:
            invite = self._request("INVITE", cseq=response.cseq.sequence)
            invite.via = response.via[:1]
            self._settle(invite, response)

    def _on_request(self, request: Request) -> None:
        if request.method == "ACK":
            return
        if request.method != "OPTIONS" and request.call_id != self._call_id:
            self.endpoint.send(reply_to(request, 481, "Call/Transaction Does Not Exist"))
        elif request.method == "INVITE":
            response = reply_to(request, 200, "OK", self._offer)
            response.headers.set("Contact", self._contact())
            self.endpoint.send(response)
        elif request.method in ("BYE", "OPTIONS", "INFO", "UPDATE", "NOTIFY"):
            self.endpoint.send(reply_to(request, 200, "OK"))
        else:
            self.endpoint.send(reply_to(request, 501, "Not Implemented"))
        if request.method == "BYE" and request.call_id == self._call_id and self._open:
            self._open = False
            self._on_bye()

    def _invite_request(self, challenged_by: Response | None = None) -> Request:
        request = self._request("INVITE", next_cseq=True)
        request.headers.set("Contact", self._contact())
        request.headers.set("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY")
        if challenged_by and self.target.credentials:
            self._authorise(request, challenged_by, self.target.credentials)
        for name, value in self.target.headers:
            request.headers.add(name, value)
        if self._offer:
            request.content_type = MediaType.parse("application/sdp")
            request.body = self._offer
        return request

    def _authorise(self, request: Request, response: Response, credentials: digest.Credentials) -> None:
        challenge = response.headers.get("WWW-Authenticate" if response.code == 401 else "Proxy-Authenticate")
        try:
            given = digest.answer(challenge or "", credentials, "INVITE", str(request.uri))
        except ValueError as error:
            raise NotAnsweredError(response.code, f"{response.phrase}: {error}") from error
        if response.code == 401:
            request.authorization = given
        else:
            request.proxy_authorization = given

    def _request(self, method: str, *, next_cseq: bool = False, cseq: int = 0) -> Request:
        """Return a request of this dialog, or the one that opens it. Sequence numbers: RFC 3261 section 12.2.1.1."""
        if next_cseq:
            self._cseq += 1
            cseq = self._cseq
        request = Request(method, self._remote_target())
        request.via = [self.endpoint.new_via()]
        request.max_forwards = 70
        host = self.target.from_host or self.endpoint.address[0]
        # Written as text, not through the library's types, because a test may put anything in the place of the host.
        sender = self.target.from_header or f"<sip:{self.target.caller}@{host}>"
        request.headers.set("From", f"{sender};tag={self._tag}")
        accepted = self._final if self._final and self._final.code < 300 else None
        request.headers.set(
            "To", accepted.headers["To"] if accepted else self.target.to_header or f"<{self._dialled()}>"
        )
        request.call_id = self._call_id
        request.cseq = CSeq(cseq, method)
        request.user_agent = "landline-phone"
        if accepted and accepted.record_route:
            request.route = accepted.record_route[::-1]
        return request

    def _remote_target(self) -> URI:
        if self._final is None or self._final.code >= 300:
            return self._dialled()
        try:
            return self._final.contact[0].uri
        except (ValueError, IndexError):
            return self._dialled()  # a Contact that cannot be read: the peer knows the dialog by its tags

    def _dialled(self) -> URI:
        host, port = self.target.gateway
        return URI("sip", host, user=self.target.to, port=port)

    def _contact(self) -> str:
        host, port = self.endpoint.address
        return f"<sip:{self.target.caller}@{host}:{port}>"
