"""The command apply: change the server, and Twilio, until they have what the settings and the lines lead to."""

import logging

from bootstrap import codes, twilio
from bootstrap.desired import desired
from bootstrap.lines import Lines
from bootstrap.ownership import warn_of_open_rules
from bootstrap.reconcile import reconcile
from bootstrap.server import connect
from bootstrap.settings import ServerSettings

logger = logging.getLogger(__name__)


async def apply(settings: ServerSettings, lines: Lines) -> int:
    async with twilio.open_side(settings, lines) as at_twilio:
        if at_twilio:
            await at_twilio.refuse_early()
        async with connect(settings) as server:
            changed = bool(await reconcile(server, desired(settings, lines)))
            for warning in warn_of_open_rules(await server.retry(server.rules)):
                logger.warning("%s", warning)
        if at_twilio:
            changed |= bool(await at_twilio.apply())
    if not changed:
        logger.info("nothing to change")
    return codes.DONE
