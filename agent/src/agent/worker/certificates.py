"""Certificate authorities of the operator's own, in lines/ca.pem, are trusted beside the usual ones.

The file's certificates and the usual ones are written into one file, which SSL_CERT_FILE names. Everything that the
agent starts has that variable, and all that opens a TLS connection honours it: httpx2, aiohttp, smtplib and the media
SDK. Only requests, with which Apprise sends notices, has a variable of its own.
"""

import os
import ssl
import tempfile
from pathlib import Path

import certifi

FILE = "ca.pem"
VARIABLE, OF_REQUESTS = "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"


def problems(lines: Path) -> list[str]:
    """Say what is wrong with ca.pem in the folder of the lines, if it is there."""
    file = lines / FILE
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it contains bytes that are not ASCII"
        return [f"{_name(file)} cannot be read: {reason}. It should have certificates in PEM form"]
    if "PRIVATE KEY-----" in text:
        return [f"{_name(file)} contains a private key: keep only the certificates of your authorities in it"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return [
            f"{_name(file)} has no certificates in PEM form, each of which begins with -----BEGIN CERTIFICATE-----: "
            "write those of your authorities into it, or delete it"
        ]
    if not context.get_ca_certs():
        return [f"{_name(file)} has certificates, but none of an authority: add the one that signed the server's"]
    return []


def trust_own_authorities(lines: Path) -> None:
    """Trust the authorities in ca.pem in the folder of the lines, in this process and in those that it starts."""
    file = lines / FILE
    if not file.is_file() or problems(lines):
        return
    usual = Path(os.environ.get(VARIABLE) or certifi.where())
    with tempfile.NamedTemporaryFile("w", prefix="authorities-", suffix=".pem", delete=False) as both:
        both.write(f"{usual.read_text(encoding='utf-8')}\n{file.read_text(encoding='ascii')}")
    os.environ[VARIABLE] = os.environ[OF_REQUESTS] = both.name


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
