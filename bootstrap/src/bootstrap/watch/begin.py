"""The command watch: it replaces its own process by the watcher's, which has none of the modules imported here."""

import os
import sys

from bootstrap import codes
from bootstrap.settings import Settings

NAMES = ("livekit_url", "agent_name", "room_prefix", "log_level", "log_format")


def become_the_watcher() -> int:
    """Replace this process; return the exit code where the watcher has no place.

    The watcher reads the environment as it is, so what .env leaves empty is filled in here.
    """
    if os.environ.get("AGENT_URL"):
        defaults = {name.upper(): str(Settings.model_fields[name].default) for name in NAMES}
        given = {name: value for name, value in os.environ.items() if value}
        command = [sys.executable, "-m", "bootstrap.watch"]
        os.execve(sys.executable, command, defaults | given)  # noqa: S606 - no shell is wanted
    sys.stderr.write("The watcher runs in a container of its own: docker compose up --detach watch starts it.\n")
    return codes.WRONG_SETTINGS
