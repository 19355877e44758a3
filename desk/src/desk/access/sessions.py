"""Sessions: a signed cookie. Signing out makes a new key, so every browser has to sign in again.

A session belongs to nobody until the operator has signed in. It is there from the first page on, so that forms can be
protected before that, too.
"""

import contextlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

# The prefix makes browsers take the cookie only from HTTPS or localhost, and from no other host of the domain.
COOKIE = "__Host-desk"
LASTS = 12 * 3600  # seconds
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    is_operator: bool = False
    is_new: bool = True  # the browser does not have the cookie yet


class Sessions:
    """Reads and writes the cookies of one desk; `folder` has the key."""

    def __init__(self, folder: Path, password: str) -> None:
        self._file, self._password = folder / "session.key", password
        self._key = self._read() or self._new()

    def read(self, cookie: str | None) -> Session:
        """Return the session of a cookie; a new one if there is none, or it is old or forged."""
        try:
            given = self._serializer.loads(cookie or "", max_age=LASTS)
            return Session(str(given["id"]), given["operator"] is True, is_new=False)
        except (BadSignature, KeyError, TypeError):
            return Session(secrets.token_urlsafe(18))

    def written(self, session: Session) -> str:
        """Return the cookie's value."""
        return str(self._serializer.dumps({"id": session.id, "operator": session.is_operator}))

    def csrf(self, session: Session) -> str:
        """Return the token that a request which changes something has to carry."""
        return hmac.digest(self._key, f"csrf {session.id}".encode(), "sha256").hex()

    def signed_in(self) -> Session:
        """Make the operator's session, under a new id."""
        return Session(secrets.token_urlsafe(18), is_operator=True)

    def sign_everybody_out(self) -> None:
        """Make a new key, so that no cookie is valid any more."""
        self._key = self._new()

    @property
    def _serializer(self) -> URLSafeTimedSerializer:
        # With the password in it, a new password ends the sessions of the old one.
        return URLSafeTimedSerializer(self._key.hex(), salt=f"session {self._password}")

    def _read(self) -> bytes | None:
        with contextlib.suppress(OSError):
            key = self._file.read_bytes()
            return key if len(key) == KEY_BYTES else None
        return None

    def _new(self) -> bytes:
        """Make a key. If it cannot be kept, sessions end when the desk does, and so do those of the key before."""
        key, aside = secrets.token_bytes(KEY_BYTES), self._file.with_suffix(f".{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            try:
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(key)
                aside.replace(self._file)
            finally:
                aside.unlink(missing_ok=True)
        return key
