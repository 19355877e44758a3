"""What Prometheus is told of the desk."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.unit.desk.conftest import Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


def requests(visitor: Visitor) -> dict[tuple[str, str, str], float]:
    """The requests so far, by page, method and status."""
    answer = visitor.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (its.labels["page"], its.labels["method"], its.labels["status"]): its.value
        for family in text_string_to_metric_families(answer.text)
        for its in family.samples
        if its.name == "landline_desk_requests_total"
    }


def test_requests_are_counted_by_page_and_status_without_anybody_signing_in(visitor: Visitor) -> None:
    visitor.get("/static/desk.css")
    visitor.get("/sign-in")
    visitor.sign_in("a wrong password")
    there = requests(visitor)
    assert there["static", "GET", "200"] == 1
    assert there["sign-in", "POST", "401"] == 1
    assert requests(visitor) == there  # asking for them does not count


def test_what_somebody_makes_up_is_one_page(visitor: Visitor) -> None:
    for made_up in ("/canary", "/wp-admin/canary", "/%22%7D", "/static-canary"):
        visitor.request("CANARY", made_up)
    assert "canary" not in visitor.get("/metrics").text.lower()
    assert requests(visitor) == {("other", "other", "401"): 4.0}


def test_a_page_that_fails_is_counted(app: Starlette) -> None:
    async def fail(_: Request) -> Response:
        raise RuntimeError

    app.router.routes.insert(0, Route("/", fail))
    with Visitor(app) as visitor:
        visitor.sign_in()
        assert visitor.get("/").status_code == 500
        assert requests(visitor)["first", "GET", "500"] == 1


def test_an_answer_that_breaks_off_is_counted_once(app: Starlette) -> None:
    async def parts() -> AsyncIterator[str]:
        yield "the beginning"
        raise RuntimeError

    async def begin(_: Request) -> Response:
        return StreamingResponse(parts())

    app.router.routes.insert(0, Route("/", begin))
    with Visitor(app) as visitor, contextlib.suppress(Exception):
        visitor.get("/")
    with Visitor(app) as visitor:
        assert requests(visitor) == {("first", "GET", "200"): 1}


def test_the_seconds_until_an_answer_are_a_histogram(visitor: Visitor) -> None:
    visitor.get("/sign-in")
    text = visitor.get("/metrics").text
    assert 'landline_desk_request_seconds_bucket{le="10.0",page="sign-in"} 1.0' in text


def test_the_age_of_the_list_of_calls_is_known_once_somebody_has_looked(operator: Visitor) -> None:
    name = "landline_desk_index_age_seconds"
    assert f"\n{name} NaN\n" in operator.get("/metrics").text
    assert operator.get("/calls").status_code == 200
    [age] = re.findall(rf"\n{name} (\S+)\n", operator.get("/metrics").text)
    assert 0 <= float(age) < 60


def test_no_route_has_a_parameter_in_the_first_part_of_its_path(visitor: Visitor) -> None:
    """It would be a label, and its values are somebody's."""
    paths = [getattr(route, "path", "") for route in visitor.app.routes]  # type: ignore[attr-defined]
    assert len(paths) > 4
    assert [path for path in paths if "{" in path.split("/")[1]] == []
