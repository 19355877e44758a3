"""The one module that talks to Twilio, with Twilio's own client, and how long it keeps asking."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from json import JSONDecodeError
from typing import Any, Protocol, TypeVar

import aiohttp
from pydantic import SecretStr
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from bootstrap.server import OvertakenError, RetryPolicy
from bootstrap.twilio.desired import MARK
from bootstrap.twilio.http import HttpClient, RefusedError
from bootstrap.twilio.plan import Change
from bootstrap.twilio.there import Number, There, Trunk, Uri

logger = logging.getLogger(__name__)
T = TypeVar("T")

MOST_IN_A_PAGE = 1000
# `attempts` and `seconds` are for one step, which may be several requests, and `request_seconds` for each of them.
PATIENCE = RetryPolicy(attempts=6, seconds=40, request_seconds=15, longest_pause=8)
RATE_LIMITED = 429
PHONE_NUMBER = re.compile(r"(?<!\w)\+?\d[\d ()-]{5,}\d(?!\w)")


class TwilioError(Exception):
    """Twilio refused, or answered something else; one sentence that says what to do."""


class TwilioUnreachableError(TwilioError):
    """Twilio did not answer, or asked to be asked later. Calls go on as they are set up."""


class Credentials(Protocol):
    """What is needed to ask Twilio; `Settings` has it."""

    @property
    def twilio_account_sid(self) -> str | None: ...
    @property
    def twilio_api_key(self) -> str | None: ...
    @property
    def twilio_api_secret(self) -> SecretStr | None: ...
    @property
    def twilio_api_url(self) -> str | None: ...


class Twilio:
    """An account at Twilio."""

    def __init__(self, client: Client, policy: RetryPolicy) -> None:
        self.client = client
        self.policy = policy

    async def look(self) -> There:
        """Read the trunks, the numbers, and the origination URIs of trunks that Landline hosts have made."""
        # The numbers come first: their address contains the account's SID, so a key of another account is refused here.
        numbers = await self.numbers()
        trunks = [
            read_trunk(found) for found in await self.client.trunking.v1.trunks.list_async(page_size=MOST_IN_A_PAGE)
        ]
        uris = {trunk.sid: await self.uris(trunk.sid) for trunk in trunks if trunk.name.startswith(f"{MARK} ")}
        return There(tuple(trunks), numbers, uris)

    async def numbers(self) -> tuple[Number, ...]:
        found = await self.client.incoming_phone_numbers.list_async(page_size=MOST_IN_A_PAGE)
        return tuple(map(read_number, found))

    async def uris(self, trunk: str) -> tuple[Uri, ...]:
        found = await self.client.trunking.v1.trunks(trunk).origination_urls.list_async(page_size=MOST_IN_A_PAGE)
        return tuple(map(read_uri, found))

    async def apply(self, change: Change) -> None:
        """Make `change`; OvertakenError if Twilio has changed since it was looked at."""
        try:
            await self.send(change)
        except RefusedError as error:
            if error.status in (400, 404, 409):
                raise OvertakenError(explain(error)) from error
            raise

    async def send(self, change: Change) -> None:
        trunks = self.client.trunking.v1.trunks
        match change.action, change.kind:
            case "create", "trunk":
                await trunks.create_async(**change.fields)
            case "update", "trunk":
                await trunks(change.sid).update_async(**change.fields)
            case "delete", "trunk":
                await trunks(change.sid).delete_async()
            case "create", "origination URI":
                await trunks(change.trunk).origination_urls.create_async(**change.fields)
            case "update", "origination URI":
                await trunks(change.trunk).origination_urls(change.sid).update_async(**change.fields)
            case "delete", "origination URI":
                await trunks(change.trunk).origination_urls(change.sid).delete_async()
            case "attach", "number":
                await trunks(change.trunk).phone_numbers.create_async(**change.fields)

    async def retry(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run `step`, and repeat it while Twilio is out of reach or asks to wait.

        A change whose answer was lost may have been made, so a step begins with a look and is repeated as a whole.
        TwilioUnreachableError if it stays so, TwilioError if Twilio refuses.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(self.policy.attempts) | stop_before_delay(self.policy.seconds),
            wait=self.wait,
            before_sleep=self.log_wait,
            reraise=True,
        )
        try:
            return await retrying(step)
        except (RefusedError, aiohttp.ClientError, TimeoutError, JSONDecodeError, TwilioException) as error:
            attempts = retrying.statistics["attempt_number"]
            tried = f" after {attempts} attempts" if attempts > 1 else ""
            kind = TwilioUnreachableError if is_transient(error) else TwilioError
            raise kind(f"Twilio {explain(error)}{tried}.") from error

    def wait(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt: those that Twilio asks for, or a growing pause."""
        pause = wait_exponential_jitter(multiplier=0.5, max=self.policy.longest_pause, jitter=0.5)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RefusedError) else 0.0
        return max(asked, pause)

    def log_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        level = logging.INFO if state.attempt_number == 1 else logging.DEBUG
        logger.log(level, "waiting up to %.0f s for Twilio, which %s", self.policy.seconds, explain(error))


