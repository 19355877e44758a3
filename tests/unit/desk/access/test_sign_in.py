"""Who gets in: the password, the cookie, the token of forms, and how often somebody may try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.access.sessions import COOKIE, Sessions
from tests.unit.desk.conftest import PASSWORD, Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

PAGE = {"Accept": "text/html"}


def test_a_stranger_is_led_to_the_sign_in_and_then_to_the_page(visitor: Visitor) -> None:
    answer = visitor.get("/calls?line=coffee", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (307, "/sign-in?after=%2Fcalls%3Fline%3Dcoffee")


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


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "missing", "a password")
    assert sessions.read(sessions.written(sessions.signed_in())).is_operator


def test_every_answer_has_the_policy_and_no_page_is_cached(visitor: Visitor) -> None:
    for path in ("/sign-in", "/nothing", "/static/desk.css"):
        headers = visitor.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert visitor.get("/sign-in").headers["cache-control"] == "no-store"
