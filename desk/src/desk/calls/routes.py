"""The pages of the calls that are over: the list, one call, its files, and deletion."""

import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import checked_form
from desk.calls import export, shown
from desk.calls.replies import STAGES
from desk.calls.view import CallView
from desk.clock import zone_of
from desk.desk import desk_of
from desk.pages import render
from desk.problem import Problem
from desk.records.delete import (
    Deleted,
    Going,
    calls_of,
    delete_caller,
    delete_calls,
    going_of_call,
    still_written,
    unknown_callers,
)
from desk.records.folders import Folders
from desk.records.index import PATIENT, Index, State
from desk.records.name import CallName
from desk.records.read import Record, read
from desk.records.search import Page, Place, Search

T = TypeVar("T")

ONE_CALL = "/calls/{line}/{day}/{call}"
LONGEST = 200  # characters of a search
CHOICES = {"came_by": ("phone", "browser"), "kept": ("yes", "no"), "rejected": ("yes", "no")}
FIELDS = tuple(it.name for it in fields(Search))  # as the form calls them, too
NOTHING_LEFT = (
    "Nothing is kept of this call. It may have been deleted while you looked at it, or it was older than the line "
    "keeps its calls."
)


def routes() -> list[BaseRoute]:
    return [
        Route("/calls", show_list, name="calls"),
        Route("/calls/export.{kind:str}", export_list),
        Route(ONE_CALL, show_call, name="call"),
        Route(f"{ONE_CALL}/audio.ogg", play),
        Route(f"{ONE_CALL}/timeline.json", draw),
        Route(f"{ONE_CALL}/call.json", export_call),
        Route(f"{ONE_CALL}/delete", ask_about_call),
        Route(f"{ONE_CALL}/delete", delete_one, methods=["POST"]),
        Route(f"{ONE_CALL}/delete-caller", ask_about_caller),
        Route(f"{ONE_CALL}/delete-caller", delete_all_of_caller, methods=["POST"]),
    ]


async def show_list(request: Request) -> Response:
    search, place = _asked_for(request.query_params)
    index = index_of(request)
    found = await anyio.to_thread.run_sync(lambda: _found(request, index, search, place))
    part = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
    return render(request, "calls/found.html" if part else "calls/list.html", **found)


async def export_list(request: Request) -> Response:
    """Send all calls of the selection, not only those of the page, once all have been read in."""
    kind = request.path_params["kind"]
    if kind not in ("csv", "json"):
        raise Problem(404, "Calls can be exported as CSV or as JSON.")
    search, _ = _asked_for(request.query_params)
    index = index_of(request)

    def all_rows() -> str:
        index.refresh(PATIENT)
        rows = index.all_rows(search, export.MOST + 1)
        if len(rows) > export.MOST:
            raise Problem(400, f"More than {export.MOST:,} calls are too many for one file: choose fewer days.")
        return export.as_csv(rows) if kind == "csv" else export.as_json(rows)

    try:
        made = await anyio.to_thread.run_sync(all_rows)
    except sqlite3.Error:
        raise Problem(503, "The list of calls cannot be read just now: see whether the disk is full.") from None
    media_type = "text/csv" if kind == "csv" else "application/json"
    return Response(made, media_type=media_type, headers=_as_file(f"calls.{kind}"))


async def show_call(request: Request) -> Response:
    record = await _record(request)
    zone = await anyio.to_thread.run_sync(zone_of, record.name.line, desk_of(request).places.lines)
    return render(request, "calls/call.html", call=CallView(record, zone), shown=shown, stages=STAGES)


async def play(request: Request) -> Response:
    """Send the sound; a browser asks for parts of it."""
    name = _name(request)
    audio = await _on_disk(lambda: _folders(request).audio_of(name))
    if audio is None:
        raise Problem(404, "There is no recording of this call.")
    headers = _as_file(f"{name.line}-{name.record}.ogg") if "download" in request.query_params else None
    return FileResponse(audio, media_type="audio/ogg", headers=headers)


