"""News for the webhook: a file each until it is delivered, so that none is lost, whoever is down."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from agent.lines.webhook import key_of
from agent.records.folders import Folders
from agent.storage.private_files import write

TYPE = "call.ended"


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
