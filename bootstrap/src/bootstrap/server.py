"""The one module that talks to LiveKit, and the one retry policy."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from google.protobuf.message import DecodeError
from livekit import api
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

if TYPE_CHECKING:  # the watcher has no use for the modules that read settings
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from bootstrap.plan import Change
    from bootstrap.settings import ServerSettings

logger = logging.getLogger(__name__)
T = TypeVar("T")

ERRORS = (api.ServerError, aiohttp.ClientError, TimeoutError, DecodeError)  # that a request may end with


class ServerError(Exception):
    """The server could not be reached, or refused; one sentence that says what to do."""


class OvertakenError(Exception):
    """Somebody else changed the server between our look and our change: look again."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to keep asking a server, at most. Times are in seconds; `seconds` counts from the connection on."""

    attempts: int = 20
    seconds: float = 60
    request_seconds: float = 5
    longest_pause: float = 5


class Server:
    """A server's trunks and rules, and the rooms of its calls."""

    def __init__(self, client: api.LiveKitAPI, url: str, policy: RetryPolicy) -> None:
        self.sip, self.room, self.dispatch = client.sip, client.room, client.agent_dispatch
        self.url = url
        self.policy = policy
        self.begin_anew()

    def begin_anew(self) -> None:
        """Count the policy's seconds from now on."""
        self.deadline = time.monotonic() + self.policy.seconds

    async def trunks(self) -> list[Trunk]:
        return list((await self.within_bound(self.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()))).items)

    async def outbound_trunks(self) -> list[Outbound]:
        return list((await self.within_bound(self.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest()))).items)

    async def rules(self) -> list[Rule]:
        return list((await self.within_bound(self.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()))).items)

    async def rooms(self) -> list[api.Room]:
        return list((await self.within_bound(self.room.list_rooms(api.ListRoomsRequest()))).rooms)

    async def participants(self, room: str) -> list[api.ParticipantInfo]:
        """List who is in a room; nobody is in one that is gone."""
        request = api.ListParticipantsRequest(room=room)
        with gone_is_no_error():
            return list((await self.within_bound(self.room.list_participants(request))).participants)
        return []

    async def jobs(self, room: str, agent: str) -> frozenset[str]:
        """Return the ids of the jobs for which this agent was sent to a room, whether they go on or not."""
        with gone_is_no_error():
            dispatches = await self.within_bound(self.dispatch.list_dispatch(room))
            return frozenset(job.id for one in dispatches if one.agent_name == agent for job in one.state.jobs)
        return frozenset()

    async def was_asked_for(self, room: str, agent: str) -> bool:
        """Return whether this agent was asked for in a room, whether one has come or not."""
        with gone_is_no_error():
            dispatches = await self.within_bound(self.dispatch.list_dispatch(room))
            return any(one.agent_name == agent for one in dispatches)
        return False

    async def delete_room(self, room: str) -> bool:
        """Delete a room, which hangs up on whoever is in it; return whether it was there."""
        with gone_is_no_error():
            await self.within_bound(self.room.delete_room(api.DeleteRoomRequest(room=room)))
            return True
        return False

    async def apply(self, change: Change) -> None:
        """Make `change`; OvertakenError if the server has changed since it was looked at."""
        try:
            await self.within_bound(self.send(change))
        except api.ServerError as error:
            if error.code == api.ServerErrorCode.NOT_FOUND or is_conflict(error):
                raise OvertakenError(error.message) from error
            raise

    async def send(self, change: Change) -> None:
        # An update replaces everything: the server's update of single fields covers neither timeouts nor header names.
        match change.action, change.message:
            case "create", Trunk() as trunk:
                await self.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
            case "create", Outbound() as outbound:
                await self.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=outbound))
            case "create", Rule() as rule:
                await self.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))
            case "update", Trunk() as trunk:
                await self.sip.update_inbound_trunk(trunk.sip_trunk_id, trunk)
            case "update", Outbound() as outbound:
                await self.sip.update_outbound_trunk(outbound.sip_trunk_id, outbound)
            case "update", Rule() as rule:
                await self.sip.update_dispatch_rule(rule.sip_dispatch_rule_id, rule)
            case "delete", Trunk() | Outbound() as trunk:
                await self.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id))
            case "delete", Rule() as rule:
                request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
                await self.sip.delete_dispatch_rule(request)

    async def within_bound(self, request: Awaitable[T]) -> T:
        # The client sets no bound: livekit-api 1.2.2 passes timeout=None to aiohttp with each request.
        async with asyncio.timeout(self.policy.request_seconds):
            return await request

    async def retry(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run `step`, and repeat it while the server is out of reach or not ready; ServerError if it stays so.

        A change whose answer was lost may have been made, so a step begins with a look and is repeated as a whole.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            stop=self.is_over,
            wait=wait_exponential_jitter(multiplier=0.25, max=self.policy.longest_pause, jitter=0.25),
            before_sleep=self.log_wait,
            reraise=True,
        )
        try:
            return await retrying(step)
        except ERRORS as error:
            attempts = retrying.statistics["attempt_number"]
            tried = f" after {attempts} attempts" if attempts > 1 else ""
            raise ServerError(f"LiveKit at {self.url} {explain(error)}{tried}.") from error

    def is_over(self, state: RetryCallState) -> bool:
        late = time.monotonic() + state.upcoming_sleep + self.policy.request_seconds > self.deadline
        return late or state.attempt_number >= self.policy.attempts

    def log_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        level = logging.INFO if state.attempt_number == 1 else logging.DEBUG
        bound = self.policy.seconds
        logger.log(level, "waiting up to %.0f s for LiveKit at %s, which %s", bound, self.url, explain(error))


