"""Print what differs on Twilio's side, as JSON: a sentence for each difference, or the problem why it is not known."""

import asyncio
import json
import sys

from bootstrap import last_up, twilio
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
    settings = ServerSettings()  # type: ignore[call-arg]  # it reads the environment and the secrets
    # The container has the settings of the last make up, and its note has what the lines answered then.
    routes = last_up.read(settings.agent_name, "", "").routes
    found = await twilio.compare(settings, {line: tuple(route.trunk.numbers) for line, route in routes.items()})
    return [*found.differences, *found.warnings]


def explain(error: Exception) -> str:
    """Return why Twilio was not compared. Our own errors are sentences without secrets; of others, only the kind."""
    own = type(error).__module__.startswith("bootstrap.")
    return str(error).rstrip(".") if own else f"it ended with {type(error).__name__}"


if __name__ == "__main__":
    sys.exit(main())
