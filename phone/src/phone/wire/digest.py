"""Answers HTTP digest challenges as SIP uses them (RFC 2617, RFC 8760): MD5 and SHA-256, with and without qop=auth."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from sipmessage import AuthCredentials, AuthParameters

PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str = field(repr=False)


def answer(
    challenge: str, credentials: Credentials, method: str, uri: str, cnonce: str | None = None
) -> AuthCredentials:
    """Answer the value of a WWW-Authenticate or Proxy-Authenticate header.

    Raises ValueError on a scheme, an algorithm or a protection that is not known.
    """
    scheme, asked = _read(challenge)
    algorithm = asked.get("algorithm", "MD5")
    if scheme.lower() != "digest" or algorithm.upper() not in ALGORITHMS:
        raise ValueError(f"cannot answer a {scheme} {algorithm} challenge, only Digest MD5 and SHA-256")
    qops = [qop.strip() for qop in asked.get("qop", "").split(",") if qop.strip()]
    if qops and "auth" not in qops:
        raise ValueError(f"cannot answer qop={','.join(qops)}, only auth")

    def digest(*parts: str) -> str:
        return _hash(ALGORITHMS[algorithm.upper()], *parts)

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret = digest(credentials.username, realm, credentials.password)
    wanted = digest(method, uri)
    parameters = {"username": credentials.username, "realm": realm, "nonce": nonce, "uri": uri}
    if "algorithm" in asked:
        parameters["algorithm"] = algorithm
    if "opaque" in asked:
        parameters["opaque"] = asked["opaque"]
    if qops:
        cnonce = cnonce or secrets.token_hex(8)
        parameters |= {"qop": "auth", "nc": "00000001", "cnonce": cnonce}
        parameters["response"] = digest(secret, nonce, "00000001", cnonce, "auth", wanted)
    else:
        parameters["response"] = digest(secret, nonce, wanted)
    return AuthCredentials("Digest", AuthParameters(**parameters))


def challenge(realm: str, nonce: str) -> str:
    """Return the value of a WWW-Authenticate or Proxy-Authenticate header."""
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'


def is_right(authorization: str, credentials: Credentials, method: str, nonce: str) -> bool:
    """Return whether the value of an Authorization header answers a `challenge` with this nonce."""
    scheme, given = _read(authorization)
    if scheme.lower() != "digest" or given.get("username") != credentials.username or given.get("nonce") != nonce:
        return False
    secret = _hash("md5", credentials.username, given.get("realm", ""), credentials.password)
    protected = [given.get("nc", ""), given.get("cnonce", ""), given["qop"]] if "qop" in given else []
    wanted = _hash("md5", method, given.get("uri", ""))
    return given.get("response") == _hash("md5", secret, nonce, *protected, wanted)


def _read(header: str) -> tuple[str, dict[str, str]]:
    scheme, _, rest = header.strip().partition(" ")
    # sipmessage 0.7.1 cuts quoted values at commas (qop="auth,auth-int"), so the parameters are read here.
    return scheme, {name.lower(): quoted or bare for name, quoted, bare in PARAMETER.findall(rest)}


def _hash(algorithm: str, *parts: str) -> str:
    return hashlib.new(algorithm, ":".join(parts).encode(), usedforsecurity=False).hexdigest()
