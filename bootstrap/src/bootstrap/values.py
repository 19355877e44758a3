"""One function for each kind of value: it takes text and returns the value; its ValueError completes "VARIABLE …"."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from bootstrap.text import quote

IN_CONTAINER = "IN_CONTAINER"  # set by the image: there, localhost is not the machine that runs Docker
LOOPBACK = re.compile(
    r"(?:.*\.)?localhost\.?|127(?:\.\d+){1,3}|0(?:\.0){0,3}|\[(?:::|::1|::ffff:127\..*)\]", re.IGNORECASE
)
PUBLISHED = {"devkey", "secret"}  # LiveKit's development pair, known to every scanner


def yes_or_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError(f"is {quote(text)}; write exactly yes or no")
    return text == "yes"


def seconds(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"is {quote(text)}; write whole seconds from {low} to {high}")
        return int(text)

    return parse


def url(text: str) -> str:
    """A server's address: scheme, host and port, nothing after them."""
    match = re.fullmatch(r"(?:ws|http)s?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", text)
    if not match or not 0 < int(match[2] or 80) < 65536:
        raise ValueError(
            f"is {quote(text)}; write scheme (ws, wss, http, https), host and port, and no path: ws://livekit:7880"
        )
    if os.environ.get(IN_CONTAINER) and LOOPBACK.fullmatch(match[1]):
        raise ValueError(
            f"is {quote(text)}, which is the container itself; leave it empty for this bundle's server, or write "
            "host.docker.internal instead to reach one on this machine"
        )
    return text


def sip_address(text: str) -> str:
    """The address of a carrier or a PBX: a host name or an IPv4 address, and its port if that is not 5060."""
    match = re.fullmatch(r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::([0-9]{1,5}))?", text)
    if not match or not 0 < int(match[2] or 5060) < 65536:
        raise ValueError(
            f"is {quote(text)}; write a host name or an IPv4 address, with a port if it is not 5060, and nothing else: "
            "sip.example.com or 192.0.2.7:5080"
        )
    if os.environ.get(IN_CONTAINER) and LOOPBACK.fullmatch(match[1]):
        raise ValueError(
            f"is {quote(text)}, which is the gateway's own container; write host.docker.internal instead to reach a "
            "PBX on this machine"
        )
    return text


def title(text: str) -> str:
    """A name that people read."""
    if len(text) > 100:
        raise ValueError(f"has {len(text)} characters; at most 100 are accepted")
    return text


def token(text: str) -> str:
    """A name that programs compare, or build other names from."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise ValueError(f"is {quote(text)}; write 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    return text


def user_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+-]{1,64}", text):
        raise ValueError(f"is {quote(text)}; write 1 to 64 of the characters A-Z a-z 0-9 . _ ~ + -")
    return text


def password(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,128}", text):
        raise ValueError("holds white space or a character outside ASCII, or is longer than 128 characters")
    return text


def api_key(text: str) -> str:
    if text in PUBLISHED:
        raise ValueError("is LiveKit's published development key; generate one of your own")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text):
        raise ValueError("holds a character other than A-Z a-z 0-9 _ -, or is longer than 128 characters")
    return text


def api_secret(text: str) -> str:
    if text in PUBLISHED:
        raise ValueError("is LiveKit's published development secret; generate one of your own")
    # What the server's own configuration reads as one plain word: no $, #, colon or white space.
    if not re.fullmatch(r"[A-Za-z0-9_+/=.~-]*", text):
        raise ValueError("holds white space or a character other than A-Z a-z 0-9 _ + / = . ~ -")
    if len(text) < 32:
        raise ValueError(f"has {len(text)} characters; at least 32 are needed")
    return text


def twilio_account(text: str) -> str:
    return twilio_sid(text, "AC", "the account's SID, which the console shows under Account Info")


def twilio_key(text: str) -> str:
    return twilio_sid(text, "SK", "an API key's SID, which the console shows under Account > API keys & tokens")


def twilio_sid(text: str, kind: str, what: str) -> str:
    if not re.fullmatch(f"{kind}[0-9a-f]{{32}}", text):
        raise ValueError(f"is {quote(text)}; write {what}: {kind} and 32 of the characters 0-9 a-f")
    return text


def web_address(text: str) -> str:
    """An address on the web: http or https, a host, and no credentials."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(r"[!-~]{1,2048}", text):
        raise ValueError(f"is {quote(text)}; write an address like https://example.com/sorry.xml")
    return text


def api_address(text: str) -> str:
    """Where an API is, to which a secret is sent: over https, or on this machine and in private networks."""
    parts = urlsplit(web_address(text))
    host = parts.hostname or ""
    if parts.scheme == "http" and "." in host and not (LOOPBACK.fullmatch(host) or is_private(host)):
        raise ValueError(f"is {quote(text)}; write https, because the secret is sent there")
    return text.rstrip("/")


def is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "host.docker.internal"
