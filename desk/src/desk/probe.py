"""`python -m desk.probe` asks the desk whether it is up; the exit code is 0 if it is."""

import http.client
import sys

WITHIN = 3.0  # seconds


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", 8083, timeout=WITHIN)
    try:
        connection.request("GET", "/health-of-desk")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
