"""What a browser asks of a TURN server over UDP (RFC 8656): a relay, and whom it may relay to.

Each request is sent until its answer comes, since a packet may be lost.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address

COOKIE = 0x2112A442
ALLOCATE, CREATE_PERMISSION, SEND, DATA = 0x003, 0x008, 0x016, 0x017
SUCCESS, ERROR, INDICATION = 0x0100, 0x0110, 0x0010
USERNAME, INTEGRITY, ERROR_CODE, PEER, CONTENT = 0x0006, 0x0008, 0x0009, 0x0012, 0x0013
REALM, NONCE, RELAYED, TRANSPORT = 0x0014, 0x0015, 0x0016, 0x0019
UDP = b"\x11\0\0\0"


@dataclass
class Relay:
    """A relay on `server` (address, port) for the user whose name and password the media server has given."""

    server: tuple[str, int]
    user: str
    password: str
    _realm: bytes = b""
    _nonce: bytes = b""
    _socket: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def allocate(self) -> tuple[str, int]:
        """Have the server open a port, and return its address and number as others see them."""
        self._socket.settimeout(1)
        code, refused = self._ask(ALLOCATE, [(TRANSPORT, UDP)], signed=False)
        assert code == 401, f"a server that wants a name and a password answers 401, but this one answered {code}"
        self._realm, self._nonce = refused[REALM], refused[NONCE]
        code, allowed = self._ask(ALLOCATE, [(TRANSPORT, UDP)])
        assert code == 0, f"no relay was opened: {code}"
        return _read_address(allowed[RELAYED])

    def permit(self, peer: str) -> int:
        """Ask that packets to and from `peer` are relayed; return 0, or the code of the refusal."""
        return self._ask(CREATE_PERMISSION, [(PEER, _address(peer, 0))])[0]

    def send(self, peer: str, port: int, data: bytes) -> None:
        """Have `data` sent to a peer. Nobody says whether it is."""
        self._socket.sendto(_message(SEND | INDICATION, [(PEER, _address(peer, port)), (CONTENT, data)]), self.server)

    def received(self, seconds: float) -> bytes:
        """Return what a peer has sent, or nothing if none has after some seconds."""
        self._socket.settimeout(seconds)
        try:
            kind, attributes = _read(self._socket.recv(2048))
        except TimeoutError:
            return b""
        return attributes.get(CONTENT, b"") if kind == DATA | INDICATION else b""

    def close(self) -> None:
        self._socket.close()

    def _ask(
        self, method: int, attributes: list[tuple[int, bytes]], signed: bool = True
    ) -> tuple[int, dict[int, bytes]]:
        if signed:
            attributes = [*attributes, (USERNAME, self.user.encode()), (REALM, self._realm), (NONCE, self._nonce)]
        secret = hashlib.md5(f"{self.user}:{self._realm.decode()}:{self.password}".encode()).digest()  # noqa: S324
        message = _message(method, attributes, secret if signed else None)
        for _ in range(10):
            self._socket.sendto(message, self.server)
            try:
                answer = self._socket.recv(2048)
            except TimeoutError:
                continue
            kind, told = _read(answer)
            if kind & ~ERROR == method and answer[8:20] == message[8:20]:
                code = told.get(ERROR_CODE)
                return (code[2] * 100 + code[3] if kind & ERROR == ERROR and code else 0), told
        raise TimeoutError(f"the TURN server at {self.server} does not answer")


def _message(kind: int, attributes: list[tuple[int, bytes]], secret: bytes | None = None) -> bytes:
    body = b"".join(struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)
    length = len(body) + (24 if secret else 0)
    message = struct.pack("!HHI", kind, length, COOKIE) + os.urandom(12) + body
    if secret:
        message += struct.pack("!HH", INTEGRITY, 20) + hmac.digest(secret, message, "sha1")
    return message


def _read(message: bytes) -> tuple[int, dict[int, bytes]]:
    kind, length = struct.unpack_from("!HH", message)
    attributes, at = {}, 20
    while at < 20 + length:
        name, size = struct.unpack_from("!HH", message, at)
        attributes[name] = message[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4
    return kind, attributes


def _address(host: str, port: int) -> bytes:
    return struct.pack("!HHI", 1, port ^ COOKIE >> 16, int(IPv4Address(host)) ^ COOKIE)


def _read_address(value: bytes) -> tuple[str, int]:
    _, port, host = struct.unpack("!HHI", value)
    return str(IPv4Address(host ^ COOKIE)), port ^ COOKIE >> 16
