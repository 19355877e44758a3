"""POST /calls and GET /calls/{id}, and make dial's program, which asks them."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from livekit import api
from pydantic import SecretStr

from agent.admission import owner_files
from agent.lines.folder import LinesFolder
from agent.outbound.orders import ANSWERED, RINGING, Orders
from agent.worker import calls_endpoint, dial
from agent.worker.calls_endpoint import calls_endpoint as routes
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.settings import Settings

ANNA = "+12025550177"
PURPOSE = "Her table is ready."
TOKEN = "a-token-for-tests-that-nobody-guesses"
ALWAYS = 'quiet_from = "00:00"\nquiet_until = "00:00"\nquiet_days = []'
OUTBOUND = f"[outbound]\nenabled = true\ncalls_per_number = 2\n{ALWAYS}\n"


class Server:
    """The media server's dispatches."""

    def __init__(self) -> None:
        self.dispatched: list[api.CreateAgentDispatchRequest] = []
        self.error: Exception | None = None

    @property
    def agent_dispatch(self) -> Server:
        return self

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> None:
        if self.error:
            raise self.error
        self.dispatched.append(request)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(api, "LiveKitAPI", lambda *_: made)
    return made


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LinesFolder:
    make(tmp_path / "lines", "coffee", OUTBOUND)
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path))
    monkeypatch.setattr(owner_files.read_contacts, "__defaults__", (tmp_path / "kept",))
    return LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")


class Endpoint:
    def __init__(self, address: str) -> None:
        self.address = address

    async def post(self, body: Any, key: str = "", token: str = "", method: str = "POST", path: str = "/calls") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        data = json.dumps(body).encode() if isinstance(body, dict | list | str) else body
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, self.address + path, data=data, headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    async def get(self, order: str, token: str = "") -> Any:
        return await self.post(b"", token=token, method="GET", path=f"/calls/{order}")


