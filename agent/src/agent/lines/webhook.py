"""An address that is told of every call that has ended."""

import base64
import binascii
from typing import Annotated, Self

from pydantic import AfterValidator, SecretStr, model_validator

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import Secret, SecretAddress

SECRET_PREFIX = "whsec_"  # noqa: S105 - of Standard Webhooks' secrets, the rest of which is Base64
SHORTEST_SECRET, SHORTEST_KEY = 32, 24  # characters, and bytes as Standard Webhooks has it


def key_of(secret: str) -> bytes:
    """Return the signing key: a `whsec_…` secret is Base64, any other is taken letter by letter.

    The library of Standard Webhooks would take any secret for Base64, and skip what is none.

    Raises:
        ValueError: the secret begins with whsec_ and the rest is not Base64.
    """
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def _check_secret(secret: SecretStr) -> SecretStr:
    """Refuse what is easy to guess, or what its receiver would take for another secret."""
    text = secret.get_secret_value()
    if text.startswith(SECRET_PREFIX):
        try:
            long_enough = len(key_of(text)) >= SHORTEST_KEY
        except binascii.Error:
            long_enough = False
        if not long_enough:
            raise ValueError(
                f"names a secret that begins with {SECRET_PREFIX}: after it should be Base64 of at least "
                f"{SHORTEST_KEY} bytes"
            )
    elif len(text) < SHORTEST_SECRET:
        raise ValueError(f"names a secret that should have at least {SHORTEST_SECRET} characters")
    return secret


class Webhook(Group):
    """docs/calls/recording.md describes the request."""

    url: SecretAddress | None = setting(
        None,
        "The name in lines/secrets.env of an address that is told of every call that has ended; not set: none.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    secret: Annotated[Secret, AfterValidator(_check_secret)] | None = setting(
        None,
        "The name in lines/secrets.env of the secret that signs what is told: 32 characters or more.",
        json_schema_extra=NEEDS_MAKE_UP,
    )

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.url and not self.secret:
            raise ValueError(
                "url is set and secret is not: what is told has to be signed, by any 32 letters and digits"
            )
        return self