async def draw(request: Request) -> Response:
    record = await _record(request)
    zone = await anyio.to_thread.run_sync(zone_of, record.name.line, desk_of(request).places.lines)
    return JSONResponse(CallView(record, zone).timeline())


async def export_call(request: Request) -> Response:
    record = await _record(request)
    made = json.dumps(export.of_call(record), ensure_ascii=False, indent=1)
    headers = _as_file(f"{record.name.line}-{record.name.record}.json")
    return Response(made, media_type="application/json", headers=headers)


async def ask_about_call(request: Request) -> Response:
    name, folders = _name(request), _folders(request)

    def asked() -> dict[str, Any]:
        going = going_of_call(folders, name)
        if going.is_nothing and not going.record.is_being_written:
            raise Problem(404, NOTHING_LEFT)
        return _asked(request, [going], [])

    return render(request, "calls/delete.html", **await _on_disk(asked))


async def delete_one(request: Request) -> Response:
    await checked_form(request)
    name, folders, index = _name(request), _folders(request), index_of(request)
    return _tell(request, await _on_disk(lambda: delete_calls(folders, index, [name])))


async def ask_about_caller(request: Request) -> Response:
    """Ask about all calls of whoever called in this one; so no number is in an address."""
    record = await _record(request)
    if not record.caller:
        raise Problem(404, "The number of this caller is not known, so their other calls cannot be found.")
    folders, index = _folders(request), index_of(request)

    def asked() -> dict[str, Any]:
        going = [going_of_call(folders, name) for name in calls_of(folders, index, record.caller)]
        return _asked(request, going, _damaged(index), record.caller)

    return render(request, "calls/delete.html", **await _on_disk(asked))


async def delete_all_of_caller(request: Request) -> Response:
    form = await checked_form(request)
    caller = str(form.get("caller", ""))
    if not caller:
        raise Problem(400, "It is not said whose calls are to be deleted: go back to the call, and begin again.")
    folders, index, lines = _folders(request), index_of(request), desk_of(request).places.lines
    return _tell(request, await _on_disk(lambda: delete_caller(folders, index, lines, caller)))


def index_of(request: Request) -> Index:
    """Return the index of calls, made when it is first needed, and kept; called in the event loop alone."""
    state = request.app.state
    if not hasattr(state, "index_of_calls"):
        places = desk_of(request).places
        state.index_of_calls = Index(Folders(places.data), places.lines, places.desk / "index.db")
    index: Index = state.index_of_calls
    return index


def age_of_index(app: Starlette) -> float:
    """Return the seconds since the index last had all calls; NaN if it never had since the desk was started."""
    index: Index | None = getattr(app.state, "index_of_calls", None)
    return index.age if index else math.nan


def _found(request: Request, index: Index, search: Search, place: Place | None) -> dict[str, Any]:
    """Return what the template of the list is given."""
    lines = desk_of(request).places.lines
    state = index.refresh()
    page, choices, is_empty = Page(), {"lines": [""], "outcomes": [""]}, False
    try:
        page = index.page(search, place)
        choices = {"lines": index.lines(), "outcomes": index.outcomes()}
        is_empty = index.is_empty()
    except sqlite3.Error:
        state = state if state.why else State(whole=False, why="The list of calls cannot be read just now.")
    zones = {name: zone_of(name, lines) for name in {row.name.line for row in page.rows}}
    query = {key: value for key in FIELDS if (value := request.query_params.get(key, ""))}
    return {
        "search": search,
        "rows": [(row, shown.clock(row.began, zones[row.name.line])) for row in page.rows],
        "older": _with(query, page.older),
        "newer": _with(query, page.newer),
        "query": urlencode(query),
        "state": state,
        "is_empty": is_empty and state.whole,
        "is_filtered": search != Search(),
        "shown": shown,
        **choices,
    }


def _with(query: dict[str, str], page: str) -> str:
    return f"/calls?{urlencode({**query, 'page': page})}" if page else ""


