"""The pages of the messages, as an operator uses them, with the agent's own endpoint for calls."""

from __future__ import annotations

import html
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from agent.admission import owner_files
from agent.outbound.orders import Orders
from tests.support.lines import make_folder, write_settings
from tests.unit.desk.agent import agent_of, settings_with
from tests.unit.desk.messages.test_folder import put
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.settings import Settings
    from tests.unit.desk.conftest import Visitor

PLACE = "coffee/2026-11-25/142233-1f2e3d-message-1"
ONE = f"/messages/{PLACE}"
ALWAYS = {"enabled": True, "quiet_from": "00:00", "quiet_until": "00:00", "quiet_days": []}


class Server:
    """The media server, which takes every dispatch."""

    def __init__(self) -> None:
        self.dispatched: list[api.CreateAgentDispatchRequest] = []

    @property
    def agent_dispatch(self) -> Server:
        return self

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> None:
        self.dispatched.append(request)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(api, "LiveKitAPI", lambda *_: made)
    return made


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path / "data"))
    monkeypatch.setattr(owner_files.read_contacts, "__defaults__", (tmp_path / "kept",))
    write_settings(make_folder(tmp_path / "lines/coffee"), timezone="Europe/Berlin", outbound=ALWAYS)
    write_settings(make_folder(tmp_path / "lines/dentist"), timezone="Asia/Tokyo", numbers=["+12025550101"])
    return tmp_path / "lines"


@pytest.fixture
def settings(lines: Path, tmp_path: Path) -> Iterator[Settings]:
    with agent_of(lines, tmp_path / "kept") as url:
        yield settings_with(url, lines)


@pytest.fixture
def calls(data: Path) -> Path:
    return data / "calls"


