"""`python -m desk` serves the pages until it is told to stop."""

import os
import sys

import uvicorn
from pydantic import ValidationError

from desk.app import new_app
from desk.logs import set_up_logging
from desk.settings import explain, read_settings

PORT = 8083
SHUTDOWN_GRACE = 2  # seconds for requests in progress; pages that follow something would never end


def main() -> int:
    os.umask(0o007)  # what the desk writes below /data, the agent reads, whose group is the same
    try:
        settings = read_settings()
    except ValidationError as error:
        sys.stderr.write("".join(f"error: {problem}\n" for problem in explain(error)))
        return 2
    set_up_logging(settings.log_level, settings.log_format)
    uvicorn.run(
        new_app(settings),
        host="0.0.0.0",  # noqa: S104 - of a container, which publishes no port
        port=PORT,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_GRACE,
        # Caddy is in front of it, and says by which scheme the browser asks.
        proxy_headers=True,
        forwarded_allow_ips="*",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
