"""The page Health, with the services up and down, and with notes of every kind."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientTimeout, web
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr

from desk import server as asking
from desk.health import findings
from desk.server import MediaServer
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.unit.desk.health.made import note, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from desk.settings import Settings
    from tests.unit.desk.conftest import Visitor

HTML = "<script>alert(1)</script>"
CHECKS = [
    {
        "id": "server.answers",
        "title": "",
        "level": "ok",
        "sentence": "The media server answers.",
        "station": "The media server",
    },
    {
        "id": "gateway.options",
        "title": "",
        "level": "fail",
        "sentence": f"The gateway answers {HTML}.",
        "cure": "Restart it.",
        "station": "The SIP gateway",
    },
    {"id": "twilio.account", "title": "", "level": "skipped", "sentence": "Not checked.", "station": "Twilio's side"},
]


class Services:
    """A watcher and an agent."""

    def __init__(self) -> None:
        self.findings: Any = {"at": "2026-11-25T14:00:00+00:00", "problem": "", "looking": False, "checks": CHECKS}
        self.job: Any = {"process": "a", "jobs": ["AJ_1"], "registered": True}
        self.asked = 0
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async def find(_: web.Request) -> web.Response:
            return web.Response(text=json.dumps(self.findings))

        async def look(_: web.Request) -> web.Response:
            self.asked += 1
            return web.Response(text=json.dumps(self.findings), status=202)

        async def jobs(_: web.Request) -> web.Response:
            return web.Response(text=json.dumps(self.job) + "\n")

        app = web.Application()
        app.add_routes([web.get("/findings", find), web.post("/findings", look), web.get("/jobs", jobs)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()


@pytest.fixture
def services() -> Iterator[Services]:
    its = Services()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(its.serving()):
        yield its


@pytest.fixture
def up(services: Services) -> Iterator[dict[str, Any]]:
    """Settings with which everything is there."""
    fake = FakeLiveKit()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serving()):
        yield {
            "agent_url": services.url,
            "watch_url": services.url,
            "livekit_url": fake.url,
            "livekit_api_key": SecretStr(fake.key),
            "livekit_api_secret": SecretStr(fake.secret),
            "image_of_agent": "landline/agent:0.1.0",
        }


@pytest.fixture
def settings(settings: Settings, up: dict[str, Any]) -> Settings:
    return settings.model_copy(update=up)


class TestAllIsUp:
    def test_services_findings_and_versions_are_shown(self, operator: Visitor) -> None:
        page = operator.get("/health").text
        assert page.count('<span class="badge good">up</span>') == 3
        assert "It takes calls, and has 1 now." in page
        assert "2026-11-25 14:00 UTC" in page
        assert "1 right, 0 to be looked at, 1 failed, 1 not checked" in page
        assert "What to do: Restart it." in page
        assert "<td>landline/agent</td><td>0.1.0</td>" in page
        assert "make doctor" in page

    def test_what_is_found_is_shown_as_text(self, operator: Visitor) -> None:
        page = operator.get("/health").text
        assert HTML not in page
        assert "&lt;script&gt;" in page

    def test_without_calls_it_says_so_and_draws_nothing(self, operator: Visitor) -> None:
        page = operator.get("/health").text
        assert "No calls in these days." in page
        assert "data-chart" not in page
        assert "/static/health/main.js" not in page

    def test_figures_are_in_tables_and_charts(self, operator: Visitor, data: Path) -> None:
        write(data, note(datetime.now(UTC).isoformat()))
        page = operator.get("/health").text
        for chart in ("calls", "hours", "band", "histogram", "errors", "cost"):
            assert f'data-chart="{chart}"' in page
        assert "1 call answered, 0 rejected; 1.5 minutes" in page
        assert "openai/thinks" in page
        # Every chart has its figures in a table.
        for told in ("1.20 s to 1.30 s</th><td>1<", "Errors as a table", "Cost as a table"):
            assert told in page
        figures = operator.get("/health/figures.json?days=14&line=").json()
        assert figures["calls"]["in_all"] == 1

    def test_a_model_and_an_outcome_are_shown_as_text(self, operator: Visitor, data: Path) -> None:
        one = note(datetime.now(UTC).isoformat())
        one["transcript"] |= {"outcome": HTML, "models": {"llm": HTML}}
        one["usage"][0]["model"] = HTML
        one["cost"]["currency"] = HTML
        one["rejected"] = ""
        write(data, one)
        write(data, one | {"rejected": HTML})
        page = operator.get("/health").text
        assert HTML not in page
        assert page.count("&lt;script&gt;") >= 5

    @pytest.mark.parametrize(
        ("total", "words"), [(None, "the price of 1 call is not known"), (0.0, "nothing was to be paid")]
    )
    def test_a_cost_of_nothing_is_a_sentence_and_no_chart(
        self, operator: Visitor, data: Path, total: float | None, words: str
    ) -> None:
        write(data, note(datetime.now(UTC).isoformat(), cost={"currency": "USD", "total": total}))
        page = operator.get("/health").text
        assert words in page
        assert 'data-chart="cost"' not in page

    def test_notes_that_cannot_be_read_are_said(
        self, operator: Visitor, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (data / "noted").write_text("in the way")
        page = operator.get("/health")
        assert page.status_code == 200
        assert "The notes of all lines cannot be read" in page.text
        (data / "noted").unlink()
        folder = write(data, note(datetime.now(UTC).isoformat())).parent
        scandir = os.scandir

        def forbidden(path: Path) -> Any:
            if path == folder:
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        with monkeypatch.context() as closed:
            closed.setattr(os, "scandir", forbidden)
            assert "Notes of the line coffee cannot be read" in operator.get("/health").text
        assert "1 call answered" in operator.get("/health").text

    def test_damaged_notes_are_said(self, operator: Visitor, data: Path) -> None:
        write(data, "{", started=datetime.now(UTC).isoformat())
        page = operator.get("/health").text
        assert "1 note of calls cannot be read, and is in no figure." in page
        assert "No calls in these days." in page

    @pytest.mark.parametrize("query", ["days=2", "days=x", "days=", "days=-1", "line=..", "line=%00", "line=A"])
    def test_a_choice_that_there_is_not_gets_a_sentence(self, operator: Visitor, query: str) -> None:
        for path in ("/health", "/health/figures.json"):
            answer = operator.get(f"{path}?{query}")
            assert answer.status_code == 400
            assert "The days to look back on" in answer.text or "A line&#39;s name" in answer.text

    def test_a_line_that_has_no_calls_is_no_error(self, operator: Visitor) -> None:
        assert "No calls in these days." in operator.get("/health?line=nobody&days=1").text

    def test_the_doctor_is_asked_to_look_again(self, operator: Visitor, services: Services) -> None:
        assert "The doctor is looking." not in operator.get("/health").text
        services.findings["looking"] = True
        assert operator.submit("/health/look-again") == "/health"
        assert services.asked == 1
        assert "The doctor is looking." in operator.get("/health").text
        assert operator.post("/health/look-again").status_code == 403

    def test_before_the_first_look_that_is_said(self, operator: Visitor, services: Services) -> None:
        services.findings = {"at": None, "problem": "", "looking": True, "worst": None, "checks": []}
        assert "The doctor has not finished its first look yet." in operator.get("/health").text

    def test_a_doctor_that_cannot_look_is_said(self, operator: Visitor, services: Services) -> None:
        services.findings["problem"] = "The doctor could not look: it did not answer within 120 s."
        assert "it did not answer within 120 s." in operator.get("/health").text

    @pytest.mark.parametrize("answer", [[], "?", {"checks": 1}, {"checks": [{"id": "x"}]}])
    def test_a_watcher_of_another_release_is_one_that_does_not_answer(
        self, operator: Visitor, services: Services, answer: Any
    ) -> None:
        services.findings = answer
        page = operator.get("/health")
        assert page.status_code == 200
        assert "there are no findings" in page.text

    def test_an_agent_that_is_not_registered_is_said(self, operator: Visitor, services: Services) -> None:
        services.job["registered"] = False
        assert "It is not registered with the media server" in operator.get("/health").text


class TestAllIsDown:
    @pytest.fixture
    def up(self) -> dict[str, Any]:
        return {"watch_url": "http://127.0.0.1:9"}

    def test_each_is_said_and_the_page_is_there(self, operator: Visitor, data: Path) -> None:
        write(data, note(datetime.now(UTC).isoformat()))
        page = operator.get("/health")
        assert page.status_code == 200
        assert page.text.count('<span class="badge bad">down</span>') == 3
        assert "docker compose logs agent" in page.text
        assert "docker compose logs livekit" in page.text
        assert "there are no findings" in page.text
        assert "1 call answered" in page.text
        assert "has not told the desk which images run" in page.text

    def test_who_is_there_and_says_nothing_is_down_within_seconds(
        self, app: Starlette, operator: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking, "ANSWERS_WITHIN", 0.1)
        monkeypatch.setattr(findings, "ANSWERS_WITHIN", ClientTimeout(total=0.1))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            host = f"127.0.0.1:{silent.getsockname()[1]}"
            silent_ones = {"livekit_url": f"ws://{host}", "agent_url": f"http://{host}", "watch_url": f"http://{host}"}
            its = app.state.desk
            settings = its.settings.model_copy(update=silent_ones)
            app.state.desk = dataclasses.replace(its, settings=settings, server=MediaServer(settings))
            page = operator.get("/health")
        assert page.text.count('<span class="badge bad">down</span>') == 3

    def test_the_doctor_cannot_be_asked(self, operator: Visitor) -> None:
        answer = operator.post("/health/look-again", data={"csrf_token": operator.token})
        assert answer.status_code == 503
        assert "does not answer" in answer.text


def test_nobody_but_the_operator_sees_it(visitor: Visitor) -> None:
    for path in ("/health", "/health/figures.json"):
        assert visitor.get(path).status_code == 401
    assert visitor.post("/health/look-again").status_code == 401
