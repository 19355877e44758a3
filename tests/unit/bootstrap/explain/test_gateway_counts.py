"""What the gateway counts, in Prometheus' text format."""

from __future__ import annotations

from aiohttp import web

from bootstrap.explain.gateway_counts import count_failures, describe, read_failures

METRICS = """\
# HELP livekit_sip_calls_terminated Number of calls terminated by SIP bridge
# TYPE livekit_sip_calls_terminated counter
livekit_sip_calls_terminated{dir="in",node_id="NE_1",reason="flood",result="client_error",to="203.0.113.9"} 2
livekit_sip_calls_terminated{dir="in",node_id="NE_1",reason="flood",result="client_error",to="host \\"x\\""} 1
livekit_sip_calls_terminated{dir="in",node_id="NE_1",reason="hangup",result="success",to="203.0.113.9"} 9
livekit_sip_calls_terminated{dir="in",node_id="NE_1",reason="unauthorized",result="client_error",to="x"} 1e+02
livekit_sip_calls_terminated{dir="out",node_id="NE_1",reason="media-timeout",result="client_error",to="x"} 7
livekit_sip_invite_error{dir="in",node_id="NE_1",reason="unauthorized",to="unknown"} 100
"""


def test_calls_that_came_to_nothing_are_counted_by_their_reason() -> None:
    failures = read_failures(METRICS)
    assert failures == {"flood": 3, "unauthorized": 100}
    told = describe(failures)
    assert told[0] == "Calls that came to nothing since the gateway started:"
    assert told[1].startswith("  100: each was asked for a user name and a password")
    assert told[2].startswith("  3: each rang and was dropped, because no trunk or no rule takes such a call")
    assert describe(read_failures("")) == ["The gateway has refused or dropped no call since it started."]


async def test_a_gateway_is_asked_and_one_that_does_not_answer_is_told_of() -> None:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=METRICS)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    assert len(await count_failures(url)) == 3
    await runner.cleanup()
    assert await count_failures(url) == ["The gateway's own counts are not known, because it does not tell them here."]
