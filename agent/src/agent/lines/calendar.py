"""Where a line's appointments are kept, and who may see them."""

from typing import Annotated, Self

from pydantic import AfterValidator, SecretStr, model_validator

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import Secret, SecretAddress

SHORTEST_FEED = 32  # characters


def _check_feed(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < SHORTEST_FEED or not all(
        letter.isascii() and (letter.isalnum() or letter in "-_") for letter in text
    ):
        raise ValueError(
            f"names a secret that should have at least {SHORTEST_FEED} letters, digits, - or _, because whoever knows "
            "it reads the appointments: make one with `openssl rand -hex 24`"
        )
    return secret


class Calendar(Group):
    """Without `url` the appointments are kept on this host. docs/abilities/appointments.md says more."""

    url: SecretAddress | None = setting(
        None,
        "The name in lines/secrets.env of the address of a CalDAV calendar, which then has the appointments.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    username: str = setting("", "The user at the CalDAV server.")
    password: Secret | None = setting(
        None,
        "The name in lines/secrets.env of this user's password, which should be one for apps.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    timeout: float = setting(5, "Seconds within which the CalDAV server should answer.", ge=1, le=30)
    feed: Annotated[Secret, AfterValidator(_check_feed)] | None = setting(
        None,
        "The name in lines/secrets.env of a secret of 32 or more letters and digits. The appointments that are kept on "
        "this host can then be read at the address /calendars/SECRET.ics, see docs/abilities/appointments.md.",
        json_schema_extra=NEEDS_MAKE_UP,
    )

    keep_days: int = setting(
        60,
        "Days that an appointment which is over is kept on this host. A CalDAV server keeps its own as it likes.",
        ge=1,
        le=3650,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.url and not (self.username and self.password):
            raise ValueError("url is set, so username and password should be set, too: CalDAV servers ask for both")
        if self.url and self.feed:
            raise ValueError("url and feed are both set: a CalDAV calendar has an address of its own to subscribe to")
        return self