@asynccontextmanager
async def connect(settings: Credentials, policy: RetryPolicy = PATIENCE) -> AsyncIterator[Twilio]:
    """Connect to the account in the settings; a ValueError if it, its key or its secret is not set."""
    secret = settings.twilio_api_secret
    if not (settings.twilio_account_sid and settings.twilio_api_key and secret):
        raise ValueError("TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET are not all set")
    async with HttpClient.open(settings.twilio_api_url, policy.request_seconds) as http:
        client = Client(
            settings.twilio_api_key,
            secret.get_secret_value(),
            account_sid=settings.twilio_account_sid,
            http_client=http,
        )
        yield Twilio(client, policy)


def read_trunk(found: Any) -> Trunk:
    return Trunk(
        sid=found.sid,
        account=found.account_sid or "",
        name=found.friendly_name or "",
        created=found.date_created.isoformat() if found.date_created else "",
        secure=bool(found.secure),
        disaster_url=found.disaster_recovery_url or "",
        disaster_method=str(found.disaster_recovery_method or ""),
        termination=found.domain_name or "",
        authentication=found.auth_type or "",
    )


def read_uri(found: Any) -> Uri:
    return Uri(
        sid=found.sid,
        name=found.friendly_name or "",
        address=found.sip_url or "",
        priority=int(found.priority or 0),
        weight=int(found.weight or 0),
        enabled=bool(found.enabled),
    )


def read_number(found: Any) -> Number:
    return Number(
        sid=found.sid,
        number=found.phone_number or "",
        trunk=found.trunk_sid or "",
        application=found.voice_application_sid or "",
        webhook=found.voice_url or "",
        takes_calls=(found.capabilities or {}).get("voice", True),
    )


def is_transient(error: BaseException) -> bool:
    """Say whether asking again may help: transport errors, overload and rate limits pass, a refusal stays."""
    if isinstance(error, RefusedError):
        return error.status >= 500 or error.status == RATE_LIMITED
    is_tls = isinstance(error, aiohttp.ClientSSLError)
    return isinstance(error, (aiohttp.ClientError, TimeoutError)) and not is_tls


def explain(error: BaseException | None) -> str:
    """Say what went wrong and what to do, as the end of "Twilio …", without phone numbers."""
    match error:
        case RefusedError(status=401):
            return (
                "refused the key: TWILIO_API_KEY and TWILIO_API_SECRET must be a pair, made in the account "
                "TWILIO_ACCOUNT_SID"
            )
        case RefusedError(status=403):
            return (
                "does not allow this key to do that: give it access to Elastic SIP Trunking and to phone numbers, or "
                f"create a Standard key ({error.code})"
            )
        case RefusedError(status=404, path=path) if "/Accounts/" in path:
            return "knows no account TWILIO_ACCOUNT_SID to which this key belongs"
        case RefusedError(status=429):
            later = f" for {error.retry_after:.0f} s" if error.retry_after else ""
            return f"asks not to be asked{later}, because the account sends too many requests"
        case RefusedError():
            words = PHONE_NUMBER.sub("<number>", error.message).rstrip(".")
            return f"answered {error.status}: {words} (error {error.code})"
        case aiohttp.ClientSSLError():
            return f"failed the TLS handshake ({error})"
        case TimeoutError():
            return "did not answer in time"
        case aiohttp.ClientConnectorError(os_error=cause):
            return f"could not be reached ({cause.strerror or cause})"
        case JSONDecodeError() | TwilioException():
            return "answered, but not as its API does: is there a proxy in between, or is TWILIO_API_URL wrong?"
        case _:
            return f"broke off ({error})"
