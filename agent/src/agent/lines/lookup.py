"""An address of the owner's that knows who calls."""

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import Secret, SecretAddress


class Lookup(Group):
    """docs/calls/callers.md describes the question and the answer."""

    url: SecretAddress | None = setting(
        None,
        "The name in lines/secrets.env of an address that is asked who calls, before the first word; not set: "
        "contacts.csv alone.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    token: Secret | None = setting(
        None,
        "The name in lines/secrets.env of the token that is sent with the question.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    timeout: float = setting(1.5, "Seconds that the answer may take.", ge=0.1, le=10)
