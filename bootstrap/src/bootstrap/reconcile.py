"""Look, compare, change, and look again, until there is nothing to change."""

import asyncio
import logging
import random

from bootstrap.desired import Desired
from bootstrap.plan import Change, next_changes
from bootstrap.server import OvertakenError, Server, ServerError

logger = logging.getLogger(__name__)

# A bootstrap alone needs a handful: deletions, trunks, rules, the last look, and one more for each line in a chain of
# moved numbers. Each one that runs at the same time costs a few more. Two that want different things, because .env was
# edited between them, undo each other's changes until one of them pauses for long enough.
ROUNDS = 50
ROUNDS_WITHOUT_PAUSE = 6


async def reconcile(server: Server, want: Desired) -> list[Change]:
    """Make the server match `want`; return the changes that this took.

    The server checks for conflicts and stores in two steps, so bootstraps that run at once can each create a line's
    trunk. They still end with one: all keep the smallest id and delete the others, and the one that made the last
    change looks once more afterwards, and so sees what is left to do.
    """
    done: list[Change] = []

    async def step() -> bool:
        """Look once and make the changes that are needed; say whether there were any."""
        changes = next_changes(want, await server.trunks(), await server.rules(), await server.outbound_trunks())
        try:
            for change in changes:
                await server.apply(change)
                logger.info("done: %s", change)
                done.append(change)
        except OvertakenError as error:
            logger.debug("overtaken by another bootstrap: %s", error)
            await pause()
        return bool(changes)

    for count in range(ROUNDS):
        if not await server.retry(step):
            return done
        if count >= ROUNDS_WITHOUT_PAUSE:
            await pause()
    raise ServerError(
        f"After {ROUNDS} rounds, somebody else is still changing the same trunks or rules: stop that, then run make up."
    )


async def pause() -> None:
    """Get out of step with other bootstraps."""
    await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - nothing is secret about it