def texts(page: str) -> str:
    """What the page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


def test_messages_are_shown_with_what_matters(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE, urgent=True)
    put(calls, "dentist/2026-11-25/142233-2f2e3d-message-1", who="", number="")
    page = operator.get("/messages").text
    said = texts(page)
    assert "Anna urgent The oven is broken. Wednesday 25 November 2026, 15:22 line coffee +12025550177 The call" in said
    assert "No name given The oven is broken. Wednesday 25 November 2026, 23:22 line dentist no number" in said
    assert 'href="/calls/coffee/2026-11-25/142233-1f2e3d"' in page
    assert page.count("/call-back") == 1  # nobody is called whose number is not known


def test_no_message_is_said_to_be_none(operator: Visitor) -> None:
    for show, said in (
        ("open", "no message to deal with"),
        ("done", "No message is marked done"),
        ("all", "no messages"),
    ):
        assert said in operator.get(f"/messages?show={show}").text


def test_a_message_is_marked_done_and_not_done_again(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE)
    leads = operator.submit(f"{ONE}/done", done="yes", show="open", line="coffee")
    assert leads.startswith("/messages?show=open&line=coffee&marked=coffee")
    page = operator.get(leads).text
    assert "The message is marked done." in page
    assert "There is no message to deal with." in page
    assert "Anna" in operator.get("/messages?show=done").text
    again = operator.submit(f"{ONE}/done", done="no", show="open", line="coffee")
    assert "Anna" in operator.get(again).text


def test_marking_what_is_gone_is_said_and_leaves_nothing(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE)
    shutil.rmtree(calls / PLACE)
    answer = operator.post(f"{ONE}/done", data={"done": "yes", "csrf_token": operator.token})
    assert answer.status_code == 404
    assert "This message is gone" in answer.text
    assert not (calls / PLACE).exists()


@pytest.mark.parametrize(
    "path",
    [
        "/messages/coffee/2026-11-25/142233-1f2e3d/done",
        "/messages/coffee/2026-11-25/message.json/done",
        "/messages/%2e%2e/2026-11-25/142233-1f2e3d-message-1/done",
    ],
)
def test_nothing_but_a_message_is_marked(calls: Path, operator: Visitor, path: str) -> None:
    put(calls, PLACE)
    (calls / "coffee/2026-11-25/142233-1f2e3d").mkdir()
    answer = operator.post(path, data={"done": "yes", "csrf_token": operator.token})
    assert answer.status_code == 404
    assert not list(calls.rglob("done"))


def test_without_the_token_of_the_page_nothing_is_changed(calls: Path, operator: Visitor, server: Server) -> None:
    put(calls, PLACE)
    assert operator.post(f"{ONE}/done", data={"done": "yes"}).status_code == 403
    assert operator.post(f"{ONE}/call-back", data={"purpose": "x", "key": "k"}).status_code == 403
    assert not list(calls.rglob("done"))
    assert server.dispatched == []


def test_a_stranger_sees_nothing(calls: Path, visitor: Visitor) -> None:
    put(calls, PLACE)
    for path in ("/messages", f"{ONE}/call-back", f"{ONE}/call-back/0123"):
        assert visitor.get(path).status_code == 401
    assert visitor.post(f"{ONE}/done", data={"done": "yes", "csrf_token": visitor.token}).status_code == 401


def test_a_page_has_fifty_and_leads_to_the_older_ones(calls: Path, operator: Visitor) -> None:
    for it in range(120):
        put(calls, f"coffee/2026-11-{10 + it // 20}/1422{it % 60:02}-{it:06x}-message-1", who=f"Number {it}.")
    page, seen, pages = operator.get("/messages").text, [], 1
    while True:
        seen += re.findall(r"<h2>Number (\d+)\.</h2>", page)
        older = re.search(r'href="([^"]*)">Older', page)
        if not older:
            break
        page, pages = operator.get(html.unescape(older[1])).text, pages + 1
    assert (pages, len(seen), len(set(seen))) == (3, 120, 120)
    assert ">Newest</a>" in page


def test_a_line_can_be_chosen_and_an_unknown_one_is_said_to_be_none(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE)
    put(calls, "dentist/2026-11-25/142233-2f2e3d-message-1", who="Bert")
    page = operator.get("/messages?line=dentist").text
    assert "<h2>Bert</h2>" in page
    assert "<h2>Anna</h2>" not in page
    assert operator.get("/messages?line=../calls").status_code == 404
    assert operator.get("/messages?show=%00&before=%2e%2e").status_code == 200


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_caller_has_said_is_text(calls: Path, operator: Visitor, payload: str) -> None:
    put(calls, PLACE, who=payload, about=payload, number=payload)
    put(calls, "coffee/2026-11-25/142234-1f2e3d-message-1", who=payload, about=payload)
    pages = [
        operator.get(path).text
        for path in ("/messages", "/messages/coffee/2026-11-25/142234-1f2e3d-message-1/call-back")
    ]
    for page in pages:
        assert html.escape(payload, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
        assert payload not in page or payload == html.escape(payload)
        assert sorted(set(re.findall(r"<script[^>]*>", page))) == []


def test_a_damaged_message_says_so(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE)
    (calls / PLACE / "message.json").write_text("{")
    assert "This message cannot be read: its file is damaged." in operator.get("/messages").text
    assert operator.get(f"{ONE}/call-back").status_code == 409


def test_somebody_is_called_back(calls: Path, operator: Visitor, server: Server) -> None:
    put(calls, PLACE)
    page = operator.get(f"{ONE}/call-back").text
    assert field(page, "name") == "Anna"
    assert "Their message was: The oven is broken.</textarea>" in page
    form = {"name": "Anna", "purpose": "The oven is repaired.", "key": field(page, "key")}
    leads = operator.submit(f"{ONE}/call-back", **form)
    assert operator.submit(f"{ONE}/call-back", **form) == leads  # a second click calls nobody twice
    assert len(server.dispatched) == 1
    order = Orders("coffee").read(leads.rpartition("/")[2])
    assert order
    assert (order.number, order.name, order.purpose) == ("+12025550177", "Anna", "The oven is repaired.")
    assert "The call was placed." in operator.get(leads).text
    Orders("coffee").end(order.id, "busy", "the number was busy")
    told = operator.get(leads, headers={"Accept": "application/json"}).json()
    assert told == {"sentence": "The call has ended: the number was busy.", "is_over": True}
    shutil.rmtree(calls / PLACE)
    assert "The message has been deleted meanwhile." in operator.get(leads).text


def test_what_the_agent_refuses_is_said_and_what_was_written_is_kept(
    calls: Path, lines: Path, operator: Visitor, server: Server
) -> None:
    put(calls, PLACE)
    write_settings(lines / "coffee", outbound={**ALWAYS, "calls_per_number": 1})
    form = {"name": 'An"na', "purpose": "One <b>&", "key": "0123", "csrf_token": operator.token}

    def refused(**changes: str) -> tuple[int, str]:
        answer = operator.post(f"{ONE}/call-back", data=form | changes)
        assert "One &lt;b&gt;&amp;</textarea>" in answer.text or not changes.get("purpose", "x").strip()
        assert 'value="An&#34;na"' in answer.text or "name" in changes
        found = re.search(r'role="alert">([^<]*)<', answer.text)
        return answer.status_code, html.unescape(found[1]) if found else ""

    assert refused(purpose=" ") == (400, "Write in 1 to 2000 characters why the person is called.")
    assert refused(name="x" * 81) == (400, "The name has 81 characters, and may have 80.")
    Orders("coffee").do_not_call("+12025550177", "owner")
    assert refused() == (403, "The number is on the line's do-not-call list: the person wants no more calls.")
    Orders("coffee").allow_again("+12025550177")
    write_settings(lines / "coffee", outbound={"quiet_until": "23:59", "quiet_days": list(DAYS)})
    status, said = refused()
    assert status == 403
    assert "nobody is called" in said
    write_settings(lines / "coffee", outbound={"enabled": False})
    assert refused() == (403, "The line makes no calls: set enabled = true in [outbound] of its line.toml.")
    assert server.dispatched == []


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def test_an_agent_that_does_not_answer_is_said(calls: Path, app: Any, operator: Visitor, monkeypatch: Any) -> None:
    put(calls, PLACE)
    away = app.state.desk.settings.model_copy(update={"agent_url": "http://127.0.0.1:9"})
    monkeypatch.setattr(app.state.desk.agent, "_settings", away)
    form = {"name": "Anna", "purpose": "x", "key": "0123", "csrf_token": operator.token}
    answer = operator.post(f"{ONE}/call-back", data=form)
    assert answer.status_code == 503
    assert "The agent does not answer" in answer.text
    assert operator.get("/messages").status_code == 200  # messages are shown all the same


def test_an_order_that_is_not_there_is_said(calls: Path, operator: Visitor) -> None:
    put(calls, PLACE)
    assert "There is no order for a call with this id" in operator.get(f"{ONE}/call-back/0123").text
    for order in ("..", "%2e%2e", "a-b", "é"):
        assert operator.get(f"{ONE}/call-back/{order}").status_code == 404


def test_the_menu_has_the_page(operator: Visitor) -> None:
    assert '<a href="/messages" aria-current="page">Messages</a>' in operator.get("/messages").text
