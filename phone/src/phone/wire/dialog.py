"""The signalling of one call that has been answered, whoever called: requests in both directions, until a BYE."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sipmessage import CSeq, Request, Response

from phone.wire.sip import Endpoint, UnreachableError, reply_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import URI, Address

BYE_PATIENCE = 4.0  # s; a gateway that died must not hold the phone for the 32 s of timer F
REQUEST_PATIENCE = 4.0  # s, for any other request during the call
REFERRED_AFTER = 0.5  # s between the 202 to a REFER and the NOTIFY that says how it ended
ALLOWED = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY"
PHRASES = {
    200: "OK",
    202: "Accepted",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    603: "Decline",
}


class NotAnsweredError(Exception):
    """The call was not answered. `status` is the SIP status, None if no final one came.

    `answer` is a 200 that this phone cannot use, as text.
    """

    def __init__(self, status: int | None, phrase: str, rang: bool = False, answer: str = "") -> None:
        super().__init__(phrase)
        self.status, self.phrase, self.rang, self.answer = status, phrase, rang, answer


@dataclass
class Progress:
    """Loop times of what happened to the INVITE, sent or received."""

    invited: float = 0.0
    invited_at: float = 0.0  # time.time() at that moment
    rang: float | None = None
    answered: float | None = None
    statuses: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class AnswerToRefer:
    """How a request to call somebody else (REFER) is answered. After a 202, a NOTIFY says that it ended in `outcome`.

    Nobody else is called: it is the trunk's affair, and the far end only learns how it went.
    """

    status: int = 501
    outcome: int | None = None


NO_REFERRALS = AnswerToRefer()


@dataclass(frozen=True)
class Referral:
    """A REFER that came: whom it named, and how it was answered. `at` is loop time."""

    to: str
    at: float
    status: int
    outcome: int | None


class Dialog:
    """The signalling of one call. `on_bye` is called once, when the far end hangs up."""

    def __init__(self, endpoint: Endpoint, call_id: str, on_bye: Callable[[], None]) -> None:
        self.endpoint, self.progress = endpoint, Progress()
        self.answer_to_refer = NO_REFERRALS
        self.referrals: list[Referral] = []
        self._on_bye = on_bye
        self._call_id = call_id
        self._cseq = 0
        self._sdp = b""  # our latest session description
        self._local, self._remote = "", ""  # From and To of our requests
        self._remote_target: URI
        self._route: list[Address] = []
        self._ack: Request | None = None
        self._open = False
        self._refer: tuple[int, asyncio.Task[None] | None] | None = None  # the latest one's CSeq, and its NOTIFYs

    async def bye(self) -> bool:
        """Hang up, and return whether the far end confirmed it. Nothing is sent when the far end hung up first."""
        if not self._open:
            return True
        self._open = False
        return await self._answer_to(self._request("BYE", next_cseq=True), BYE_PATIENCE) is not None

    async def reinvite(self, offer: bytes) -> int | None:
        """Offer anew during the call, and return the status of the answer, None if none came."""
        self._sdp = offer
        invite = self._invite_request()
        response = await self._answer_to(invite, REQUEST_PATIENCE)
        if response is None:
            return None
        self._settle(invite, response)
        return response.code

    async def request(
        self, method: str, content_type: str = "", body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> int | None:
        """Send any other request during the call, and return the status of the answer, None if none came."""
        request = self._request(method, next_cseq=True)
        request.headers.set("Contact", self._contact())
        for name, value in headers:
            request.headers.set(name, value)
        if content_type:
            request.headers.set("Content-Type", content_type)
            request.body = body
        response = await self._answer_to(request, REQUEST_PATIENCE)
        return response.code if response else None

    async def close(self) -> None:
        if self._refer and (task := self._refer[1]):
            task.cancel()
            await asyncio.wait([task])
        self.endpoint.close()

    def on_request(self, request: Request) -> None:
        """Answer a request of the far end."""
        if request.method == "ACK":
            return
        if request.method != "OPTIONS" and request.call_id != self._call_id:
            self.endpoint.send(reply_to(request, 481, "Call/Transaction Does Not Exist"))
        elif request.method == "INVITE":
            response = reply_to(request, 200, "OK", self._sdp)
            response.headers.set("Contact", self._contact())
            self.endpoint.send(response)
        elif request.method in ("BYE", "OPTIONS", "INFO", "UPDATE", "NOTIFY"):
            self.endpoint.send(reply_to(request, 200, "OK"))
        elif request.method == "REFER":
            self._take_refer(request)
        else:
            self.endpoint.send(reply_to(request, 501, "Not Implemented"))
        if request.method == "BYE" and request.call_id == self._call_id and self._open:
            self._open = False
            self._on_bye()

    def on_stray(self, response: Response) -> None:
        """Acknowledge again a final response to an INVITE that was sent again."""
        if response.call_id == self._call_id and response.cseq.method == "INVITE" and response.code >= 200:
            self._acknowledge_again(response)

    def _acknowledge_again(self, _: Response) -> None:
        if self._ack is not None:
            self.endpoint.send(self._ack)

    def _take_refer(self, request: Request) -> None:
        how = self.answer_to_refer
        if self._refer is None or self._refer[0] != request.cseq.sequence:
            now = asyncio.get_running_loop().time()
            self.referrals.append(Referral(request.headers.get("Refer-To") or "", now, how.status, how.outcome))
            notifies = self._report_referral(how.outcome) if how.outcome is not None else None
            self._refer = (request.cseq.sequence, asyncio.create_task(notifies) if notifies else None)
        response = reply_to(request, how.status, PHRASES.get(how.status, "Refused"))
        response.headers.set("Contact", self._contact())
        self.endpoint.send(response)

    async def _report_referral(self, outcome: int) -> None:
        """Tell the far end how its REFER goes, in the two NOTIFYs of RFC 3515 section 2.4.5."""
        await self._notify("active;expires=60", "100 Trying")
        await asyncio.sleep(REFERRED_AFTER)
        if self._open:
            await self._notify("terminated;reason=noresource", f"{outcome} {PHRASES.get(outcome, 'Refused')}")

    async def _notify(self, state: str, status: str) -> None:
        headers = (("Event", "refer"), ("Subscription-State", state))
        await self.request("NOTIFY", "message/sipfrag;version=2.0", f"SIP/2.0 {status}\r\n".encode(), headers)

    async def _answer_to(self, request: Request, patience: float) -> Response | None:
        """Send a request other than the first INVITE, and return its answer, None if none comes within `patience` s."""
        try:
            return await self.endpoint.transact(request, patience)
        except (TimeoutError, UnreachableError):
            return None

    def _settle(self, invite: Request, final: Response) -> None:
        """ACK the final response: a 2xx opens the dialog, anything else ends the transaction."""
        accepted = final.code < 300
        if accepted:
            self.progress.answered = self.progress.answered or asyncio.get_running_loop().time()
            self._open = True
            self._adopt(final)
        self._ack = self._request("ACK", cseq=invite.cseq.sequence)
        self._ack.headers.set("To", final.headers["To"])
        if not accepted:
            self._ack.via = invite.via[:1]  # the ACK to a failure belongs to the INVITE's transaction
            self._ack.uri = invite.uri
        for name in ("Authorization", "Proxy-Authorization"):
            if value := invite.headers.get(name):
                self._ack.headers.set(name, value)
        self.endpoint.send(self._ack)

    def _adopt(self, accepted: Response) -> None:
        """Take over from a 2xx to an INVITE of ours whom the dialog's requests are for, and by which way they go."""
        self._remote = accepted.headers["To"]
        with contextlib.suppress(ValueError, IndexError):  # a Contact that cannot be read: the peer knows the tags
            self._remote_target = accepted.contact[0].uri
        self._route = self._route or list(accepted.record_route[::-1])

    def _invite_request(self) -> Request:
        request = self._request("INVITE", next_cseq=True)
        request.headers.set("Contact", self._contact())
        request.headers.set("Allow", self._allowed())
        if self._sdp:
            request.headers.set("Content-Type", "application/sdp")
            request.body = self._sdp
        return request

    def _allowed(self) -> str:
        return ALLOWED if self.answer_to_refer.status == 501 else f"{ALLOWED}, REFER"

    def _request(self, method: str, *, next_cseq: bool = False, cseq: int = 0) -> Request:
        """Return a request of this dialog, or the one that opens it. Sequence numbers: RFC 3261 section 12.2.1.1."""
        if next_cseq:
            self._cseq += 1
            cseq = self._cseq
        request = Request(method, self._remote_target)
        request.via = [self.endpoint.new_via()]
        request.max_forwards = 70
        request.headers.set("From", self._local)
        request.headers.set("To", self._remote)
        request.call_id = self._call_id
        request.cseq = CSeq(cseq, method)
        request.user_agent = "landline-phone"
        if self._route:
            request.route = self._route
        return request

    def _contact(self) -> str:
        host, port = self.endpoint.address
        return f"<sip:{self._user()}@{host}:{port}>"

    def _user(self) -> str:
        """Return the number by which we are known in this call."""
        raise NotImplementedError


def new_tag() -> str:
    return secrets.token_hex(6)
