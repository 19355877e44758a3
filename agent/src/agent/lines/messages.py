"""Who is told of the messages that callers leave, and of their calls."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import NamedSecret

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def _check_address(named: NamedSecret) -> NamedSecret:
    """Refuse what is no address at all. Whether Apprise knows its kind is checked where Apprise is loaded anyway."""
    if not ADDRESS.fullmatch(named[1].get_secret_value()):
        raise ValueError(
            f"names {named[0]}, whose value in lines/secrets.env should be an address of Apprise, such as "
            "mailtos://user:password@example.com: docs/abilities/messages.md shows some"
        )
    return named


class Messages(Group):
    """docs/abilities/messages.md describes messages, and who is told of them."""

    notify: list[Annotated[NamedSecret, AfterValidator(_check_address)]] = Field(
        default_factory=list,
        description="The names in lines/secrets.env of the addresses that are told of each message: an e-mail address, "
        "a chat or a telephone number for SMS, as Apprise writes them.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    notify_of: Literal["messages", "calls"] = setting(
        "messages",
        "What these addresses are told of: messages (and nothing else), or calls (messages, and how each call ended).",
    )

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses by their names in lines/secrets.env."""
        return {name: secret.get_secret_value() for name, secret in self.notify}
