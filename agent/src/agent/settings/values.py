"""The types of settings that the host and the lines share."""

import base64
import binascii
import typing
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
from pydantic import AfterValidator, BeforeValidator, SecretStr

LAST_PORT = 65535


def check_url(url: str, *schemes: str) -> str:
    """Return the address if it begins with one of `schemes` and has a host; a ValueError says what was expected."""
    expected = (
        f"should begin with {' or '.join(f'{scheme}://' for scheme in schemes)}, "
        f"then have a host and, if needed, a port up to {LAST_PORT}"
    )
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ValueError(expected) from None
    if url.partition("://")[0] not in schemes or not parsed.host or (parsed.port or 0) > LAST_PORT:
        raise ValueError(expected)
    return url


def url_of(*schemes: str) -> AfterValidator:
    """Make a validator that accepts addresses with one of these schemes."""
    return AfterValidator(lambda url: check_url(url, *schemes))


def _unpack(value: Any) -> Any:
    """Read `NAME=value` rows from Base64, as `make up` packs them, since Compose cannot know the names beforehand."""
    if not isinstance(value, str):
        return value
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("should be Base64, as `make up` writes it") from None
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    pairs = (line.split("=", 1) for line in lines)
    return {name: SecretStr(secret) for name, secret in pairs if secret.strip()}


Bundle = Annotated[Mapping[str, SecretStr], BeforeValidator(_unpack)]  # secrets by their names


def is_secret(annotation: Any) -> bool:
    """Whether values of this type must not be shown: a SecretStr is in it somewhere."""
    return annotation is SecretStr or any(map(is_secret, typing.get_args(annotation)))