def _asked_for(given: QueryParams) -> tuple[Search, Place | None]:
    """Read what is looked for.

    Raises:
        Problem: 400, something in the address is not what this page writes there.
    """
    search = Search(
        text=given.get("text", "").strip(),
        line=given.get("line", ""),
        outcome=given.get("outcome", ""),
        came_by=_choice(given, "came_by"),
        kept=_choice(given, "kept"),
        rejected=_choice(given, "rejected"),
        since=_day(given.get("since", ""), "from"),
        until=_day(given.get("until", ""), "to"),
    )
    if len(search.text) > LONGEST:
        raise Problem(400, f"The search has {len(search.text)} characters: {LONGEST} at most can be looked for.")
    if search.since and search.until and search.since > search.until:
        raise Problem(400, "The first day is after the last one: exchange the two.")
    written = given.get("page", "")
    place = Place.read(written)
    if written and not place:
        raise Problem(400, "This is no page of the list: go back to the newest calls.")
    return search, place


def _choice(given: QueryParams, field: str) -> str:
    value = given.get(field, "")
    if value and value not in CHOICES[field]:
        raise Problem(400, f"{field} has to be {' or '.join(CHOICES[field])}, or empty.")
    return value


def _day(written: str, which: str) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Problem(400, f"The day {which!r} has to be written like 2026-11-25.") from None


def _folders(request: Request) -> Folders:
    return Folders(desk_of(request).places.data)


def _name(request: Request) -> CallName:
    """Return the name in the address; a 404 if it is none, so that no other file can be meant."""
    given = request.path_params
    name = CallName.checked(given["line"], given["day"], given["call"])
    if not name:
        raise Problem(404, "There is no call of this name.")
    return name


async def _record(request: Request) -> Record:
    name, folders = _name(request), _folders(request)
    record = await _on_disk(lambda: read(folders, name))
    if not record.exists and not record.is_being_written:
        raise Problem(404, NOTHING_LEFT)
    return record


def _asked(request: Request, going: list[Going], damaged: list[CallName], caller: str = "") -> dict[str, Any]:
    """Return what the template is given that shows what would be deleted, and asks."""
    lines = desk_of(request).places.lines
    zones = {line: zone_of(line, lines) for line in {it.name.line for it in going}}
    name, known = _name(request), {it.name for it in going}
    return {
        "calls": [(it, shown.clock(it.record.began, zones[it.name.line])) for it in going],
        "caller": caller,
        "back": f"/calls/{name.path}",
        "being_written": [still_written(it.name) for it in going if it.record.is_being_written],
        "unknown": [it for it in unknown_callers(_folders(request)) if it not in known] if caller else [],
        "damaged": damaged,
        "notes": sum(it.note is not None for it in going),
        "recordings": sum(it.folder is not None for it in going),
        "recordings_size": shown.size(sum(it.audio_bytes for it in going)),
        "messages": sum(len(it.messages) for it in going),
        "pending": sum(len(it.pending) for it in going),
        "shown": shown,
    }


def _damaged(index: Index) -> list[CallName]:
    """Return the calls that may be anybody's; none if the index cannot be read, which the list of calls says."""
    try:
        return index.damaged()
    except sqlite3.Error:
        return []


async def _on_disk(work: Callable[[], T]) -> T:
    """Do something with the records in a thread.

    Raises:
        Problem: 503, a folder of theirs cannot be read.
    """
    try:
        return await anyio.to_thread.run_sync(work)
    except OSError as error:
        raise Problem(503, f"The records of calls cannot be read just now: {error.strerror}.") from None


def _tell(request: Request, done: Deleted) -> Response:
    """Go back to the list, or say what could not be deleted."""
    if done.problems:
        return render(request, "calls/deleted.html", 409, deleted=done.calls, problems=done.problems)
    return RedirectResponse("/calls?" + urlencode({"deleted": done.calls}), 303)


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
