"""What the trunk provider's own side says, where it can be asked."""

import importlib

from bootstrap.settings import ServerSettings


async def differences_at_twilio(settings: ServerSettings) -> list[str] | None:
    """List how Twilio's side differs from the settings; None if there are no credentials to ask with.

    Raises whatever `bootstrap.twilio` raises if Twilio refuses or does not answer.
    """
    if not getattr(settings, "twilio_account_sid", None) or not getattr(settings, "twilio_api_key", None):
        return None
    twilio = importlib.import_module("bootstrap.twilio")
    async with twilio.connect(settings) as account:
        return [str(change) for change in twilio.changes(twilio.want(settings), await twilio.look(account))]
