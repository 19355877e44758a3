"""Which images the services were started from, as compose.yaml tells the desk."""

from desk.settings import Settings

PREFIX = "image_of_"


def images(settings: Settings) -> list[tuple[str, str, str]]:
    """Return each service with its image's name and version, by the service's name."""
    found = []
    for field in sorted(name for name in Settings.model_fields if name.startswith(PREFIX)):
        if image := getattr(settings, field):
            its, _, version = image.partition(":")
            found.append((field.removeprefix(PREFIX), its, version or "latest"))
    return found
