"""Server-sent events, as OpenAI's streams use them."""

import json
from typing import Any

MEDIA_TYPE = "text/event-stream"
DONE = b"data: [DONE]\n\n"
# A comment, which every reader skips; its bytes show a client whose request is queued that the server is still there.
STILL_HERE = b": still here\n\n"


def event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"
