"""What goes wrong between us and a server, on loopback."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from bootstrap.desired import desired
from bootstrap.plan import Change
from bootstrap.reconcile import reconcile
from bootstrap.server import RetryPolicy, Server, ServerError, connect
from bootstrap.settings import ServerSettings
from tests.support.fakes.livekit_sip import FakeLiveKit

Load = Callable[..., ServerSettings]
SettingsFor = Callable[[FakeLiveKit], ServerSettings]

pytestmark = pytest.mark.usefixtures("clock")

SHORT = RetryPolicy(attempts=5, seconds=3, request_seconds=0.3, longest_pause=0.1)


@pytest.fixture
async def fake() -> AsyncIterator[FakeLiveKit]:
    server = FakeLiveKit()
    async with server.serving():
        yield server


@pytest.fixture
def settings_for(settings: Load) -> Callable[[FakeLiveKit], ServerSettings]:
    def load(fake: FakeLiveKit) -> ServerSettings:
        return settings(LIVEKIT_URL=fake.url, LIVEKIT_API_KEY=fake.key, LIVEKIT_API_SECRET=fake.secret)

    return load


async def apply(settings: ServerSettings, policy: RetryPolicy = SHORT) -> list[Change]:
    async with connect(settings, policy) as server:
        return await reconcile(server, desired(settings, {"coffee": settings.phone_numbers}))


async def test_a_server_that_is_not_ready_is_waited_for(fake: FakeLiveKit, settings_for: SettingsFor) -> None:
    fake.refuse_next = 3
    assert len(await apply(settings_for(fake))) == 2


async def test_a_server_that_does_not_answer_is_asked_again(fake: FakeLiveKit, settings_for: SettingsFor) -> None:
    fake.hang_next = 2
    assert len(await apply(settings_for(fake))) == 2


@pytest.mark.parametrize("method", ["CreateSIPInboundTrunk", "CreateSIPDispatchRule"])
async def test_a_creation_whose_answer_was_lost_is_not_made_twice(
    fake: FakeLiveKit, settings_for: SettingsFor, method: str
) -> None:
    fake.lose_answers_of = [method]
    await apply(settings_for(fake))
    assert (len(fake.trunks), len(fake.rules)) == (1, 1)
    assert fake.calls.count(method) == 1


async def test_a_server_that_starts_late_is_waited_for_and_that_is_said_first(
    unused_tcp_port: int, settings: Load, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fake = FakeLiveKit()
    given = settings(
        LIVEKIT_URL=f"ws://127.0.0.1:{unused_tcp_port}", LIVEKIT_API_KEY=fake.key, LIVEKIT_API_SECRET=fake.secret
    )
    applying = asyncio.create_task(
        apply(given, RetryPolicy(attempts=20, seconds=10, longest_pause=0.1, request_seconds=1))
    )
    await asyncio.sleep(0.3)
    async with fake.serving(unused_tcp_port):
        assert len(await applying) == 2
    first, *others = [record.getMessage() for record in caplog.records if record.name == "bootstrap.server"]
    assert first.startswith(
        f"waiting up to 10 s for LiveKit at ws://127.0.0.1:{unused_tcp_port}, which could not be reached"
    )
    assert others == []


async def test_waiting_ends_after_so_many_attempts_with_one_sentence(
    fake: FakeLiveKit, settings_for: SettingsFor
) -> None:
    fake.refuse_next = 1000
    with pytest.raises(ServerError, match=r"^LiveKit at ws://[^ ]+ answered unavailable: injected after 5 attempts\.$"):
        await apply(settings_for(fake))
    assert len(fake.calls) == 5


async def test_waiting_ends_after_so_many_seconds(unused_tcp_port: int, settings: Load) -> None:
    started = time.monotonic()
    with pytest.raises(ServerError, match="could not be reached"):
        await apply(settings(LIVEKIT_URL=f"ws://127.0.0.1:{unused_tcp_port}"), RetryPolicy(1000, 1, 0.2, 0.1))
    assert time.monotonic() - started < 1.2


async def test_a_name_that_does_not_resolve_ends_in_one_sentence(settings: Load) -> None:
    with pytest.raises(ServerError, match=r"^LiveKit at ws://no-such-host\.invalid could not be reached \(.+\)"):
        await apply(settings(LIVEKIT_URL="ws://no-such-host.invalid"), RetryPolicy(2, 1, 1, 0.1))


async def test_a_refusal_is_not_repeated(fake: FakeLiveKit, settings: Load) -> None:
    with pytest.raises(ServerError, match="refused the key"):
        await apply(settings(LIVEKIT_URL=fake.url))
    assert len(fake.calls) == 1


async def test_another_kind_of_server_is_recognised(settings: Load, unused_tcp_port: int) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>")

    app = web.Application()
    app.router.add_post("/{path:.*}", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    try:
        with pytest.raises(ServerError, match="not as LiveKit's API does"):
            await apply(settings(LIVEKIT_URL=f"http://127.0.0.1:{unused_tcp_port}"))
    finally:
        await runner.cleanup()


async def test_a_failed_tls_handshake_is_not_repeated(fake: FakeLiveKit, settings: Load) -> None:
    with pytest.raises(ServerError, match=r"failed the TLS handshake \(.+\)\.$"):
        await apply(settings(LIVEKIT_URL=fake.url.replace("ws:", "wss:")))


async def test_ten_at_once_do_create_doubles_and_end_with_one_of_each(
    fake: FakeLiveKit, settings_for: SettingsFor
) -> None:
    fake.race_window = 0.05
    given = settings_for(fake)
    patient = RetryPolicy(attempts=5, seconds=30, request_seconds=5)
    await asyncio.gather(*(apply(given, patient) for _ in range(10)))
    assert "DeleteSIPTrunk" in fake.calls  # or there was no race, and nothing was tested
    [trunk] = fake.trunks.values()
    [rule] = fake.rules.values()
    assert rule.trunk_ids == [trunk.sip_trunk_id]


async def test_a_bootstrap_whose_changes_are_undone_pauses_and_at_last_gives_up(
    fake: FakeLiveKit, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []

    async def count_pause() -> None:
        pauses.append(len(fake.calls))

    async def make_nothing(server: Server, change: Change) -> None:
        """Somebody else undoes the change at once."""

    monkeypatch.setattr("bootstrap.reconcile.pause", count_pause)
    monkeypatch.setattr(Server, "apply", make_nothing)
    with pytest.raises(ServerError, match=r"^After 50 rounds, somebody else is still changing"):
        await apply(settings_for(fake))
    assert len(pauses) == 44
