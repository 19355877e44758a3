"""The outbox of the webhook: an event is a file there until it is delivered, so that none is lost in an outage."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from agent.lines.webhook import key_of
from agent.records.folders import Folders
from agent.storage.private_files import write

CALL_ENDED, MESSAGE_TAKEN = "call.ended", "message.taken"


def post(event: str, created: str, data: dict[str, Any], folders: Folders, kind: str = CALL_ENDED) -> None:
    """Leave an event to be delivered; it replaces an undelivered one with the same id."""
    body = {"id": event, "type": kind, "created": created, "data": data}
    write(folders.outbox / f"{event}.json", json.dumps(body, ensure_ascii=False))


def signature_headers(event: str, body: str, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks (standardwebhooks.com); `now` has a time zone."""
    return {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(math.floor(now.timestamp())),
        # The library itself would take any secret for Base64, and skip any characters that are not.
        "webhook-signature": Webhook(key_of(secret)).sign(event, now.astimezone(UTC), body),
    }
