"""All that an extension asks of others, in a container beside it: a scripted provider, and a receiver of what it tells.

See tests/support/fakes/openai_api.py for scripts and rules, tests/support/fakes/http_receiver.py for replies.
"""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.containers import Container, beside, docker, of_service
from tests.support.fakes.__main__ import API_PORT, MCP_PORT, RECEIVER_PORT
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line


@dataclass(frozen=True)
class Provider:
    name: str  # of its host, on the line's network
    address: str  # as this machine sees it

    @property
    def api(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"http://{self.name}:{API_PORT}/v1"

    @property
    def receiver(self) -> str:
        """For the addresses that a line asks or tells, with a path of your own."""
        return f"http://{self.name}:{RECEIVER_PORT}"

    @property
    def mcp(self) -> str:
        """The address of the MCP server; what it has done is `received("/mcp")`."""
        return f"http://{self.name}:{MCP_PORT}/mcp"

    def script(self, who: str = "", **changes: Any) -> None:
        """Change these fields of `Script`: script(answers=["We open at nine."], rules=[dict(kind="llm", …)]).

        `who`: for the requests with this API key alone.
        """
        self._ask("PUT", f"/script?{urllib.parse.urlencode({'who': who} if who else {})}", changes)

    def hear(self, text: str, wav: bytes) -> None:
        """This is how the text sounds: whoever says so is understood at once."""
        self._ask("PUT", f"/sounds?{urllib.parse.urlencode({'text': text})}", wav)

    def asked(self, kind: str = "") -> list[dict[str, Any]]:
        """Every `Request` so far, of a kind: stt, llm, tts."""
        told: list[dict[str, Any]] = self._ask("GET", "/requests")
        return [request for request in told if kind in ("", request["kind"])]

    def replies(self, *replies: dict[str, Any]) -> None:
        """What the receiver answers from now on, each a `Reply`: replies(dict(match="caller=", body='{…}'))."""
        self._ask("PUT", "/receiver", {"replies": replies})

    def receiver_is_up(self, up: bool) -> None:
        self._ask("PUT", "/receiver", {"up": up})

    def received(self, path: str = "/") -> list[dict[str, Any]]:
        """Every `Received` so far whose path begins so."""
        told: list[dict[str, Any]] = self._ask("GET", "/receiver")
        return [request for request in told if request["path"].startswith(path)]

    def answers(self) -> bool:
        try:
            self._ask("GET", "/receiver")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)  # noqa: S310 - it is http
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def provider(line: Line, name: str) -> Iterator[Provider]:
    """Up inside the block. It hears and speaks with the line's own speech service, and thinks what the script says."""
    options = ["--volume", f"{ROOT / 'tests'}:/stack/tests:ro", "--publish", f"127.0.0.1::{API_PORT}"]
    options += ["--entrypoint", "python"]
    image = of_service(line, "agent").image
    environment = {"PYTHONPATH": "/stack"}
    container = beside(line, name, image, environment, "-m", "tests.support.fakes", options=options)
    with container as it, line.guest(it.id):
        yield _when_it_answers(name, it)


def _when_it_answers(name: str, container: Container) -> Provider:
    began = time.monotonic()
    found = Provider(name, f"http://{docker('port', container.id, str(API_PORT)).splitlines()[0]}")
    container.until(found.answers, "answering", seconds=20 - (time.monotonic() - began))
    return found
