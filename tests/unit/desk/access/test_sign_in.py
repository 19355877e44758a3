"""Who gets in: the password, the cookie, the token of forms, and how often somebody may try."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from desk.access.guard import LARGEST, LARGEST_OF_A_STRANGER
from desk.access.sessions import COOKIE, Sessions
from tests.unit.desk.conftest import PASSWORD, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PAGE = {"Accept": "text/html"}


def test_a_stranger_is_led_to_the_sign_in_and_then_to_the_page(visitor: Visitor) -> None:
    answer = visitor.get("/calls?line=coffee", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (307, "/sign-in?after=%2Fcalls%3Fline%3Dcoffee")


def test_a_script_of_a_page_is_told_in_json_that_its_session_has_ended(visitor: Visitor) -> None:
    answer = visitor.get("/calls", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Sign in first: this session has ended."})


@pytest.mark.parametrize("path", ["/sign-in", "/calls", "/nothing", "/talk", "/static/desk.css", "/static/nothing"])
def test_head_is_answered_as_get_is_without_the_page(operator: Visitor, path: str) -> None:
    got, head = operator.get(path), operator.head(path)
    assert head.status_code == got.status_code
    assert head.headers["content-security-policy"] == got.headers["content-security-policy"]


def test_the_password_opens_the_desk(visitor: Visitor) -> None:
    assert visitor.get("/nothing").status_code == 401
    assert visitor.sign_in() == 303
    assert visitor.get("/nothing").status_code == 404


def test_the_address_alone_leads_a_stranger_to_the_page_that_calls(visitor: Visitor, operator: Visitor) -> None:
    assert visitor.get("/", headers=PAGE).headers["location"] == "/talk"
    assert operator.get("/", headers=PAGE).headers["location"] == "/now"


def test_a_wrong_password_does_not(visitor: Visitor) -> None:
    assert visitor.sign_in(PASSWORD + "?") == 401
    assert visitor.get("/nothing").status_code == 401


def test_signing_out_ends_every_session(app: Starlette, operator: Visitor) -> None:
    with Visitor(app) as other:
        other.sign_in()
        assert operator.submit("/sign-out") == "/sign-in"
        assert other.get("/nothing").status_code == 401


def test_a_form_of_another_site_changes_nothing(operator: Visitor) -> None:
    assert operator.post("/sign-out", data={"csrf_token": "0" * 64}).status_code == 403
    assert operator.post("/sign-out").status_code == 403
    assert operator.get("/nothing").status_code == 404


def test_guessing_is_slowed_down_for_an_address_and_its_ipv6_network(visitor: Visitor) -> None:
    for host in range(10):
        form = {"password": "wrong", "csrf_token": visitor.token}
        forged = f"203.0.113.{host}, 2001:db8::{host}"  # Caddy adds the last one
        assert visitor.post("/sign-in", data=form, headers={"X-Forwarded-For": forged}).status_code == 401
    form = {"password": PASSWORD, "csrf_token": visitor.token}
    assert visitor.post("/sign-in", data=form, headers={"X-Forwarded-For": "2001:db8::ffff"}).status_code == 429
    assert visitor.post("/sign-in", data=form, headers={"X-Forwarded-For": "2001:db8:0:1::1"}).status_code == 303


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:x"])
def test_signing_in_leads_to_no_other_site(visitor: Visitor, after: str) -> None:
    answer = visitor.post("/sign-in", data={"password": PASSWORD, "after": after, "csrf_token": visitor.token})
    assert answer.headers["location"] == "/now"


def test_the_cookie_cannot_be_read_by_scripts_or_sent_from_other_sites(visitor: Visitor) -> None:
    cookie = visitor.get("/sign-in").headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_a_forged_cookie_is_nobodys(visitor: Visitor) -> None:
    visitor.cookies.set(COOKIE, "eyJpZCI6IjEiLCJvcGVyYXRvciI6dHJ1ZX0.abc.def")
    assert visitor.get("/nothing").status_code == 401


def test_sessions_outlive_a_restart_but_not_a_new_password(tmp_path: Path) -> None:
    first = Sessions(tmp_path, "one password")
    cookie = first.written(first.signed_in())
    assert Sessions(tmp_path, "one password").read(cookie).is_operator
    assert not Sessions(tmp_path, "another password").read(cookie).is_operator


def test_signing_out_holds_after_a_restart_if_the_new_key_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Sessions(tmp_path, "a password")
    cookie = first.written(first.signed_in())

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("desk.access.sessions.os.open", full)
        first.sign_everybody_out()
    assert not Sessions(tmp_path, "a password").read(cookie).is_operator


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    its = Sessions(tmp_path / "missing", "a password")
    assert its.read(its.written(its.signed_in())).is_operator


def test_every_answer_has_the_policy_and_no_page_is_cached(visitor: Visitor) -> None:
    for path in ("/sign-in", "/nothing", "/static/desk.css"):
        headers = visitor.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert visitor.get("/sign-in").headers["cache-control"] == "no-store"


def test_a_script_is_asked_for_again_each_time_so_that_it_is_that_of_the_page(visitor: Visitor) -> None:
    first = visitor.get("/static/desk.css")
    assert first.headers["cache-control"] == "no-cache"
    assert visitor.get("/static/desk.css", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_page_that_fails_has_the_policy_too_and_says_nothing_of_the_fault(app: Starlette) -> None:
    async def fail(_: Request) -> Response:
        raise RuntimeError("canary")

    app.router.routes.insert(0, Route("/", fail))
    with Visitor(app) as visitor:
        for accept in ("text/html", "application/json"):
            answer = visitor.get("/", headers={"Accept": accept})
            assert answer.status_code == 500
            assert "script-src 'self';" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert "This page failed" in answer.text
            assert "canary" not in answer.text


def test_a_page_whose_path_begins_like_an_open_one_is_not_open(app: Starlette) -> None:
    async def show(_: Request) -> Response:
        return PlainTextResponse("for the operator")

    for path in ("/metrics-of-calls", "/sign-in/as", "/health-of-desk/more"):
        app.router.routes.insert(0, Route(path, show))
        with Visitor(app) as visitor:
            assert visitor.get(path).status_code == 401


def test_a_referer_that_is_no_address_is_no_fault(visitor: Visitor) -> None:
    answer = visitor.post("/calls", headers={**PAGE, "Referer": "https://[nonsense"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?after=")


# What is too large


def parts(size: int) -> Iterator[bytes]:
    """A form of which nobody says how long it is."""
    yield b"password="
    for _ in range(size // 1000):
        yield b"a" * 1000


@pytest.mark.parametrize("length", [{}, {"Content-Length": "7"}, {"Content-Length": "nonsense"}])
def test_a_stranger_sends_little_whatever_length_is_announced(visitor: Visitor, length: dict[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": visitor.token, **length}
    too_much = visitor.post("/sign-in", content=parts(LARGEST_OF_A_STRANGER), headers=headers)
    assert too_much.status_code == 413
    assert f"more than {LARGEST_OF_A_STRANGER} bytes" in too_much.text
    assert visitor.post("/sign-in", content=parts(1000), headers=headers).status_code == 401


def test_the_operator_sends_the_files_of_a_line_and_no_more(operator: Visitor) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": operator.token}
    assert operator.post("/sign-out", content=parts(LARGEST), headers=headers).status_code == 413
    assert operator.post("/sign-out", content=parts(LARGEST // 2), headers=headers).status_code == 303
