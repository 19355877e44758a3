"""A web address that is told of every message that is taken, and of every call that has ended."""

import base64
import binascii
from typing import Annotated, Self

from pydantic import AfterValidator, SecretStr, model_validator

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import Secret, SecretAddress

SECRET_PREFIX = "whsec_"  # noqa: S105 - begins a secret of Standard Webhooks, the rest of which is Base64
SHORTEST_SECRET, SHORTEST_KEY = 32, 24  # characters, and bytes, as in Standard Webhooks


def key_of(secret: str) -> bytes:
    """Return the signing key: a `whsec_…` secret is Base64, and any other is used as it is.

    The library of Standard Webhooks would decode any secret as Base64, and skip the characters that are not Base64.

    Raises:
        ValueError: the secret begins with whsec_ and the rest is not Base64.
    """
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def _check_secret(secret: SecretStr) -> SecretStr:
    """Refuse a secret that is easy to guess, or that its receiver would read as another one."""
    text = secret.get_secret_value()
    if text.startswith(SECRET_PREFIX):
        try:
            long_enough = len(key_of(text)) >= SHORTEST_KEY
        except binascii.Error:
            long_enough = False
        if not long_enough:
            raise ValueError(
                f"names a secret that begins with {SECRET_PREFIX}: the rest should be Base64 of at least "
                f"{SHORTEST_KEY} bytes"
            )
    elif len(text) < SHORTEST_SECRET:
        raise ValueError(f"names a secret that should have at least {SHORTEST_SECRET} characters")
    return secret


class Webhook(Group):
    """docs/calls/recording.md describes the request."""

    url: SecretAddress | None = setting(
        None,
        "The name in lines/secrets.env of an address that receives an event about every call that has ended. If it is "
        "not set, nothing is sent.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    secret: Annotated[Secret, AfterValidator(_check_secret)] | None = setting(
        None,
        "The name in lines/secrets.env of the secret that signs these events, which has 32 characters or more.",
        json_schema_extra=NEEDS_MAKE_UP,
    )

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.url and not self.secret:
            raise ValueError(
                "url is set and secret is not: events have to be signed, so give secret the name of a value in "
                "lines/secrets.env that has 32 or more characters"
            )
        return self
