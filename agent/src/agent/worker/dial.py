"""make dial: places a call by POST /calls from inside the agent's container, and says what happens until it ends.

It reads LINE, TO, NAME and PURPOSE from the environment. The exit code is 0 if somebody was spoken to or a message was
left, 1 if not, and 2 if no call was made.
"""

import os
import sys
import time
from collections.abc import Callable

import httpx2

from agent.settings import SECRETS
from agent.worker.http import PORT

ASKED_EVERY = 0.5  # seconds
ANSWERS_WITHIN = 20.0  # seconds
SAYS = {
    "waiting": "The call was placed.",
    "ringing": "The phone is ringing.",
    "answered": "Somebody has answered.",
}
SPOKEN_TO = {"talked", "message_left"}


def main(sleep: Callable[[float], None] = time.sleep, url: str = f"http://127.0.0.1:{PORT}") -> int:
    """Place the call, and return the exit code."""
    given = {name: os.environ.get(name.upper(), "") for name in ("to", "purpose", "name", "line")}
    with httpx2.Client(base_url=url, headers=_token(), timeout=ANSWERS_WITHIN, trust_env=False) as client:
        try:
            placed = client.post("/calls", json={name: value for name, value in given.items() if value})
            if not placed.is_success:
                return _refuse(str(placed.json()["error"]))
            return _follow(client, placed.json()["id"], sleep)
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            return _refuse(f"the agent did not answer ({type(error).__name__}). docker compose logs agent may say why.")


def _follow(client: httpx2.Client, order: str, sleep: Callable[[float], None]) -> int:
    said = ""
    while True:
        now = client.get(f"/calls/{order}").json()
        if now["state"] == "ended":
            _say(f"The call has ended: {now['reason']}.")
            return 0 if now["result"] in SPOKEN_TO else 1
        if now["state"] != said:
            said = now["state"]
            _say(SAYS[said])
        sleep(ASKED_EVERY)


def _token() -> dict[str, str]:
    file = SECRETS / "api_token"
    token = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's output


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
