"""The asyncio API as a bench uses it: a call whose caller does not wait."""

import asyncio

import pytest

from phone.call import Call
from phone.report.measure import measure
from phone.report.observation import observe
from phone.wire.outgoing import Target
from tests.unit.phone.gateway import Behaviour, Gateway, tone


async def test_a_caller_may_speak_over_the_greeting_and_learns_how_long_it_went_on() -> None:
    with Gateway(Behaviour(greeting=(0.1, 5), reply=(0.6, 0.3), yields_after=0.4)) as gateway:
        host, _, port = gateway.address.partition(":")
        async with await Call.dial(Target((host, int(port)), "+12025550100")) as call:
            assert await call.line_speaks(within=2)
            await asyncio.sleep(0.3)
            said = call.say(tone(0.6), "wait")
            await said.finished()
            assert await call.line_speaks(within=2, since=said.ended or 0)
            assert await call.line_quiet(0.3, within=2)
        [turn] = measure(observe(call)).turns
    assert turn.said == "wait"
    assert turn.stopped_after == pytest.approx(0.4, abs=0.04)
    assert turn.gap == pytest.approx(0.6, abs=0.04)
    assert not turn.cut_in


async def test_many_calls_can_be_placed_at_once() -> None:
    async def place(gateway: Gateway) -> float:
        host, _, port = gateway.address.partition(":")
        async with await Call.dial(Target((host, int(port)), "+12025550100")) as call:
            await call.line_speaks(within=2)
            await call.line_quiet(0.2, within=2)
        return measure(observe(call)).line_spoke

    gateways = [Gateway() for _ in range(8)]
    for gateway in gateways:
        gateway.__enter__()
    spoke = await asyncio.gather(*(place(gateway) for gateway in gateways))
    for gateway in gateways:
        gateway.__exit__(None, None, None)
    assert spoke == [pytest.approx(0.3, abs=0.05)] * 8