@asynccontextmanager
async def serving(settings: Settings, lines: LinesFolder) -> AsyncIterator[Endpoint]:
    app = web.Application()
    app.add_routes(routes(settings, lines))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Endpoint(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


@pytest.fixture
async def endpoint(server: Server, lines: LinesFolder) -> AsyncIterator[Endpoint]:
    async with serving(host(lines_folder=lines.path), lines) as one:
        yield one


async def in_pieces(body: Any) -> AsyncIterator[bytes]:
    """Send a body as a network may: the second half comes when the first one has been read."""
    text = json.dumps(body).encode()
    yield text[:20]
    await asyncio.sleep(0.1)
    yield text[20:]


def wanted(**changes: Any) -> dict[str, Any]:
    return {"to": ANNA, "purpose": PURPOSE, "name": "Anna"} | changes


async def test_a_call_is_placed_and_the_agent_is_sent_to_a_room_whose_name_and_metadata_tell_nothing(
    endpoint: Endpoint, server: Server
) -> None:
    status, placed = await endpoint.post(wanted())
    assert (status, placed["line"], placed["state"], placed["result"]) == (201, "coffee", "waiting", None)
    [dispatch] = server.dispatched
    assert (dispatch.agent_name, dispatch.room) == ("inbound-voice-agent", f"call-out-{placed['id']}")
    assert json.loads(dispatch.metadata) == {"line": "coffee", "order": placed["id"]}
    assert (await endpoint.get(placed["id"])) == (200, placed)
    order = Orders("coffee").read(placed["id"])
    assert order
    assert (order.number, order.name, order.purpose) == (ANNA, "Anna", PURPOSE)
    assert not any(word in json.dumps(placed) for word in (ANNA, "Anna", "table"))


async def test_what_becomes_of_the_call_is_told(endpoint: Endpoint) -> None:
    _, placed = await endpoint.post(wanted())
    Orders("coffee").note(placed["id"], RINGING)
    assert (await endpoint.get(placed["id"]))[1]["state"] == "ringing"
    Orders("coffee").end(placed["id"], "busy", "the number was busy")
    _, told = await endpoint.get(placed["id"])
    assert (told["state"], told["result"], told["reason"]) == ("ended", "busy", "the number was busy")
    assert told["ended"] >= told["placed"]


async def test_the_same_key_places_one_call_also_at_the_same_time_and_when_it_has_become_quiet(
    endpoint: Endpoint, server: Server, lines: LinesFolder
) -> None:
    answers = await asyncio.gather(*(endpoint.post(wanted(), key="k") for _ in range(5)))
    make_quiet(lines)
    answers.append(await endpoint.post(wanted(), key="k"))
    assert {(status, placed["id"]) for status, placed in answers} == {(201, answers[0][1]["id"])}
    assert len(server.dispatched) == 1
    status, answer = await endpoint.post(wanted(to="+12025550124"), key="k")
    assert (status, answer["reason"]) == (422, "key")


def make_quiet(lines: LinesFolder) -> None:
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    quiet = f"[outbound]\nenabled = true\nquiet_from = '00:00'\nquiet_until = '23:59'\nquiet_days = {days}\n"
    (lines.path / "coffee/line.toml").write_text(quiet)


async def test_who_is_called_is_found_among_the_contacts(endpoint: Endpoint, lines: LinesFolder) -> None:
    (lines.path / "coffee/contacts.csv").write_text(f"number,name,notes\n{ANNA},Anna Smith,likes tea\n")
    _, placed = await endpoint.post({"to": ANNA, "purpose": PURPOSE})
    assert Orders("coffee").read(placed["id"]).name == "Anna Smith"  # type: ignore[union-attr]
    _, other = await endpoint.post({"to": "+12025550124", "purpose": PURPOSE})
    assert Orders("coffee").read(other["id"]).name == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "status", "reason", "sentence"),
    [
        (b"{", 400, "request", "The body is not JSON"),
        (b"[" * 5000, 400, "request", "The body is not JSON"),
        (b"[]", 400, "request", "the body: "),
        (b" " * 70_000, 413, "request", "The body has more than 65536 bytes."),
        ({"to": ANNA}, 400, "request", "purpose: Field required."),
        (wanted(purpose=" "), 400, "request", "purpose: "),
        (wanted(purpose="x" * 2001), 400, "request", "purpose: "),
        (wanted(to=12025550123), 400, "request", "to: Input should be a valid string."),
        (wanted(number=ANNA), 400, "request", "number: Extra inputs are not permitted."),
        (wanted(line="tea"), 400, "line", "line: the line 'tea' does not exist; this host's lines are: coffee."),
        (wanted(to="2025550123"), 400, "number", "The number should have a plus"),
        (wanted(to="+1911"), 400, "number", "The number should have a plus"),
        (wanted(to="+19005551234"), 403, "kind_of_number", "The number is of a kind that is never called"),
        (wanted(to="+4930123456"), 403, "prefix", "The number is in another country"),
    ],
)
async def test_what_is_not_right_is_refused_in_a_sentence(
    endpoint: Endpoint, server: Server, body: Any, status: int, reason: str, sentence: str
) -> None:
    found, answer = await endpoint.post(body)
    assert (found, answer["reason"]) == (status, reason)
    assert answer["error"].startswith(sentence)
    assert server.dispatched == []
    assert ANNA not in answer["error"]


async def test_a_line_that_makes_no_calls_makes_none(endpoint: Endpoint, server: Server, lines: LinesFolder) -> None:
    (lines.path / "coffee/line.toml").write_text("")
    assert (await endpoint.post(wanted()))[1]["reason"] == "disabled"
    assert server.dispatched == []


