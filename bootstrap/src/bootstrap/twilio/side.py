"""Twilio's side of `apply`, `plan` and `show`. Without an account in the settings, it asks nothing and has nothing."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

from bootstrap.lines import Lines
from bootstrap.ownership import BlockedError
from bootstrap.server import RetryPolicy
from bootstrap.settings import Settings
from bootstrap.twilio.account import PATIENCE, Twilio, TwilioUnreachableError, connect
from bootstrap.twilio.desired import DISASTER_METHOD, PRIORITY, WEIGHT, Desired, want
from bootstrap.twilio.plan import Change, changes, find_our_trunks, warnings
from bootstrap.twilio.reconcile import look, reconcile
from bootstrap.twilio.there import There

logger = logging.getLogger(__name__)


class Side:
    """One run's view of an account."""

    def __init__(self, twilio: Twilio, wanted: Desired) -> None:
        self.twilio = twilio
        self.wanted = wanted
        self.answers = True

    async def refuse_early(self) -> None:
        """Raise what is in the way, before anything is changed."""
        async with self.warning_of_silence():
            changes(self.wanted, await look(self.twilio))

    async def apply(self) -> list[Change]:
        """Change what is not right, and warn of what only a person can change."""
        done: list[Change] = []
        if self.answers:
            async with self.warning_of_silence():
                done += await reconcile(self.twilio, self.wanted)
                for warning in warnings(self.wanted, await look(self.twilio)):
                    logger.warning("%s", warning)
        return done

    @asynccontextmanager
    async def warning_of_silence(self) -> AsyncIterator[None]:
        """Only warn if Twilio does not answer.

        Calls need no API. A host that is started while Twilio's API is down has to answer them all the same.
        """
        try:
            yield
        except TwilioUnreachableError as error:
            self.answers = False
            logger.warning("%s Its trunk stays as it is now. Run make up again later.", error)

    async def show(self) -> tuple[dict[str, Any], list[str], list[str]]:
        """Return what there is, how it differs, and what else is wrong."""
        there = await look(self.twilio)
        differences = [str(change) for change in changes(self.wanted, there)]
        return readable_there(self.wanted, there), differences, warnings(self.wanted, there)


@asynccontextmanager
async def open_side(settings: Settings, lines: Lines) -> AsyncIterator[Side | None]:
    """Yield Twilio's side; None if the settings have no account there."""
    if not settings.twilio_account_sid:
        yield None
        return
    async with connect(settings) as twilio:
        yield Side(twilio, want(settings, lines))


class Compared(NamedTuple):
    """What is not as it should be at Twilio, a sentence each."""

    differences: list[str]  # which apply would change, or which is in the way of that
    warnings: list[str]  # which only a person can change


async def compare(settings: Settings, lines: Lines, policy: RetryPolicy = PATIENCE) -> Compared:
    """Look once, and compare with what the settings and the lines lead to; TwilioError if Twilio does not tell."""
    wanted = want(settings, lines)
    async with connect(settings, policy) as twilio:
        there = await look(twilio)
    try:
        differences = [str(change) for change in changes(wanted, there)]
    except BlockedError as error:
        differences = [str(error)]
    return Compared(differences, warnings(wanted, there))


def readable_want(wanted: Desired) -> dict[str, Any]:
    """Convert to what `plan` prints."""
    disaster = {"disasterRecoveryUrl": wanted.disaster_url, "disasterRecoveryMethod": DISASTER_METHOD}
    return {
        "account": wanted.account,
        "name": wanted.name,
        "originationUri": {"address": wanted.uri, "priority": PRIORITY, "weight": WEIGHT},
        "numbers": list(wanted.numbers),
        **(disaster if wanted.disaster_url else {}),
    }


def readable_there(wanted: Desired, there: There) -> dict[str, Any]:
    """Convert to what `show` prints: our trunk alone, and none of the account's other numbers."""
    found = find_our_trunks(wanted, there)[:1]
    return {
        "trunk": asdict(found[0]) if found else None,
        "originationUris": [asdict(uri) for trunk in found for uri in there.uris.get(trunk.sid, ())],
        "numbers": [number.number for trunk in found for number in there.numbers_on(trunk)],
    }
