"""The endpoints as the bench sees them: what they were asked, and what they are to answer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Record:
    """`address` is http://host:port."""

    address: str

    def answers(self) -> bool:
        try:
            self._ask("/v1/models")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def requests(self, since: float = 0.0, who: str = "") -> list[dict[str, Any]]:
        """Those that arrived at that second of the epoch or later; `who` is a side. See `openai_api.Request`."""
        wanted = {"since": since} | ({"who": who} if who else {})
        asked: list[dict[str, Any]] = json.loads(self._ask(f"/requests?{urlencode(wanted)}"))
        return asked

    def script(self, who: str = "", **changes: Any) -> None:
        """Change fields of `openai_api.Script`, for one side or for all of them."""
        self._ask(f"/script?{urlencode({'who': who})}", json.dumps(changes).encode(), "PUT")

    def heard(self, number: int) -> bytes:
        """The WAV that the request of that number brought."""
        return self._ask(f"/heard/{number}.wav")

    def _ask(self, path: str, body: bytes | None = None, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.address + path, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content
