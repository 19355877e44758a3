"""What the trunk provider's own side says, where it can be asked."""

import importlib

from bootstrap.lines import Lines
from bootstrap.ownership import BlockedError
from bootstrap.server import RetryPolicy
from bootstrap.settings import ServerSettings

ONCE = RetryPolicy(attempts=1, seconds=15, request_seconds=10)


async def differences_at_twilio(settings: ServerSettings, lines: Lines) -> list[str] | None:
    """List how Twilio's side differs from the settings; None if there are no credentials to ask with.

    Raises whatever `bootstrap.twilio` raises if Twilio refuses or does not answer.
    """
    if not getattr(settings, "twilio_account_sid", None):
        return None
    twilio = importlib.import_module("bootstrap.twilio")
    async with twilio.connect(settings, ONCE) as account:
        there = await twilio.look(account)
    try:
        return [str(change) for change in twilio.changes(twilio.want(settings, lines), there)]
    except BlockedError as error:
        return [str(error)]
