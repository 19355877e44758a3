"""`python -m speech.health`: exit code 0 when the models are loaded and warm. Imports little: it runs often."""

import http.client
import sys

ADDRESS = ("127.0.0.1", 8000)


def problem(address: tuple[str, int] = ADDRESS) -> str | None:
    """Why no request would be answered now, or None."""
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
