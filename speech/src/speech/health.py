"""`python -m speech.health` exits with 0 when the models are loaded and warm. This runs often, so it imports little."""

import http.client
import sys

ADDRESS = ("127.0.0.1", 8000)


def problem(address: tuple[str, int] = ADDRESS) -> str | None:
    """Return why no request would be answered now; None when requests are answered."""
    connection = http.client.HTTPConnection(*address, timeout=3)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except OSError as error:
        return f"no answer on port {address[1]}: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"status {status}: the models are still loading"


if __name__ == "__main__":
    sys.exit(problem())
