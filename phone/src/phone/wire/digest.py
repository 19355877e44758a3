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
    scheme, _, rest = challenge.strip().partition(" ")
    # sipmessage 0.7.1 cuts quoted values at commas (qop="auth,auth-int"), so the challenge is read here.
    asked = {name.lower(): quoted or bare for name, quoted, bare in PARAMETER.findall(rest)}
    algorithm = asked.get("algorithm", "MD5")
    if scheme.lower() != "digest" or algorithm.upper() not in ALGORITHMS:
        raise ValueError(f"cannot answer a {scheme} {algorithm} challenge, only Digest MD5 and SHA-256")
    qops = [qop.strip() for qop in asked.get("qop", "").split(",") if qop.strip()]
    if qops and "auth" not in qops:
        raise ValueError(f"cannot answer qop={','.join(qops)}, only auth")

    def digest(*parts: str) -> str:
        return hashlib.new(ALGORITHMS[algorithm.upper()], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

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
