"""A call that the phone places: the INVITE, its answer, and what is done when there is none."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipmessage import URI, CSeq, Request, Response

from phone.wire import digest
from phone.wire.dialog import Dialog, NotAnsweredError, new_tag
from phone.wire.sip import Endpoint, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

CANCEL_PATIENCE = 5.0  # s for the 487 after a CANCEL
TRYING = 100


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


class OutgoingDialog(Dialog):
    """The signalling of a call that we place."""

    def __init__(self, target: Target, endpoint: Endpoint, on_bye: Callable[[], None]) -> None:
        super().__init__(endpoint, secrets.token_hex(12), on_bye)
        self.target = target
        host = target.from_host or endpoint.address[0]
        # Written as text, not through the library's types, because a test may put anything in the place of the host.
        self._local = f"{target.from_header or f'<sip:{target.caller}@{host}>'};tag={new_tag()}"
        self._remote_target = URI("sip", target.gateway[0], user=target.to, port=target.gateway[1])
        self._remote = target.to_header or f"<{self._remote_target}>"
        self._authorization: tuple[str, str] | None = None

    @classmethod
    async def prepare(cls, target: Target, on_bye: Callable[[], None]) -> OutgoingDialog:
        """Open the socket; nothing is sent. Raises NotAnsweredError for a host name without an address."""
        host, port = target.gateway
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise NotAnsweredError(None, f"the host name {host} has no address here ({error.strerror})") from error
        dialog: OutgoingDialog
        try:
            endpoint = await Endpoint.open(
                found[0][4][:2],  # type: ignore[arg-type]
                target.listen_address,
                lambda request: dialog.on_request(request),
                lambda response: dialog.on_stray(response),
            )
        except OSError as error:
            raise NotAnsweredError(None, f"no way to {host} from here ({error.strerror})") from error
        dialog = cls(target, endpoint, on_bye)
        return dialog

    async def invite(self, offer: bytes, ring_timeout: float) -> Response:
        """Call, answer one challenge, acknowledge the 2xx and return it. Raises NotAnsweredError."""
        self._sdp = offer
        self.progress.invited, self.progress.invited_at = asyncio.get_running_loop().time(), time.time()
        response = await self._attempt(self._invite_request(), ring_timeout)
        if response.code in (401, 407) and self.target.credentials:
            self._authorise(response, self.target.credentials)
            response = await self._attempt(self._invite_request(), ring_timeout)
        if response.code >= 300:
            raise NotAnsweredError(response.code, response.phrase, self.progress.rang is not None)
        return response

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

    def _acknowledge_again(self, response: Response) -> None:
        """Acknowledge a final response that came again, or, after a CANCEL, the first one."""
        if self._ack is None:
            invite = self._request("INVITE", cseq=response.cseq.sequence)
            invite.via = response.via[:1]
            self._settle(invite, response)
        else:
            super()._acknowledge_again(response)

    def _invite_request(self) -> Request:
        request = super()._invite_request()
        if self._authorization and not self._open:
            request.headers.set(*self._authorization)
        for name, value in self.target.headers:
            request.headers.add(name, value)
        return request

    def _authorise(self, response: Response, credentials: digest.Credentials) -> None:
        asked, given = (
            ("WWW-Authenticate", "Authorization")
            if response.code == 401
            else ("Proxy-Authenticate", "Proxy-Authorization")
        )
        try:
            answer = digest.answer(response.headers.get(asked) or "", credentials, "INVITE", str(self._remote_target))
        except ValueError as error:
            raise NotAnsweredError(response.code, f"{response.phrase}: {error}") from error
        self._authorization = (given, str(answer))

    def _user(self) -> str:
        return self.target.caller
