"""Look, compare, change, and look again, until there is nothing to change at Twilio."""

import asyncio
import logging
import random

from bootstrap.server import OvertakenError
from bootstrap.twilio.account import Twilio, TwilioError
from bootstrap.twilio.desired import Desired
from bootstrap.twilio.plan import Change, next_changes
from bootstrap.twilio.there import There

logger = logging.getLogger(__name__)

ROUNDS = 20  # one bootstrap alone needs three: the trunk, what is on it, and the last look


async def look(twilio: Twilio) -> There:
    """Read what the account has; TwilioUnreachableError if Twilio does not answer, TwilioError if it refuses."""
    return await twilio.retry(twilio.look)


async def reconcile(twilio: Twilio, want: Desired) -> list[Change]:
    """Make the account match `want`; return the changes that this took.

    A run that was interrupted, or that runs at the same time as another, leaves a trunk with this host's name; the
    next look finds it, and only what is missing is added.
    """
    done: list[Change] = []
    refused: set[str] = set()

    async def step() -> bool:
        """Look once and make the changes that are needed; say whether there were any."""
        changes = next_changes(want, await twilio.look())
        for change in changes:
            try:
                await twilio.apply(change)
            except OvertakenError as error:
                if str(change) in refused:
                    raise TwilioError(f"Twilio {error}, when asked to {change}.") from error
                refused.add(str(change))
                await pause()
                break
            logger.info("done: %s", change)
            done.append(change)
        return bool(changes)

    for _ in range(ROUNDS):
        if not await twilio.retry(step):
            return done
    raise TwilioError(
        f"After {ROUNDS} rounds, somebody else is still changing the same Twilio trunk: stop that, then run make up."
    )


async def pause() -> None:
    """Get out of step with other bootstraps."""
    await asyncio.sleep(random.uniform(0.2, 1))  # noqa: S311 - nothing is secret about it
