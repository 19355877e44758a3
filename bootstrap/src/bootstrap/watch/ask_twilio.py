"""Print what differs on Twilio's side, as JSON: a sentence for each difference, or the problem why it is not known."""

import asyncio
import importlib
import json
import sys
from typing import Any

from bootstrap import last_up
from bootstrap.ownership import BlockedError
from bootstrap.settings import ServerSettings


def main() -> int:
    problem, sentences = "", list[str]()
    try:
        sentences = asyncio.run(differences())
    except Exception as error:
        problem = explain(error)
    sys.stdout.write(json.dumps({"problem": problem, "differences": sentences}))
    return 0


async def differences() -> list[str]:
    # By its name, so that the package and what it needs are imported here alone.
    twilio: Any = importlib.import_module("bootstrap.twilio")
    settings = ServerSettings()  # type: ignore[call-arg]  # it reads the environment and the secrets
    # The container has the settings of the last make up, and its note has what the lines answered then.
    routes = last_up.read(settings.agent_name, "", "").routes
    want = twilio.want(settings, {line: tuple(route.trunk.numbers) for line, route in routes.items()})
    async with twilio.connect(settings) as client:
        there = await twilio.look(client)
    try:
        found = [str(change) for change in twilio.changes(want, there)]
    except BlockedError as error:
        found = [str(error)]
    return [*found, *twilio.warnings(want, there)]


def explain(error: Exception) -> str:
    """Return why Twilio was not compared. Our own errors are sentences without secrets; of others, only the kind."""
    own = type(error).__module__.startswith("bootstrap.")
    return str(error).rstrip(".") if own else f"it ended with {type(error).__name__}"


if __name__ == "__main__":
    sys.exit(main())