async def test_of_several_lines_one_has_to_be_named(endpoint: Endpoint, lines: LinesFolder) -> None:
    make(lines.path, "dentist", OUTBOUND)
    status, answer = await endpoint.post(wanted())
    sentence = "line: the request names no line; this host's lines are: coffee, dentist."
    assert (status, answer["error"]) == (400, sentence)
    assert (await endpoint.post(wanted(line="dentist")))[1]["line"] == "dentist"


async def test_limits_and_the_list_are_statuses_of_their_own(endpoint: Endpoint) -> None:
    for _ in range(2):
        assert (await endpoint.post(wanted()))[0] == 201
    assert (await endpoint.post(wanted()))[0] == 429
    Orders("coffee").do_not_call("+12025550124", "owner")
    status, answer = await endpoint.post(wanted(to="+12025550124"))
    assert (status, answer["reason"]) == (403, "do_not_call")


async def test_a_server_that_takes_no_call_leaves_no_order_so_that_the_request_can_be_sent_again(
    endpoint: Endpoint, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.error = api.TwirpError("unavailable", "call-_+12025550123", status=503)
    status, answer = await endpoint.post(wanted(), key="k")
    assert (status, answer["reason"]) == (503, "server")
    assert Orders("coffee").find("k") is None
    assert caplog.messages == ["Could not send the agent to a call: unavailable"]
    server.error = None
    assert (await endpoint.post(wanted(), key="k"))[0] == 201
    assert len(server.dispatched) == 1


async def test_a_call_that_has_begun_counts_although_the_servers_answer_was_lost(
    endpoint: Endpoint, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_and_say_nothing(request: api.CreateAgentDispatchRequest) -> None:
        Orders("coffee").take(json.loads(request.metadata)["order"])
        raise TimeoutError

    monkeypatch.setattr(server, "create_dispatch", take_and_say_nothing)
    status, placed = await endpoint.post(wanted(), key="k")
    assert status == 201
    assert (await endpoint.get(placed["id"]))[1]["state"] == "ringing"


async def test_two_agents_on_one_volume_place_one_call_for_one_key(
    server: Server, lines: LinesFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Orders, "find", lambda *_: None)  # each looks before the other one has written
    settings = host(lines_folder=lines.path)
    async with serving(settings, lines) as one, serving(settings, lines) as other:
        answers = await asyncio.gather(*(it.post(wanted(), key="k") for it in (one, other)))
    assert len({placed["id"] for _, placed in answers}) == 1
    assert len(server.dispatched) == 1


async def test_an_order_that_is_not_there_is_not_found(endpoint: Endpoint) -> None:
    status, answer = await endpoint.get("0123")
    assert (status, answer["reason"]) == (404, "id")


async def raw(endpoint: Endpoint, header: bytes) -> int:
    """Post with a header that no client of ours would send; return the status."""
    host, port = endpoint.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(wanted()).encode()
    length = f"Content-Length: {len(body)}".encode()
    writer.write(b"\r\n".join([b"POST /calls HTTP/1.1", b"Host: x", length, b"Connection: close", header, b"", body]))
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def test_bytes_that_are_no_text_are_no_token_and_no_key(server: Server, lines: LinesFolder) -> None:
    async with serving(host(lines_folder=lines.path), lines) as endpoint:
        assert await raw(endpoint, b"Idempotency-Key: \xff\xfe") == 400
    async with serving(host(lines_folder=lines.path, api_token=SecretStr(TOKEN)), lines) as endpoint:
        assert await raw(endpoint, b"Authorization: Bearer \xff\xfe") == 401
    assert server.dispatched == []


async def test_with_a_token_nobody_is_answered_without_it(server: Server, lines: LinesFolder) -> None:
    settings = host(lines_folder=lines.path, api_token=SecretStr(TOKEN))
    async with serving(settings, lines) as endpoint:
        for token in ("", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\u00e4"):
            for asked in (endpoint.post(wanted(), token=token), endpoint.get("0123", token)):
                status, answer = await asked
                assert (status, answer["reason"]) == (401, "token")
        assert server.dispatched == []
        assert (await endpoint.post(wanted(), token=TOKEN))[0] == 201


async def test_without_a_token_only_the_container_itself_is_answered(
    endpoint: Endpoint, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_endpoint, "_is_loopback", lambda _: False)
    status, answer = await endpoint.post(wanted())
    assert (status, answer["error"]) == (401, "Without API_TOKEN in .env, only make dial places calls.")
    assert server.dispatched == []


async def test_the_desk_is_answered_by_its_own_token_whether_there_is_another_one_or_not(
    server: Server, lines: LinesFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_endpoint, "_is_loopback", lambda _: False)
    for more in ({}, {"api_token": SecretStr(TOKEN)}):
        settings = host(lines_folder=lines.path, livekit_api_secret="a-secret-of-thirty-two-characters", **more)
        secret = settings.livekit_api_secret.get_secret_value()
        async with serving(settings, lines) as endpoint:
            for identity, status in (("browser-0123", 401), ("", 401), ("desk", 201)):
                token = api.AccessToken("key", secret).with_identity(identity).to_jwt()
                assert (await endpoint.post(wanted(), token=token))[0] == status
            forged = api.AccessToken("key", "another-secret-of-thirty-two-chars").with_identity("desk").to_jwt()
            assert (await endpoint.post(wanted(), token=forged))[0] == 401
    assert len(server.dispatched) == 2


@pytest.mark.parametrize(
    ("address", "is_it"),
    [("127.0.0.1", True), ("::1", True), ("172.29.53.10", False), ("8.8.8.8", False), (None, False), ("x", False)],
)
def test_the_container_itself_is_told_by_its_address(address: str | None, is_it: bool) -> None:
    assert calls_endpoint._is_loopback(address) is is_it


# make dial


async def dialled(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, *states: str, **given: str) -> int:
    """Its exit code; the call goes through these states, one at each look."""
    for name, value in ({"TO": ANNA, "PURPOSE": PURPOSE, "NAME": "Anna", "LINE": ""} | given).items():
        monkeypatch.setenv(name, value)
    coming = iter(states)

    def sleep(_: float) -> None:
        state, __, reason = next(coming).partition(":")
        with_it = Orders("coffee").find(order_key())
        assert with_it
        if reason:
            Orders("coffee").end(with_it.id, state, reason)
        else:
            Orders("coffee").note(with_it.id, state)

    def order_key() -> str:
        with Orders("coffee")._transaction() as database:
            return str(database.execute("SELECT key FROM orders").fetchone()[0])

    return await asyncio.to_thread(dial.main, sleep, endpoint.address)


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("result", "reason", "code"), [("talked", "the talk was over", 0), ("busy", "the number was busy", 1)]
)
async def test_make_dial_says_what_happens_until_the_call_ends(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    result: str,
    reason: str,
    code: int,
) -> None:
    assert await dialled(endpoint, monkeypatch, RINGING, RINGING, ANSWERED, f"{result}:{reason}") == code
    assert capsys.readouterr().out.splitlines() == [
        "The call was placed.",
        "The phone is ringing.",
        "Somebody has answered.",
        f"The call has ended: {reason}.",
    ]


@pytest.mark.real_time
async def test_make_dial_says_why_there_is_no_call(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await dialled(endpoint, monkeypatch, TO="+4930123456") == 2
    assert capsys.readouterr().err.startswith("error: The number is in another country")


@pytest.mark.real_time
async def test_make_dial_says_so_when_nobody_answers_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(dial.main, lambda _: None, "http://127.0.0.1:1") == 2
    assert "the agent did not answer (ConnectError)" in capsys.readouterr().err


@pytest.mark.real_time
async def test_a_body_that_comes_in_pieces_is_read_to_its_end(endpoint: Endpoint) -> None:
    status, answer = await endpoint.post(in_pieces(wanted()))
    assert status == 201, answer
