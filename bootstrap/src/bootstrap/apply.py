"""The command apply: change the server, and Twilio, until they have what the settings and the lines lead to."""

import logging
from functools import partial

from bootstrap import codes, last_up, twilio
from bootstrap.desired import Desired, desired
from bootstrap.lines import Lines
from bootstrap.ownership import find_our_outbound, find_ours, warn_of_open_rules
from bootstrap.reconcile import reconcile
from bootstrap.server import Server, connect
from bootstrap.settings import ServerSettings

logger = logging.getLogger(__name__)


async def apply(settings: ServerSettings, lines: Lines) -> int:
    want = desired(settings, lines)
    async with twilio.open_side(settings, lines) as at_twilio:
        if at_twilio:
            await at_twilio.refuse_early()
        async with connect(settings) as server:
            await server.retry(partial(refuse_what_is_in_the_way, server, want))
            try:
                last_up.write(want)  # before anything is changed, so that a watcher who looks meanwhile wants the same
            except OSError as error:
                logger.error("Nothing was changed, because it cannot be noted for the watcher: %s", error)
                return codes.FAILED
            changed = bool(await reconcile(server, want))
            for warning in warn_of_open_rules(await server.retry(server.rules)):
                logger.warning("%s", warning)
        if at_twilio:
            changed |= bool(await at_twilio.apply())
    if not changed:
        logger.info("nothing to change")
    return codes.DONE


async def refuse_what_is_in_the_way(server: Server, want: Desired) -> None:
    """Raise BlockedError for somebody else's trunk or rule."""
    find_ours(want, await server.trunks(), await server.rules())
    find_our_outbound(want, await server.outbound_trunks())
