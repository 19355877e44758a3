"""IP addresses and ranges that may call, as the trunk compares them.

LiveKit checks none of this: a range it cannot parse matches nobody, and a list whose entries all hold
a space or a comma lets everybody in.
"""

import re
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from bootstrap.text import parse_list, quote

HINT = "write an address like 54.172.60.1 or a range like 54.172.60.0/30"
MOST = 1000

# From the IANA special-purpose registries. Python's `is_private` differs between releases, and looks only
# at the two ends of a range.
PRIVATE = [
    ip_network(text)
    for text in [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "::1/128",
        "2001:db8::/32",
        "3fff::/20",
        "fc00::/7",
    ]
]
NEVER = {
    ip_network("0.0.0.0/8"): "the unspecified network",
    ip_network("169.254.0.0/16"): "link-local",
    ip_network("224.0.0.0/4"): "multicast",
    ip_network("240.0.0.0/4"): "reserved",
    ip_network("::/128"): "the unspecified address",
    ip_network("::ffff:0:0/96"): "IPv4 written as IPv6, which never matches a caller",
    ip_network("fe80::/10"): "link-local",
    ip_network("ff00::/8"): "multicast",
}
PUBLIC_V6 = ip_network("2000::/3")
WIDEST = {4: 8, 6: 16}  # prefix lengths; no carrier signals from a wider range, which would mean "anybody"


def parse(text: str, *, allow_any: bool, allow_private: bool) -> tuple[str, ...]:
    """Parse comma-separated addresses and ranges into ranges, in the order given: a bare address is a /32 or /128.

    An address is not left bare: LiveKit also lets in a caller whose From host is exactly the entry's text.
    """
    check = partial(parse_one, allow_any=allow_any, allow_private=allow_private)
    return parse_list(text, MOST, check)


def parse_one(entry: str, *, allow_any: bool = False, allow_private: bool = False) -> str:
    network = read_network(entry)
    if network.prefixlen < WIDEST[network.version]:
        if not allow_any:
            raise ValueError(f"{quote(entry)} lets almost anybody call; if you mean it, set ALLOW_ANY_ADDRESS=yes")
        return str(network)
    for special, what in NEVER.items():
        if network.version == special.version and network.overlaps(special):
            raise ValueError(f"{quote(entry)} is or includes {special} ({what}): no call comes from there")
    if not allow_private and not is_public(network):
        raise ValueError(
            f"{quote(entry)} is or includes a private or documentation range; if you mean it, "
            "set ALLOW_PRIVATE_ADDRESSES=yes"
        )
    return str(network)


def parse_host(text: str) -> str:
    """Parse one bare IPv4 or IPv6 address, private or not, into a range of one."""
    if "/" in text:
        raise ValueError(f"{quote(text)} is a range; write one address without a slash")
    return parse_one(text, allow_private=True)


def is_public(network: IPv4Network | IPv6Network) -> bool:
    if network.version == 6 and not network.overlaps(PUBLIC_V6):
        return False
    return not any(network.version == special.version and network.overlaps(special) for special in PRIVATE)


def read_network(entry: str) -> IPv4Network | IPv6Network:
    """Read the range that `entry` names and clear its host bits; a ValueError says why it names none."""
    address, slash, prefix = entry.partition("/")
    try:
        version = ip_address(address.replace("%", " ")).version  # Python knows zones, fe80::1%eth0; LiveKit does not
    except ValueError:
        raise ValueError(f"{quote(entry)} {explain(entry)}; {HINT}") from None
    bits = 32 if version == 4 else 128
    if not slash:
        return ip_network(f"{address}/{bits}")
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix) or int(prefix) > bits:
        raise ValueError(f"{quote(entry)} has the prefix length {quote(prefix)} instead of 0 to {bits}")
    return ip_network(f"{address}/{prefix}", strict=False)


def explain(entry: str) -> str:
    """Say why `entry` is not an address."""
    if not entry:
        return "is an empty entry (a comma too many?)"
    if re.search(r"[ ;|]", entry):
        return "is more than one entry (separate them with commas)"
    if re.match(r"sips?:", entry):
        return "is a SIP address, not an IP address"
    if re.fullmatch(r"[0-9.]+:[0-9]+", entry) or entry.startswith("["):
        return "has a port or brackets, which are not part of an address"
    if "%" in entry:
        return "has a zone, which LiveKit cannot compare"
    if re.search(r"(^|\.)0[0-9]", entry):
        return "has a leading zero"
    if re.search(r"[g-zG-Z]", entry):
        return "is a host name: LiveKit would believe any caller who writes that name"
    return "is not an IP address"
