"""The page from which a browser calls a line, and what it is given for that."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from desk.access.rates import TALK
from desk.app import new_app
from desk.talk.tokens import LASTS
from tests.unit.desk.conftest import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livekit.api.access_token import Claims

    from desk.settings import Settings

DRAFT = "0123456789abcdef" * 2
ONE_ADDRESS = TALK[0].amount
ALL = TALK[1].amount


def call(visitor: Visitor, body: Any = None, token: str = "", **headers: str) -> Any:
    given = {"X-CSRF-Token": token or visitor.token, "Accept": "application/json", **headers}
    content = body if isinstance(body, bytes) else json.dumps(body or {"line": "coffee"}).encode()
    return visitor.post("/talk/call", content=content, headers=given)


def claims_of(settings: Settings, token: str) -> Claims:
    secret = settings.livekit_api_secret.get_secret_value()
    return api.TokenVerifier(settings.livekit_api_key.get_secret_value(), secret).verify(token)


@pytest.fixture
def draft(data: Path) -> Path:
    folder = data / "desk" / "drafts" / DRAFT / "coffee"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def public(settings: Settings, data: Path) -> Iterator[Visitor]:
    """A browser at a host that others reach."""
    with Visitor(new_app(settings.model_copy(update={"bind_address": "203.0.113.7"}), data)) as visitor:
        yield visitor


# The token


def test_a_browser_is_let_into_one_room_in_which_it_may_talk_type_and_listen(
    visitor: Visitor, settings: Settings
) -> None:
    answer = call(visitor).json()
    claims = claims_of(settings, answer["token"])
    assert re.fullmatch(r"browser-[0-9a-f]{16}", claims.identity)
    assert re.fullmatch(r"call-browser-[0-9a-f]{16}", answer["room"])
    of_the_host = {"landline.agent": settings.agent_name, "landline.line": "coffee"}
    assert claims.attributes == {"landline.caller": "browser", **of_the_host}
    allowed = claims.video
    assert allowed
    assert (allowed.room, allowed.room_join, allowed.can_publish_sources) == (answer["room"], True, ["microphone"])
    assert (allowed.can_publish, allowed.can_publish_data, allowed.can_subscribe) == (True, True, True)
    more = (allowed.room_admin, allowed.room_create, allowed.room_list, allowed.hidden, allowed.agent)
    assert not any(more)
    assert not allowed.can_update_own_metadata, "or it could call itself an operator"


def test_a_token_lasts_five_minutes(visitor: Visitor, settings: Settings) -> None:
    import jwt

    secret = settings.livekit_api_secret.get_secret_value()
    expires = jwt.decode(call(visitor).json()["token"], secret, algorithms=["HS256"])["exp"]
    left = datetime.fromtimestamp(expires, UTC) - datetime.now(UTC)
    assert timedelta(0) < left <= LASTS + timedelta(seconds=2)
    assert timedelta(minutes=5) == LASTS


def test_the_room_that_the_browser_makes_is_sent_the_agent_of_the_line(visitor: Visitor, settings: Settings) -> None:
    claims = claims_of(settings, call(visitor).json()["token"])
    assert claims.room_config
    [dispatch] = claims.room_config.agents
    assert dispatch.agent_name == settings.agent_name
    assert json.loads(dispatch.metadata) == {"line": "coffee", "browser": True}
    assert claims.room_config.empty_timeout <= 30
    assert claims.room_config.departure_timeout <= 10


def test_every_call_has_a_room_and_an_identity_of_its_own(visitor: Visitor, settings: Settings) -> None:
    first, second = call(visitor).json(), call(visitor).json()
    assert first["room"] != second["room"]
    assert claims_of(settings, first["token"]).identity != claims_of(settings, second["token"]).identity


@pytest.mark.parametrize(("page", "signalling"), [("https", "wss"), ("http", "ws")])
def test_signalling_is_at_the_pages_own_host(visitor: Visitor, page: str, signalling: str) -> None:
    token = visitor.token
    visitor.base_url = f"{page}://localhost:8443"
    answer = visitor.post(
        "/talk/call",
        json={"line": "coffee"},
        headers={
            "X-CSRF-Token": token,
            "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()),
        },
    )
    assert answer.json()["url"] == f"{signalling}://localhost:8443"


# Who may


def test_on_the_host_itself_nobody_has_to_sign_in(visitor: Visitor) -> None:
    assert visitor.get("/talk").status_code == 200
    assert call(visitor).status_code == 200


def test_elsewhere_one_has_to_sign_in(public: Visitor) -> None:
    assert public.get("/talk", headers={"Accept": "text/html"}).headers["location"] == "/sign-in?after=%2Ftalk"
    assert call(public).status_code == 401
    assert public.sign_in() == 303
    assert call(public).status_code == 200


def test_the_hosts_setting_lets_anybody_call(settings: Settings, data: Path) -> None:
    open_host = settings.model_copy(update={"bind_address": "203.0.113.7", "talk_without_sign_in": True})
    with Visitor(new_app(open_host, data)) as visitor:
        assert call(visitor).status_code == 200


@pytest.mark.parametrize("token", ["wrong", " ", "0" * 64])
def test_a_request_of_another_sites_page_is_refused(visitor: Visitor, token: str) -> None:
    visitor.get("/talk")
    assert call(visitor, token=token).status_code == 403


def test_one_address_may_call_only_so_often(visitor: Visitor) -> None:
    token = visitor.token
    answers = [call(visitor, token=token) for _ in range(ONE_ADDRESS + 1)]
    assert [answer.status_code for answer in answers] == [200] * ONE_ADDRESS + [429]
    assert "Wait a minute" in answers[-1].json()["error"]


def test_the_operator_may_call_as_often_as_they_like(operator: Visitor) -> None:
    token = operator.token
    assert {call(operator, token=token).status_code for _ in range(ONE_ADDRESS + 2)} == {200}


def test_the_addresses_of_one_persons_network_count_together(visitor: Visitor) -> None:
    token = visitor.token
    for host in range(ONE_ADDRESS):
        assert call(visitor, token=token, **{"X-Forwarded-For": f"2001:db8:1:2::{host + 1:x}"}).status_code == 200
    assert call(visitor, token=token, **{"X-Forwarded-For": "2001:db8:1:2:ffff::1"}).status_code == 429
    assert call(visitor, token=token, **{"X-Forwarded-For": "2001:db8:1:3::1"}).status_code == 200


def test_all_together_may_call_only_so_often(visitor: Visitor) -> None:
    token = visitor.token
    codes = [call(visitor, token=token, **{"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(ALL + 1)]
    assert codes == [200] * ALL + [429]


def test_an_address_that_the_client_makes_up_does_not_count(visitor: Visitor) -> None:
    token = visitor.token
    made_up = [{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"} for n in range(ONE_ADDRESS + 1)]
    assert call(visitor, token=token, **made_up[0]).status_code == 200
    assert [call(visitor, token=token, **it).status_code for it in made_up[1:]][-1] == 429


# What is asked for


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"coffee"', b"\xff\xfe", b'{"line": null}', b'{"line": 7}', b'{"line": ["coffee"]}',
        b'{"draft": "0"}', b'{"line": "coffee", "draft": 5}', b'{"line": "coffee", "room": "call-of-somebody"}',
    ],
)  # fmt: skip
def test_what_is_no_request_for_a_call_gets_its_sentence(visitor: Visitor, body: bytes) -> None:
    answer = call(visitor, body if body else b" ")
    assert answer.status_code == 400, answer.text
    assert '{"line": "coffee"}' in answer.json()["error"]


def test_a_request_that_is_too_long_is_not_read(visitor: Visitor) -> None:
    assert call(visitor, b'{"line": "' + b"a" * 2000 + b'"}').status_code == 413


@pytest.mark.parametrize("line", ["tea", "", "../coffee", "coffee/", ".", "COFFEE", "<script>", "coffee\n", "a" * 500])
def test_a_line_that_is_not_there_cannot_be_called(visitor: Visitor, line: str) -> None:
    answer = call(visitor, {"line": line})
    assert answer.status_code == 404, answer.text
    assert "There is no such line" in answer.json()["error"]


# A version that was not saved


def test_the_operator_calls_a_version(operator: Visitor, settings: Settings, draft: Path) -> None:
    answer = call(operator, {"line": "coffee", "draft": DRAFT})
    config = claims_of(settings, answer.json()["token"]).room_config
    assert config
    assert json.loads(config.agents[0].metadata) == {"line": "coffee", "browser": True, "draft": DRAFT}
    assert draft.is_dir()


@pytest.mark.usefixtures("draft")
def test_nobody_else_does(visitor: Visitor) -> None:
    answer = call(visitor, {"line": "coffee", "draft": DRAFT})
    assert (answer.status_code, "sign in first" in answer.json()["error"]) == (403, True)
    assert visitor.get("/talk", params={"line": "coffee", "draft": DRAFT}).status_code == 403


@pytest.mark.usefixtures("draft")
@pytest.mark.parametrize(
    ("line", "draft_id", "status"),
    [
        ("coffee", "f" * 32, 404), ("tea", DRAFT, 404), ("coffee", "../" * 8, 400), ("coffee", DRAFT.upper(), 400),
        ("coffee", DRAFT + "0", 400), ("../coffee", DRAFT, 404), ("coffee", "%00", 400),
    ],
)  # fmt: skip
def test_a_version_that_is_not_there_cannot_be_called(operator: Visitor, line: str, draft_id: str, status: int) -> None:
    assert call(operator, {"line": line, "draft": draft_id}).status_code == status
    assert operator.get("/talk", params={"line": line, "draft": draft_id}).status_code == status


# The page


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'data-lines="([^"]*)" data-line="([^"]*)" data-draft="([^"]*)"', page)
    assert found, page
    lines, line, draft = map(unescape, found.groups())
    return {"lines": json.loads(lines), "line": line, "draft": draft}


def test_the_page_offers_every_line(visitor: Visitor, lines: Path) -> None:
    (lines / "ice-cream").mkdir()
    (lines / "Not A Line").mkdir()
    assert data_of(visitor.get("/talk").text)["lines"] == [
        {"name": "coffee", "title": "Coffee"},
        {"name": "ice-cream", "title": "Ice cream"},
    ]


def test_an_address_can_name_the_line_and_nothing_else_can_be_smuggled_in(visitor: Visitor) -> None:
    assert data_of(visitor.get("/talk?line=coffee").text)["line"] == "coffee"
    page = visitor.get("/talk", params={"line": '"><script>alert(1)</script>'}).text
    assert data_of(page)["line"] == ""
    assert "alert(1)" not in page


def test_the_page_of_a_version_says_so(operator: Visitor, draft: Path) -> None:
    page = operator.get(f"/talk?line=coffee&draft={DRAFT}").text
    assert "has not been saved" in page
    assert data_of(page) == {"lines": [{"name": "coffee", "title": "Coffee"}], "line": "coffee", "draft": DRAFT}
    assert draft.is_dir()


def test_without_a_line_the_page_says_what_to_do(visitor: Visitor, lines: Path) -> None:
    for file in (lines / "coffee").iterdir():
        file.unlink()
    (lines / "coffee").rmdir()
    assert "There is no line yet" in visitor.get("/talk").text


def test_the_page_has_no_script_or_style_of_its_own(visitor: Visitor) -> None:
    page = visitor.get("/talk").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)
