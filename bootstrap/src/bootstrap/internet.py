"""What the internet says of this host: its public address, and the addresses of names."""

import asyncio
import re
import socket
from collections.abc import Sequence

import aiohttp

SECONDS = 5
LONGEST = 64  # bytes of an answer
ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")


class Internet:
    """Asks services that answer with the address a request came from, and DNS."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = services
        self._address: str | None = None

    async def public_address(self) -> str:
        """Return this host's public IPv4 address; empty if no service says it. It is asked once."""
        if self._address is None:
            self._address = await self._ask()
        return self._address

    async def addresses_of(self, name: str, family: socket.AddressFamily = socket.AF_INET) -> Sequence[str]:
        """Return the addresses that `name` has in DNS; none if it has none, or if DNS does not answer."""
        try:
            async with asyncio.timeout(SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(name, None, family=family, type=socket.SOCK_DGRAM)
        except (OSError, TimeoutError, UnicodeError):
            return []
        return sorted({str(address[0]) for *_, address in found})

    async def _ask(self) -> str:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            for service in self._services:
                try:
                    async with session.get(service) as answer:
                        text = (await answer.content.read(LONGEST)).decode("ascii", "replace").strip()
                except (aiohttp.ClientError, TimeoutError, OSError):
                    continue
                if ADDRESS.fullmatch(text):
                    return text
        return ""
