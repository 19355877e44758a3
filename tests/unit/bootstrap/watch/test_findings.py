"""The watcher looks for findings now and then, and tells the last ones to whoever asks."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bootstrap.watch import findings as module
from bootstrap.watch.findings import Findings, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECK = {"id": "server.answers", "level": "ok", "sentence": "The media server answers."}


def prints(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys; sys.stderr.write('noise'); print({text!r})")


def told(*checks: object, worst: str = "ok") -> str:
    return json.dumps({"worst": worst, "checks": checks})


async def test_before_the_first_look_there_are_none_and_no_time() -> None:
    assert Findings().told() == {"at": None, "problem": "", "looking": False, "worst": None, "checks": []}


async def test_what_is_printed_is_told_with_the_time() -> None:
    its = Findings(prints(told(CHECK)))
    await its.look()
    answer = its.told()
    assert (answer["worst"], answer["checks"], answer["problem"]) == ("ok", [CHECK], "")
    assert answer["at"].endswith("+00:00")


@pytest.mark.parametrize("command", [prints("Traceback"), prints("{}"), prints("[]"), ("/no/such/program",)])
async def test_what_was_found_stays_if_nothing_can_be_found_now(command: Sequence[str]) -> None:
    its = Findings(prints(told(CHECK)))
    await its.look()
    before = its.told()
    its._command = tuple(command)
    await its.look()
    after = its.told()
    assert (after["at"], after["checks"]) == (before["at"], before["checks"])
    assert after["problem"].startswith("The doctor could not look from the watcher's container: ")


async def test_a_look_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWERS_WITHIN", 0.2)
    its = Findings((sys.executable, "-c", "import time; time.sleep(600)"))
    await its.look()
    assert its.told()["problem"].endswith("it did not answer within 0.2 s.")


@pytest.mark.usefixtures("clock")
async def test_it_looks_every_ten_minutes_and_soon_after_somebody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    now = asyncio.get_running_loop().time

    async def look(_: Findings) -> None:
        looks.append(now())

    monkeypatch.setattr(Findings, "look", look)
    its = Findings()
    watching = asyncio.create_task(its.watch())
    await asyncio.sleep(1801)
    assert len(looks) == 4
    for _ in range(20):  # somebody who presses again and again
        its.ask()
        await asyncio.sleep(1)
    watching.cancel()
    assert len(looks) in (5, 6)


async def test_they_are_served_and_looked_for_again_when_somebody_asks(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    its = Findings(prints(told(CHECK)))
    await its.look()
    serving = asyncio.create_task(serve(its, "127.0.0.1", unused_tcp_port))
    url = f"http://127.0.0.1:{unused_tcp_port}{module.PATH}"
    try:
        async with aiohttp.ClientSession() as client:
            async with await _once_it_listens(client, url) as answer:
                assert (await answer.json())["checks"] == [CHECK]
            async with client.post(url) as answer:
                assert (answer.status, (await answer.json())["looking"]) == (202, True)
            async with client.get(url + "/else") as answer:
                assert answer.status == 404
    finally:
        serving.cancel()


async def _once_it_listens(client: aiohttp.ClientSession, url: str) -> Any:
    while True:
        try:
            return await client.get(url)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.01)


async def test_a_port_that_is_taken_does_not_end_the_watcher(caplog: pytest.LogCaptureFixture) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    serving = asyncio.create_task(serve(Findings(), "127.0.0.1", taken.sockets[0].getsockname()[1]))
    async with asyncio.timeout(20):
        while not caplog.messages:  # noqa: ASYNC110 - it is a list
            await asyncio.sleep(0.01)
    assert not serving.done()
    assert caplog.messages[0].startswith("Cannot listen on port ")
    serving.cancel()
    taken.close()
