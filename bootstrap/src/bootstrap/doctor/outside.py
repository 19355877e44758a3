"""The one module of the doctor that sends anything: SIP's OPTIONS, a UDP packet to echo, DNS, TLS and HTTP.

Nothing that is sent changes anything at its receiver.
"""

import asyncio
import re
import secrets
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bootstrap.doctor.echo import MAGIC
from bootstrap.internet import Internet

PATIENCE = 3.0  # seconds for one question


@dataclass(frozen=True)
class Certificate:
    """A certificate that a browser would trust for this name."""

    ends: float  # seconds since the epoch


class Outside:
    """The network, as the doctor's container sees it."""

    def __init__(self, tell_the_address: Sequence[str] = (), trust: ssl.SSLContext | None = None) -> None:
        """`tell_the_address` has the URLs of services that answer with the address a request came from."""
        self._internet = Internet(tell_the_address)
        self._trust = trust

    async def addresses(self, host: str) -> tuple[Sequence[str], Sequence[str]]:
        """Return the IPv4 and the IPv6 addresses of a name; two empty lists if it has none."""
        return (
            await self._internet.addresses_of(host, socket.AF_INET),
            await self._internet.addresses_of(host, socket.AF_INET6),
        )

    async def public_address(self) -> str:
        """Return the address from which this host is seen; empty if nobody told."""
        return await self._internet.public_address()

    async def options(self, host: str, port: int, *, transport: str) -> str:
        """Ask for SIP's OPTIONS over udp or tcp; return the status line of the answer, or "" if none came."""
        ask = self._options_over_udp if transport == "udp" else self._options_over_tcp
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await ask(host, port)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return ""
        status = answer.decode("ascii", "replace").partition("\r\n")[0].strip()
        return status if status.startswith("SIP/2.0 ") else ""

    async def _options_over_udp(self, host: str, port: int) -> bytes:
        return await ask_over_udp(host, port, lambda own: options_request(host, own, "UDP"))

    async def _options_over_tcp(self, host: str, port: int) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            own = writer.get_extra_info("sockname")
            writer.write(options_request(host, f"{own[0]}:{own[1]}", "TCP"))
            return await reader.readuntil(b"\r\n")
        finally:
            writer.close()

    async def echo(self, host: str, port: int) -> bool:
        """Say whether a UDP packet to an `echo` at this address comes back."""
        packet = MAGIC + secrets.token_bytes(16)
        try:
            async with asyncio.timeout(PATIENCE):
                return await ask_over_udp(host, port, lambda _: packet) == packet
        except (OSError, TimeoutError):
            return False

    async def health(self, url: str) -> int | None:
        """Return the status of GET / at a LiveKit server's URL; None if it cannot be reached."""
        http = re.sub(r"^ws", "http", url)
        limit = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(http) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def https(self, at: tuple[str, int], site: str) -> str:
        """Return the status line of GET / for `site` at an address, whoever signed the certificate; "" if none came."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        request = f"GET / HTTP/1.1\r\nHost: {site}\r\nConnection: close\r\n\r\n".encode()
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(*at, ssl=context, server_hostname=site)
                try:
                    writer.write(request)
                    return (await reader.readline()).decode("ascii", "replace").strip()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return ""

    async def certificate(self, at: tuple[str, int], site: str) -> Certificate:
        """Return the certificate for `site`; an ssl.SSLCertVerificationError if a browser would refuse it.

        Raises:
            OSError, TimeoutError: nobody answered.
        """
        async with asyncio.timeout(PATIENCE):
            trust = self._trust or ssl.create_default_context()
            _, writer = await asyncio.open_connection(*at, ssl=trust, server_hostname=site)
            try:
                ends = str(writer.get_extra_info("peercert")["notAfter"])
            finally:
                writer.close()
        return Certificate(ssl.cert_time_to_seconds(ends))

    async def reaches(self, host: str, port: int, *, tls: bool) -> bool:
        """Say whether a TCP connection can be opened, with TLS if wanted; certificates are not looked at."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(host, port, ssl=context if tls else None)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True


async def ask_over_udp(host: str, port: int, make: Callable[[str], bytes]) -> bytes:
    """Send one packet, and return the first one that comes back; an OSError if the host refuses it.

    `make` is given the socket's own address, as host:port.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: FirstPacket(answer), remote_addr=(host, port), family=socket.AF_INET
    )
    try:
        own = transport.get_extra_info("sockname")
        packet = make(f"{own[0]}:{own[1]}")
        while not answer.done():  # UDP may lose one
            transport.sendto(packet)
            await asyncio.wait([answer], timeout=1)
        return answer.result()
    finally:
        transport.close()


class FirstPacket(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


def options_request(host: str, own: str, transport: str) -> bytes:
    """Write SIP's OPTIONS, which asks whether somebody is there and what they can do."""
    unique = secrets.token_hex(8)
    return "\r\n".join(
        [
            f"OPTIONS sip:doctor@{host} SIP/2.0",
            f"Via: SIP/2.0/{transport} {own};rport;branch=z9hG4bK{unique}",
            f"From: <sip:doctor@{own}>;tag={unique}",
            f"To: <sip:doctor@{host}>",
            f"Call-ID: {unique}",
            "CSeq: 1 OPTIONS",
            f"Contact: <sip:doctor@{own}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "",
            "",
        ]
    ).encode()


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """Split `host` or `host:port`."""
    parts = urlsplit(f"//{text}")
    return parts.hostname or text, parts.port or port
