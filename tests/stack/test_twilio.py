"""`make up` with an account at Twilio: the one of tests/support/fakes/twilio_api.py, in a container beside the line."""

from __future__ import annotations

import json
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.calls import QUESTION
from tests.support.containers import Container, beside, docker, of_service
from tests.support.fakes.twilio_api import FakeTwilio
from tests.support.fakes.twilio_server import PORT
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line

pytestmark = pytest.mark.slow

NAME = "twilio"  # of the fake's host, on the line's network
ACCOUNT = FakeTwilio().account
FROM_OUR_ACCOUNT = ("--header", f"X-Twilio-AccountSid: {ACCOUNT}")


@dataclass(frozen=True)
class Account:
    container: Container
    address: str  # as this machine sees it

    def has(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/fake", timeout=10) as answer:  # noqa: S310 - it is http
            found: dict[str, Any] = json.load(answer)
        assert found["faults"] == []
        return found

    def change(self, **objects: dict[str, dict[str, Any]]) -> None:
        body = json.dumps(objects).encode()
        request = urllib.request.Request(f"{self.address}/fake", body, method="PUT")  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    def answers(self) -> bool:
        try:
            return bool(self.has())
        except OSError:
            return False


@contextmanager
def an_account(line: Line) -> Iterator[Account]:
    """Up inside the block; it owns the line's number."""
    options = ["--volume", f"{ROOT / 'tests'}:/stack/tests:ro", "--publish", f"127.0.0.1::{PORT}"]
    options += ["--entrypoint", "python"]
    command = ["-m", "tests.support.fakes.twilio_server", "--own", line.value("PHONE_NUMBERS")]
    image = of_service(line, "agent").image
    with beside(line, NAME, image, {"PYTHONPATH": "/stack"}, *command, options=options) as it, line.guest(it.id):
        account = Account(it, f"http://{docker('port', it.id, str(PORT)).splitlines()[0]}")
        it.until(account.answers, "answering", seconds=30)
        yield account


@pytest.fixture(scope="module")
def account(line: Line) -> Iterator[Account]:
    """An account that the line uses, which is as it was before when the module is done."""
    settings = {**FakeTwilio(url=f"http://{NAME}:{PORT}").variables(), "PUBLIC_IP": f"{line.subnet}.1"}
    before = {name: line.value(name) for name in settings}
    with an_account(line) as account:
        try:
            for name, value in settings.items():
                line.set(name, value)
            line.up()
            yield account
        finally:
            for name, value in before.items():
                line.set(name, value)
            line.up()


def test_make_up_makes_the_trunk_and_puts_the_number_on_it(line: Line, account: Account) -> None:
    has = account.has()
    [trunk] = has["trunks"].values()
    [uri] = has["uris"].values()
    [number] = has["numbers"].values()
    assert trunk["friendly_name"] == f"Landline {line.value('AGENT_NAME')}"
    assert uri["sip_url"] == f"sip:{line.subnet}.1:{line.sip_port};transport=udp"
    assert number["trunk_sid"] == uri["trunk_sid"] == trunk["sid"]


def test_a_second_make_up_changes_nothing_on_either_side(line: Line, account: Account) -> None:
    before = account.has(), line.stored()
    line.up()
    after = account.has(), line.stored()
    assert after[1] == before[1]
    for kind in ("trunks", "uris", "numbers"):
        assert after[0][kind] == before[0][kind]
    assert json.loads(line.compose("run", "--rm", "--no-deps", "-T", "bootstrap", "show"))["differences"] == []


def test_the_agent_takes_calls_of_this_account_alone(line: Line, account: Account) -> None:
    ours, nobodys = line.calls(
        [*FROM_OUR_ACCOUNT, *QUESTION],
        ["--silent", "--ring-timeout", "8"],
    )
    assert ours.code == 0, ours.printed
    assert nobodys.code == 10, nobodys.printed  # nobody answered


def test_what_somebody_changed_in_the_console_is_shown_and_put_right(line: Line, account: Account) -> None:
    [sid] = account.has()["uris"]
    account.change(uris={sid: {"enabled": False}})
    show = ["docker", "compose", "--progress", "quiet", "run", "--rm", "--no-deps", "-T", "bootstrap", "show"]
    shown = line.run(*show, check=False)
    assert shown.returncode == 1
    [difference] = json.loads(shown.stdout)["differences"]
    assert difference.startswith(f"update origination URI {sid} of Twilio trunk TK")
    line.up()
    assert account.has()["uris"][sid]["enabled"] is True


def test_the_secret_is_in_no_containers_description_and_in_no_log(line: Line, account: Account) -> None:
    secret = line.value("TWILIO_API_SECRET")
    described = docker("inspect", *line.compose("ps", "--all", "--quiet").split())
    assert secret not in described + line.logs()


def test_a_twilio_that_does_not_answer_is_warned_of_and_calls_are_answered(line: Line, account: Account) -> None:
    docker("pause", account.container.id)
    try:
        up = line.run("make", "up", timeout=900)
    finally:
        docker("unpause", account.container.id)
    assert "warning: Twilio did not answer in time" in up.stderr
    called = line.call(*FROM_OUR_ACCOUNT, *QUESTION)
    assert called.code == 0, called.printed
