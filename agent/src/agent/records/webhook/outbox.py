"""News for the webhook: a file each until it is delivered, so that none is lost, whoever is down."""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from agent.records.folders import Folders
from agent.storage.private_files import write

TYPE = "call.ended"
SECRET_PREFIX = "whsec_"  # noqa: S105 - of Standard Webhooks' secrets, the rest of which is Base64


def post(event: str, created: str, data: dict[str, Any], folders: Folders) -> None:
    """Leave news to be delivered; the same `event` again takes the place of what has not been delivered yet."""
    news = {"id": event, "type": TYPE, "created": created, "data": data}
    write(folders.outbox / f"{event}.json", json.dumps(news, ensure_ascii=False))


def signed(event: str, body: str, secret: str, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks (standardwebhooks.com); `now` has a time zone."""
    return {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(math.floor(now.timestamp())),
        "webhook-signature": Webhook(key_of(secret)).sign(event, now.astimezone(UTC), body),
    }


def key_of(secret: str) -> bytes:
    """The key itself: a `whsec_…` secret is Base64, any other is taken letter by letter.

    The library would take any secret for Base64, and skip what is none.

    Raises:
        ValueError: it is no Base64, which the settings refuse.
    """
    if secret.startswith(SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return secret.encode()
