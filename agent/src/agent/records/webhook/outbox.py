"""News for the webhook: a file each until it is delivered, so that none is lost, whoever is down."""

import base64
import hashlib
import hmac
import json
from typing import Any

from agent.records.folders import Folders
from agent.storage.private_files import write

TYPE = "call.ended"
SECRET_PREFIX = "whsec_"  # noqa: S105 - of Standard Webhooks' secrets, the rest of which is Base64


def post(event: str, created: str, data: dict[str, Any], folders: Folders) -> None:
    """Leave news to be delivered; the same `event` again takes the place of what has not been delivered yet."""
    news = {"id": event, "type": TYPE, "created": created, "data": data}
    write(folders.outbox / f"{event}.json", json.dumps(news, ensure_ascii=False))


def signed(event: str, body: bytes, secret: str, now: int) -> dict[str, str]:
    """The headers of Standard Webhooks (standardwebhooks.com); `now` is in seconds since 1970."""
    mac = hmac.new(key_of(secret), f"{event}.{now}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(mac.digest()).decode()}",
    }


def key_of(secret: str) -> bytes:
    """The key itself: a `whsec_…` secret is Base64, any other is taken letter by letter.

    Raises:
        ValueError: it is no Base64, which the settings refuse.
    """
    if secret.startswith(SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return secret.encode()
