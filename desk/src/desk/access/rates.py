"""How often one address, and all together, may try something."""

import ipaddress

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from desk.problem import Problem

SIGN_IN = (parse("10/minute"), parse("60/minute"))  # for one address, for all
TALK = (parse("6/minute"), parse("30/minute"))


class Rates:
    """Counts in memory: after a restart everybody may try again."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, request: Request, what: str, limits: tuple[RateLimitItem, RateLimitItem]) -> None:
        """Count one attempt.

        Raises:
            Problem: 429, this address or all together have tried too often.
        """
        for limit, who in zip(limits, (network_of(request), "all"), strict=True):
            if not self._limiter.hit(limit, what, who):
                raise Problem(429, "That was tried too often in the last minute. Wait a minute, then try again.")


def network_of(request: Request) -> str:
    """Return whom a request is counted for: its IPv4 address, or the /64 of its IPv6 address, which one person has."""
    # Caddy, through which every request comes, discards what a client writes here, and adds the client's address.
    written = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(written or (request.client.host if request.client else ""))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
