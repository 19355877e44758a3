"""Look, compare, change, look again: until there is nothing to change."""

import asyncio
import logging
import random

from bootstrap.desired import Desired
from bootstrap.plan import Change, next_changes
from bootstrap.server import OvertakenError, Server, ServerError

log = logging.getLogger(__name__)

# One bootstrap alone needs three: the trunk, the rule, the last look. Others at the same time cost a few more each.
ROUNDS = 50


async def reconcile(server: Server, want: Desired) -> list[Change]:
    """Bring the server to `want`; the changes that took.

    The server looks for conflicts and stores in two steps, so bootstraps that run at once can each create a trunk. They
    still end with one: all keep the smallest id and delete the others, and whoever changed something last looks once
    more after that, and so sees whatever is left to do.
    """
    done: list[Change] = []

    async def step() -> bool:
        """One look, and the changes it calls for; whether there were any."""
        changes = next_changes(want, await server.trunks(), await server.rules())
        try:
            for change in changes:
                await server.make(change)
                log.info("done: %s", change)
                done.append(change)
        except OvertakenError as error:
            log.debug("overtaken by another bootstrap: %s", error)
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - only keeps them out of each other's step
        return bool(changes)

    for _ in range(ROUNDS):
        if not await server.patiently(step):
            return done
    raise ServerError(f"After {ROUNDS} rounds somebody else is still changing the same trunk or rule.")
