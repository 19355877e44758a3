"""The types of settings that the host and the lines share."""

import base64
import binascii
import ipaddress
import os
import re
import socket
import typing
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

LAST_PORT = 65535
IN_CONTAINER = "IN_CONTAINER"  # set by the image: there, localhost is not the machine that runs Docker
HOST = "host.docker.internal"  # the name that compose.yaml gives to that machine
WRONG_KEY = "wrong_key"
SHORTEST_TOKEN = 32  # characters
IN_NO_KEY = re.compile(r"[^!-~]|[\"'`]")  # a key is sent in a header of HTTP


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
    if os.environ.get(IN_CONTAINER) and _is_loopback(parsed.host):
        raise ValueError(
            f"should not name {parsed.host}, which is the container itself: write {HOST} instead to reach a server on "
            "this machine"
        )
    return url


def bundles_server() -> str:
    """Return where this bundle's media server is, seen from a container or from the machine that runs Docker."""
    return "ws://livekit:7880" if os.environ.get(IN_CONTAINER) else "ws://localhost:7880"


def _is_loopback(host: str) -> bool:
    """Return whether a host is the machine that asks: localhost in any form, or "all addresses of this machine"."""
    name = host.rstrip(".").lower()
    if name in ("localhost", "ip6-localhost", "localhost.localdomain") or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))  # also 127.1 and 2130706433
        except OSError:
            return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def check_key(key: SecretStr) -> SecretStr:
    """Return a key if every character of it can be in one; a ValueError does not quote it."""
    if found := IN_NO_KEY.search(key.get_secret_value()):
        raise ValueError(
            f"has a character at position {found.start() + 1} that is in no key: a key has only ASCII letters, digits "
            "and signs, without spaces and quotes; copy it again"
        )
    return key


def check_keys(keys: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    """Return the keys if each can be one; an error of the type WRONG_KEY names the variable and does not quote it."""
    for name, key in keys.items():
        try:
            check_key(key)
        except ValueError as problem:
            raise PydanticCustomError(WRONG_KEY, f"{name} {problem}") from None
    return keys


def check_token(token: SecretStr) -> SecretStr:
    """Return a token that cannot be guessed; a ValueError does not quote it."""
    if len(check_key(token).get_secret_value()) < SHORTEST_TOKEN:
        raise ValueError(f"should have at least {SHORTEST_TOKEN} characters, as from: openssl rand -hex 24")
    return token


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
