"""The messages: what callers want to be passed on, whether somebody has dealt with it, and calling back."""

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import checked_form
from desk.clock import spoken_moment, zone_of
from desk.desk import desk_of
from desk.messages.folder import GoneError, Message, MessageFolder, Place, Show, place_of
from desk.pages import render
from desk.problem import Problem
from desk.records.folders import Folders

PAGE = 50  # messages
SHOWN: Mapping[Show, str] = {"open": "To do", "done": "Done", "all": "All"}
LONGEST_NAME, LONGEST_PURPOSE = 80, 2000  # characters, as POST /calls takes them
GONE = "This message is gone: it has been deleted, or it never was. Nothing was changed."
ONE = "/messages/{line}/{day}/{name}"
STATES = {
    "waiting": "The call was placed. The phone rings in a moment.",
    "ringing": "The phone is ringing.",
    "answered": "Somebody has answered.",
    "ended": "The call has ended: {reason}.",
}


def routes() -> list[BaseRoute]:
    return [
        Route("/messages", show),
        Route(f"{ONE}/done", mark, methods=["POST"]),
        Route(f"{ONE}/call-back", show_call_back),
        Route(f"{ONE}/call-back", call_back, methods=["POST"]),
        Route(f"{ONE}/call-back/{{order:str}}", show_order),
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages a page shows."""

    show: Show = "open"
    line: str = ""  # "": of all lines
    before: Place | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Asked":
        """Read it from the address, or from a form that was on such a page; what is not known counts as not given."""
        show: Show = next((it for it in SHOWN if it == given.get("show")), "open")
        return cls(show, str(given.get("line", "")), place_of(str(given.get("before", ""))))

    def address(self, **more: str) -> str:
        """Return the page's address."""
        its = {"show": self.show, "line": self.line, "before": self.before.path if self.before else ""}
        return f"/messages?{urlencode({name: value for name, value in (its | more).items() if value})}"


async def show(request: Request) -> Response:
    """Show a page of messages, the newest first."""
    asked, desk = Asked.read(request.query_params), desk_of(request)
    folder = _folder(request)

    def read() -> tuple[list[str], list[Message], list[dict[str, Any]]]:
        lines = sorted({*folder.lines(), *desk.places.line_names()})
        wanted = [asked.line] if asked.line in lines else [] if asked.line else lines
        found = folder.page(wanted, asked.show, asked.before, PAGE + 1)
        zones = {line: zone_of(line, desk.places.lines) for line in {it.place.line for it in found}}
        return lines, found, [_shown(it, zones[it.place.line]) for it in found[:PAGE]]

    lines, found, messages = await to_thread.run_sync(read)
    if asked.line and asked.line not in lines:
        raise Problem(404, f"There is no line {asked.line!r}.")
    older = asked.address(before=found[PAGE - 1].place.path) if len(found) > PAGE else ""
    return render(
        request,
        "messages/list.html",
        messages=messages,
        asked=asked,
        shown=SHOWN,
        lines=lines,
        older=older,
        newest=asked.address(before="") if asked.before else "",
        marked=place_of(request.query_params.get("marked", "")),
        unmarked="unmarked" in request.query_params,
    )


async def mark(request: Request) -> Response:
    """Mark a message done, or not done any more."""
    form = await checked_form(request)
    place, done, asked = _place(request), form.get("done") == "yes", Asked.read(form)
    try:
        await to_thread.run_sync(partial(_folder(request).mark, place, done=done))
    except GoneError:
        raise Problem(404, GONE) from None
    except OSError as error:
        raise Problem(503, f"That could not be written down: {error.strerror}. See Health for the disk.") from None
    return RedirectResponse(asked.address(**{"marked": place.path} if done else {"unmarked": "yes"}), 303)


async def show_call_back(request: Request) -> Response:
    """Show the form by which the agent is asked to call somebody back."""
    message = await _callable(request)
    purpose = f"They have left a message on this line, and are called back about it. Their message was: {message.about}"
    return await _form(request, message, name=message.who, purpose=purpose, key=secrets.token_hex(16))


async def call_back(request: Request) -> Response:
    """Have the agent call; what it refuses is said above the form, with all that was written in it."""
    form = await checked_form(request)
    message = await _callable(request)
    name, purpose, key = (str(form.get(it, "")).strip() for it in ("name", "purpose", "key"))
    try:
        if not purpose or len(purpose) > LONGEST_PURPOSE:
            raise Problem(400, f"Write in 1 to {LONGEST_PURPOSE} characters why the person is called.")
        if len(name) > LONGEST_NAME:
            raise Problem(400, f"The name has {len(name)} characters, and may have {LONGEST_NAME}.")
        order = await desk_of(request).agent.post(
            "/calls",
            {"to": message.number, "purpose": purpose, "name": name, "line": message.place.line},
            {"Idempotency-Key": f"desk-{key}"},
        )
    except Problem as refused:
        return await _form(
            request,
            message,
            refused.status,
            name=name,
            purpose=purpose,
            key=key,
            problem=refused.sentence,
        )
    return RedirectResponse(f"/messages/{message.place.path}/call-back/{order['id']}", 303)


async def show_order(request: Request) -> Response:
    """Show what has become of a call: the whole page, or, for the page's script, JSON."""
    place, order = _place(request), request.path_params["order"]
    if not (order.isascii() and order.isalnum()):
        raise Problem(404, "There is no such call.")
    told = await desk_of(request).agent.get(f"/calls/{order}")
    state, is_over = str(told.get("state")), told.get("state") == "ended"
    sentence = STATES.get(state, state).format(reason=told.get("reason") or "no reason is known")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"sentence": sentence, "is_over": is_over})
    message = None
    with contextlib.suppress(GoneError):
        message = await to_thread.run_sync(_folder(request).read, place)
    return render(request, "messages/order.html", message=message, sentence=sentence, is_over=is_over)


async def _form(request: Request, message: Message, status: int = 200, /, **values: str) -> Response:
    zone = await to_thread.run_sync(zone_of, message.place.line, desk_of(request).places.lines)
    shown = _shown(message, zone)
    most = {"most_name": LONGEST_NAME, "most_purpose": LONGEST_PURPOSE}
    return render(request, "messages/call_back.html", status, message=shown, **values, **most)


async def _callable(request: Request) -> Message:
    try:
        message = await to_thread.run_sync(_folder(request).read, _place(request))
    except GoneError:
        raise Problem(404, GONE) from None
    if message.problem:
        raise Problem(409, message.problem)
    if not message.can_be_called:
        raise Problem(409, "There is no telephone number in this message, so nobody can be called back.")
    return message


def _shown(message: Message, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "its": message,
        "when": spoken_moment(message.at.astimezone(zone)),
        "iso": message.at.isoformat(),
        "zone": zone.key,
        "address": f"/messages/{message.place.path}",
        "call": f"/calls/{message.place.line}/{message.place.day}/{message.place.call}",
    }


def _place(request: Request) -> Place:
    its = request.path_params
    if place := place_of(f"{its['line']}/{its['day']}/{its['name']}"):
        return place
    raise Problem(404, GONE)


def _folder(request: Request) -> MessageFolder:
    return MessageFolder(Folders(desk_of(request).places.data).calls)
