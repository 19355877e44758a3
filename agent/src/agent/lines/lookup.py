"""A web address of the line's owner that tells who is calling."""

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import SecretAddress, SecretKey


class Lookup(Group):
    """docs/calls/callers.md describes the request and the answer."""

    url: SecretAddress | None = setting(
        None,
        "The name in lines/secrets.env of an address that is asked who is calling, before the first word. If it is not "
        "set, only contacts.csv is used.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    token: SecretKey | None = setting(
        None,
        "The name in lines/secrets.env of the token that is sent with the question.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    timeout: float = setting(1.5, "Seconds to wait for the answer.", ge=0.1, le=10)
