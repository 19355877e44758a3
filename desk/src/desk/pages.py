"""The pages, as the menu names them, and how one is made from its template."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the menu; `routes` makes all routes of the page."""

    title: str
    path: str
    routes: Callable[[], Iterable[BaseRoute]]


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def csrf_field(request: Request) -> Markup:
    """Return the hidden field that every form which changes something has."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(request.state.csrf)


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Make the answer from a template below templates/, which is given `request`, `menu` and these values."""
    made = _environment.get_template(template).render(
        request=request,
        menu=request.app.state.menu,
        csrf_field=csrf_field,
        problem=values.pop("problem", ""),
        **values,
    )
    return HTMLResponse(made, status)


def add_filter(name: str, function: Callable[..., Any]) -> None:
    """Let the templates use a function as a filter."""
    _environment.filters[name] = function
