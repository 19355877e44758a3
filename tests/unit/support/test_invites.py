"""The sender of INVITEs, with a gateway in one socket."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.support import invites

pytestmark = pytest.mark.real_time


class Sender:
    def __init__(self) -> None:
        self.gateway = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.gateway.bind(("127.0.0.1", 0))
        self.gateway.settimeout(10)
        command = [sys.executable, invites.__file__]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, **command: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def told(self) -> dict[str, Any]:
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def heard(self) -> tuple[str, Any]:
        data, address = self.gateway.recvfrom(65_536)
        return data.decode(), address

    def answer(self, request: str, address: Any, status: int, tag: str = "g1") -> None:
        copied = [row for row in request.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", row)]
        copied = [f"{row};tag={tag}" if row.startswith("To:") and "tag=" not in row else row for row in copied]
        contact = "Contact: <sip:127.0.0.1:5060>"
        rows = [f"SIP/2.0 {status} Made Up", *copied, contact, "Content-Length: 0", "", ""]
        self.gateway.sendto("\r\n".join(rows).encode(), address)

    def call(self, **asked: str) -> tuple[str, Any]:
        usual = {"id": "c1", "address": "127.0.0.1", "caller": "+12025550131", "dialled": "+12025550100", "host": "pbx"}
        self.tell(invite=[{**usual, **asked}], gateway=self.gateway.getsockname())
        assert self.told()["c1"]["status"] == 0
        return self.heard()


@pytest.fixture
def sender() -> Any:
    sender = Sender()
    with sender.gateway, sender.process:
        yield sender
        assert sender.process.stdin
        sender.process.stdin.close()


def status_of(sender: Sender, until: int) -> int:
    for _ in range(200):
        sender.tell(look=True)
        if (status := sender.told()["c1"]["status"]) == until:
            return int(status)
    return int(status)


def test_an_invite_has_the_headers_that_were_asked_for_and_is_acknowledged_when_refused(sender: Sender) -> None:
    invite, address = sender.call(host="54.172.60.0/30")
    assert invite.startswith("INVITE sip:+12025550100@127.0.0.1 SIP/2.0\r\n")
    assert "\r\nFrom: <sip:+12025550131@54.172.60.0/30>;tag=" in invite
    assert "\r\nCall-ID: c1\r\n" in invite
    assert "m=audio" in invite
    sender.answer(invite, address, 180)
    assert status_of(sender, 180) == 180
    sender.answer(invite, address, 503)
    ack, _ = sender.heard()
    assert ack.startswith("ACK ")
    assert status_of(sender, 503) == 503
    sender.tell(end=True)
    assert sender.told() == {}


def test_a_call_that_rings_is_cancelled(sender: Sender) -> None:
    invite, address = sender.call(caller="")
    assert "\r\nFrom: <sip:pbx>;tag=" in invite
    sender.answer(invite, address, 180)
    assert status_of(sender, 180) == 180
    sender.tell(end=True)
    cancel, _ = sender.heard()
    assert cancel.startswith("CANCEL ")
    assert re.findall(r"branch=\S+?;", cancel) == re.findall(r"branch=\S+?;", invite)
    sender.answer(invite, address, 487)
    assert sender.heard()[0].startswith("ACK ")
    assert sender.told() == {}


def test_a_call_that_is_answered_is_hung_up(sender: Sender) -> None:
    invite, address = sender.call()
    sender.answer(invite, address, 200)
    assert sender.heard()[0].startswith("ACK sip:127.0.0.1:5060 ")
    sender.tell(end=True)
    bye, _ = sender.heard()
    assert bye.startswith("BYE sip:127.0.0.1:5060 ")
    assert "\r\nTo: <sip:+12025550100@127.0.0.1>;tag=g1\r\n" in bye
    sender.answer(bye, address, 200)
    assert sender.told() == {}


def test_an_invite_that_nobody_answers_is_sent_again(sender: Sender) -> None:
    invite, _ = sender.call()
    assert sender.heard()[0] == invite
