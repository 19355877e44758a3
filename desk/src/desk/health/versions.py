"""Which images the services were started from, as compose.yaml tells in variables IMAGE_OF_<SERVICE>."""

import os
from collections.abc import Mapping

PREFIX = "IMAGE_OF_"


def images(environment: Mapping[str, str] = os.environ) -> list[tuple[str, str, str]]:
    """Return each service with its image's name and version, by the service's name."""
    found = []
    for name, image in sorted(environment.items()):
        if name.startswith(PREFIX) and image:
            its, _, version = image.partition(":")
            found.append((name.removeprefix(PREFIX).lower(), its, version or "latest"))
    return found
