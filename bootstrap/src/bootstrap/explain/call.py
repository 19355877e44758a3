"""A call as its INVITE describes it, and the text by which a person describes one. Pure."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from bootstrap.explain.numbers_shown import without_numbers
from bootstrap.text import quote

EXAMPLE = 'write it like CALL="+15551230000 -> +15551234567 from 54.172.60.1"'
WRITTEN = re.compile(
    r"(?P<caller>\S.*?|) *(?:->|→) *(?P<dialled>\S.*?) +from +(?P<address>\S+)"
    r"(?: +host +(?P<host>\S+))?(?: +account +(?P<account>\S+))?(?: +pin +(?P<pin>[0-9*]{1,16}|none))?"
)


@dataclass(frozen=True)
class Call:
    """What of a call decides where it goes. The numbers are left out of `repr`, so that they cannot slip into a log."""

    caller: str = field(repr=False)  # the user part of the From header, as sent; "" if there is none
    dialled: str = field(repr=False)  # the user part of the To header, as sent
    address: str  # where the INVITE comes from: an IPv4 or IPv6 address
    from_host: str = ""  # the host part of the From header; empty: the same as `address`
    pin: str | None = None  # what was typed before the #; None: nothing was asked for yet
    account: str = field(default="", repr=False)  # with the trunk provider, as its header names it

    @property
    def host(self) -> str:
        return self.from_host or self.address


def parse(text: str) -> Call:
    """Read `caller -> dialled from address`; a ValueError says what is wrong with it.

    After the address, in this order, there may be `host <host of the From header>`, `account <trunk account>` and
    `pin <what the caller types before the #, or none>`.
    """
    written = WRITTEN.fullmatch(text.strip())
    if not written:
        raise ValueError(f"CALL is {without_numbers(quote(text))}, which is not a call; {EXAMPLE}")
    found = {name: value or "" for name, value in written.groupdict().items()}
    try:
        ip_address(found["address"])
    except ValueError:
        raise ValueError(
            f"CALL is from {quote(found['address'])}, which is not an IP address; write the address that the INVITE "
            "comes from, such as 54.172.60.1"
        ) from None
    return Call(
        caller="" if found["caller"].lower() == "anonymous" else found["caller"],
        dialled=found["dialled"],
        address=found["address"],
        from_host=found["host"],
        pin=written["pin"] and found["pin"].replace("none", ""),
        account=found["account"],
    )