@asynccontextmanager
async def connect(settings: ServerSettings, policy: RetryPolicy = RetryPolicy()) -> AsyncIterator[Server]:
    key, secret = settings.livekit_api_key.get_secret_value(), settings.livekit_api_secret.get_secret_value()
    async with connect_to(settings.livekit_url, key, secret, policy) as server:
        yield server


@asynccontextmanager
async def connect_to(url: str, key: str, secret: str, policy: RetryPolicy) -> AsyncIterator[Server]:
    # The client's own failover is for LiveKit's cloud; with it there would be two retry policies.
    async with api.LiveKitAPI(url, key, secret, failover=False) as client:
        yield Server(client, url, policy)


@contextmanager
def gone_is_no_error() -> Iterator[None]:
    """Leave the block quietly when the server does not know the room that it was asked about."""
    try:
        yield
    except api.ServerError as error:
        if error.code != api.ServerErrorCode.NOT_FOUND:
            raise


def is_conflict(error: api.ServerError) -> bool:
    """Recognise the server's words for "a trunk or rule with the same key exists", which has no code of its own."""
    words = ("Conflicting inbound SIP Trunks", "already exists in dispatch rule")
    return error.code == api.ServerErrorCode.INVALID_ARGUMENT and any(part in error.message for part in words)


def is_transient(error: BaseException) -> bool:
    """Say whether asking again may help: transport errors and unready servers may recover, a refusal stays."""
    if isinstance(error, api.ServerError):
        passing = {api.ServerErrorCode.UNAVAILABLE, api.ServerErrorCode.DEADLINE_EXCEEDED}
        return error.status >= 500 or error.code in passing
    is_tls = isinstance(error, aiohttp.ClientSSLError)  # a certificate does not mend itself
    return isinstance(error, (aiohttp.ClientError, TimeoutError)) and not is_tls


def explain(error: BaseException | None) -> str:
    """Say what went wrong and what to do, as the end of "LiveKit at <url> …"."""
    match error:
        case api.ServerError(status=401 | 403):
            return (
                "refused the key: LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be a pair the server knows, "
                "and the two clocks within a minute of each other"
            )
        case api.ServerError(code="unknown" | "bad_route") | DecodeError():
            return "answered, but not as LiveKit's API does: LIVEKIT_URL must name the server's own port, usually 7880"
        case api.ServerError():
            return f"answered {error.code}: {error.message}"
        case aiohttp.ClientSSLError():
            return f"failed the TLS handshake ({error})"
        case TimeoutError():
            return "did not answer in time"
        case aiohttp.ClientConnectorError(os_error=cause):
            return f"could not be reached ({cause.strerror or cause})"
        case _:
            return f"broke off ({error})"
