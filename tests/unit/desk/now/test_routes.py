"""What an operator can do with a call in progress, and who may not."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from anyio.from_thread import start_blocking_portal
from livekit import api
from pydantic import SecretStr

from desk.now import watching
from desk.now.watching import Seen
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.unit.desk.conftest import Visitor
from tests.unit.desk.now.people import agent, phone
from tests.unit.desk.now.people import operator as operator_there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

    from desk.settings import Settings

ROOM = "call-_+12025550143_abc"
ID = f"RM_{ROOM}"
JSON = {"Accept": "application/json"}


@pytest.fixture
def server() -> Iterator[FakeLiveKit]:
    fake = FakeLiveKit()
    fake.rooms[ROOM] = [phone(), agent()]
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serving()):
        yield fake


@pytest.fixture
def settings(settings: Settings, server: FakeLiveKit) -> Settings:
    given = {
        "livekit_url": server.url,
        "livekit_api_key": SecretStr(server.key),
        "livekit_api_secret": SecretStr(server.secret),
    }
    return settings.model_copy(update=given)


def post(operator: Visitor, what: str, id_: str = ID, **headers: str) -> Any:
    return operator.post(f"/now/{id_}/{what}", headers={"X-CSRF-Token": operator.token, **JSON, **headers})


def claims_of(answer: Any, server: FakeLiveKit) -> api.access_token.Claims:
    return api.TokenVerifier(server.key, server.secret).verify(answer.json()["token"])


def test_the_page_is_there_for_the_operator(operator: Visitor) -> None:
    page = operator.get("/now")
    assert page.status_code == 200
    assert "/static/now/main.js" in page.text


@pytest.mark.parametrize("path", ["/now", "/now/events", f"/now/{ID}/listen", f"/now/{ID}/hang-up"])
def test_nobody_else_sees_or_does_anything(visitor: Visitor, server: FakeLiveKit, path: str) -> None:
    method = "GET" if path.count("/") < 3 else "POST"
    assert visitor.request(method, path, headers=JSON).status_code == 401
    assert server.calls == []


@pytest.mark.parametrize("what", ["listen", "take-over", "hang-up"])
def test_without_the_pages_token_nothing_is_done(operator: Visitor, server: FakeLiveKit, what: str) -> None:
    answer = post(operator, what, **{"X-CSRF-Token": "0" * 64})
    assert answer.status_code == 403
    assert server.calls == []
    assert ROOM in server.rooms


def test_who_listens_is_unseen_and_cannot_be_heard(operator: Visitor, server: FakeLiveKit) -> None:
    claims = claims_of(post(operator, "listen"), server)
    assert claims.video
    assert (claims.video.room, claims.video.hidden) == (ROOM, True)
    assert (claims.video.can_publish, claims.video.can_publish_data, claims.video.can_subscribe) == (False, False, True)
    assert claims.attributes == {"landline.operator": "listens"}


def test_who_takes_over_is_seen_and_publishes_a_microphone_only(operator: Visitor, server: FakeLiveKit) -> None:
    claims = claims_of(post(operator, "take-over"), server)
    assert claims.video
    assert (claims.video.room, claims.video.hidden) == (ROOM, None)
    assert (claims.video.can_publish, claims.video.can_publish_sources) == (True, ["microphone"])
    assert claims.attributes == {"landline.operator": "yes"}
    assert claims.identity.startswith("operator-")
    assert len(claims.identity) == len("operator-") + 16
    assert not claims.video.room_admin


def test_a_call_is_not_taken_over_twice_nor_before_the_agent_is_there(operator: Visitor, server: FakeLiveKit) -> None:
    server.rooms[ROOM] = [phone()]
    assert post(operator, "take-over").status_code == 409
    server.rooms[ROOM] = [phone(), agent(), operator_there()]
    answer = post(operator, "take-over")
    assert (answer.status_code, answer.json()) == (409, {"error": "Another operator has taken this call over."})


def test_of_two_operators_at_the_same_moment_the_second_is_told(
    operator: Visitor, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(operator, "take-over").status_code == 200
    with Visitor(app) as second:
        assert second.sign_in() == 303
        answer = post(second, "take-over")
        assert (answer.status_code, answer.json()["error"]) == (
            409,
            "Another operator is taking this call over at this moment.",
        )
        assert post(operator, "take-over").status_code == 200  # whose browser may have failed to join
        now = time.monotonic()
        monkeypatch.setattr("desk.now.watching.time.monotonic", lambda: now + watching.JOINS_WITHIN + 1)
        assert post(second, "take-over").status_code == 200


def test_hanging_up_deletes_the_calls_room_and_no_other(operator: Visitor, server: FakeLiveKit) -> None:
    server.rooms["call-another"] = [phone("sip_2"), agent()]
    assert post(operator, "hang-up").status_code == 200
    assert list(server.rooms) == ["call-another"]


@pytest.mark.parametrize("id_", ["RM_nothing", "RM_call-of-another", "RM_meeting", "call-of-another"])
@pytest.mark.parametrize("what", ["listen", "take-over", "hang-up"])
def test_a_room_that_is_no_call_of_ours_is_not_touched(
    operator: Visitor, server: FakeLiveKit, id_: str, what: str
) -> None:
    others = {"call-of-another": [phone(host="another"), agent("another")], "meeting": [phone(), agent()]}
    server.rooms |= others
    answer = post(operator, what, id_)
    assert (answer.status_code, answer.json()) == (404, {"error": "This call has ended."})
    assert set(others) < set(server.rooms)


@pytest.mark.parametrize("what", ["listen", "take-over", "hang-up"])
def test_a_server_that_does_not_answer_is_said(operator: Visitor, server: FakeLiveKit, what: str) -> None:
    server.refuse_next = 1
    answer = post(operator, what)
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("The media server does not answer.")


def test_the_calls_are_pushed_as_json_until_everybody_is_signed_out(
    operator: Visitor, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_of, ends = Seen.told, app.state.desk.sessions.sign_everybody_out

    def told(seen: Seen) -> dict[str, Any]:
        ends()
        return told_of(seen)

    monkeypatch.setattr(Seen, "told", told)
    monkeypatch.setattr(watching, "EVERY", 0.02)
    answer = operator.get("/now/events")  # the test's client waits for its end
    assert answer.headers["content-type"].startswith("text/event-stream")
    [row] = [row for row in answer.text.splitlines() if row.startswith("data:")]
    assert [call["line"] for call in json.loads(row.removeprefix("data:"))["calls"]] == ["coffee"]
