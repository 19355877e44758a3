"""/lines: the lines, the editor of one line's files, and its versions."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import checked_form
from desk.desk import desk_of
from desk.lines import files, showing, versions
from desk.lines.differences import of_files
from desk.lines.editing import Edit, Form, by_file, read_form
from desk.lines.showing import Shown
from desk.lines.store import Store
from desk.lines.versions import Version
from desk.pages import add_filter, render
from desk.problem import Problem

T = TypeVar("T")

NOW = "now"  # instead of a version: the files as they are
SETTING = re.compile(r"[\w.-]{1,120}")
DONE = {
    "saved": "Saved. The next call uses it.",
    "nothing": "Nothing was changed.",
    "back": "The version is back. The next call uses it.",
}
REFUSED = "Nothing was saved: the check found what is said below. What you wrote is still here."
CONFLICT = (
    "Nothing was saved: somebody else has changed a file since you opened this page. What you wrote is still here, and "
    "below it is how it differs from what is in the file now. Save again to replace what the other has written."
)


class Checked(NamedTuple):
    """What the agent says of an edit: sentences by file, those about no file, and the settings that need make up."""

    problems: Mapping[str, list[str]]
    apart: list[str]
    others: Mapping[str, list[str]]  # what is wrong in any case
    needs_make_up: list[str]


def routes() -> list[BaseRoute]:
    add_filter("moment", _moment)
    return [
        Route("/lines", show_lines),
        Route("/lines/{line}", show_editor),
        Route("/lines/{line}", take_edit, methods=["POST"]),
        Route("/lines/{line}/versions", show_versions),
        Route("/lines/{line}/compare", show_comparison),
        Route("/lines/{line}/versions/{version}", show_version),
        Route("/lines/{line}/versions/{version}", bring_back, methods=["POST"]),
    ]


async def show_lines(request: Request) -> Response:
    return render(request, "lines/list.html", lines=await _aside(_store(request).overview))


async def show_editor(request: Request) -> Response:
    line, store = _line(request), _store(request)
    there, problem = await _aside(store.look, line)
    shown, draft = showing.as_they_are(there), None
    if asked := request.query_params.get("draft"):
        draft = await _aside(store.drafts.find, line, asked)
        if draft:
            shown = showing.as_drafted(there, draft)
        else:
            problem = problem or "This draft does not exist any more: drafts are deleted after a day."
    told = ""
    try:
        checked = await _check(request, line, {})
        showing.add_problems(shown, checked.others)
    except Problem as unchecked:
        told = unchecked.sentence
    done = request.query_params.get("done", "")
    return _editor(
        request,
        shown,
        problem=problem,
        unchecked=told,
        done=DONE.get(done, ""),
        needs_make_up=[it for it in request.query_params.getlist("make_up") if SETTING.fullmatch(it)],
        draft=draft.id if draft else "",
    )


async def take_edit(request: Request) -> Response:
    """Check what was sent; then save it, or make a draft of it that can be called."""
    line, store = _line(request), _store(request)
    sent = await checked_form(request)
    form, draft, is_try = read_form(sent), str(sent.get("draft", "")), sent.get("action") == "try"
    edit = await _aside(store.compare, form, line)
    try:
        if edit.conflicts:
            raise Problem(409, CONFLICT)
        if edit.problems:
            raise Problem(422, REFUSED)
        if not edit.files and not is_try:
            return _led_back(request, done="nothing")
        checked = await _check(request, line, edit.texts())
        edit.problems.update(checked.problems)
        if checked.problems or checked.apart:
            raise Problem(422, " ".join([REFUSED, *checked.apart]))
        if is_try:
            return _led("/talk", line=line, draft=await _aside(_draft, store, line, edit))
        await _aside(store.save, edit, line)
    except Problem as problem:
        there, _ = await _aside(store.look, line)
        shown = showing.as_sent(there, form, edit)
        return _editor(request, shown, problem.status, problem=problem.sentence, form=form, edit=edit, draft=draft)
    await _aside(store.drafts.delete, draft)
    return _led_back(request, done="saved", make_up=checked.needs_make_up)


async def show_versions(request: Request) -> Response:
    line, store = _line(request), _store(request)
    _, problem = await _aside(store.look, line)
    found = await _aside(lambda: list(store.versions.of(line)))
    rows = [(it, it.changed_since(before)) for it, before in zip(found, [*found[1:], None], strict=True)]
    return render(
        request, "lines/versions.html", line=line, rows=rows, problem=problem, most=versions.MOST, by=_who, now=NOW
    )


async def show_comparison(request: Request) -> Response:
    line, store = _line(request), _store(request)
    old, new = (request.query_params.get(which, NOW) for which in ("old", "new"))
    both = [await _aside(_contents, store, line, which) for which in (old, new)]
    return render(
        request,
        "lines/comparison.html",
        line=line,
        titles=[await _aside(_title, store, line, which) for which in (old, new)],
        differences=await _aside(of_files, *both),
        version="",
        state="",
    )


async def show_version(request: Request) -> Response:
    line, store = _line(request), _store(request)
    version = await _aside(_version, store, line, request.path_params["version"])
    return await _bringing_back(request, store, line, version)


async def bring_back(request: Request) -> Response:
    """Check the version with what there is now, and write it."""
    line, store = _line(request), _store(request)
    form = await checked_form(request)
    version = await _aside(_version, store, line, request.path_params["version"])
    try:
        changes = await _aside(store.what_brings_back, line, version)
        if not changes:
            return _led(f"/lines/{line}", done="nothing")
        checked = await _check(request, line, _as_text(changes))
        if found := [*checked.apart, *(one for of_file in checked.problems.values() for one in of_file)]:
            raise Problem(422, " ".join(["Nothing was changed: the check of this version fails.", *found]))
        await _aside(store.bring_back, line, changes, str(form.get("state", "")))
    except Problem as problem:
        return await _bringing_back(request, store, line, version, problem)
    return _led(f"/lines/{line}", done="back", make_up=checked.needs_make_up)


async def _bringing_back(
    request: Request, store: Store, line: str, version: Version, problem: Problem | None = None
) -> Response:
    now = await _aside(store.now, line)
    then = await _aside(_contents, store, line, version.id)
    return render(
        request,
        "lines/comparison.html",
        problem.status if problem else 200,
        line=line,
        titles=["Now", await _aside(_title, store, line, version.id)],
        differences=await _aside(of_files, now, then),
        version=version.id,
        state=versions.state_of(now),
        problem=problem.sentence if problem else "",
    )


def _editor(
    request: Request,
    shown: list[Shown],
    status: int = 200,
    *,
    form: Form | None = None,
    edit: Edit | None = None,
    **told: Any,
) -> Response:
    line, only = _line(request), request.query_params.get("file", "")
    chosen = showing.choose(shown, only)
    store, there = _store(request), {its.file.name for its in shown}
    of_new = [one for name, found in edit.problems.items() if name not in there for one in found] if edit else []
    return render(
        request,
        "lines/editor.html",
        status,
        line=line,
        shown=chosen,
        base=showing.base_of(chosen),
        only=chosen[0].file.name if only and len(chosen) == 1 else "",
        why_not=files.why_not_writable(store.root, line, "line.toml"),
        new_name=form.new_name if form else "",
        new_text=form.new_text if form else "",
        new_problems=of_new,
        of_facts=files.OF_FACTS,
        state="answered" if form else "saved" if told.get("done") else "shown",
        **{"unchecked": "", "done": "", "needs_make_up": [], "draft": "", **told},
    )


async def _check(request: Request, line: str, texts: Mapping[str, str | None]) -> Checked:
    """Have the agent check the files as they would be.

    Raises:
        Problem: it cannot be asked.
    """
    answer = await desk_of(request).agent.post("/desk/check", {"line": line, "files": texts})
    if not isinstance(answer, dict):
        raise Problem(502, "The agent has answered something else than the result of a check.")
    found, others, needed = (
        [str(it) for it in answer.get(key) or []] for key in ("problems", "others", "needs_make_up")
    )
    known = {**texts, **dict.fromkeys(files.names(desk_of(request).places.lines / line))}
    return Checked(*by_file(found, line, known), by_file(others, line, known)[0], needed)


def _draft(store: Store, line: str, edit: Edit) -> str:
    there = {name: files.hash_of(data) for name, data in files.contents(store.root, line)}
    base = {**there, **{name: its.hash for name, its in edit.now.items()}}  # what the edit was compared with
    try:
        return store.drafts.make(store.root, line, edit.files, base)
    except OSError as error:
        raise Problem(
            507, f"The version to call cannot be written: {error.strerror}. See Health for the disk."
        ) from None


def _as_text(changes: Mapping[str, bytes | None]) -> dict[str, str | None]:
    texts: dict[str, str | None] = {}
    for name, data in changes.items():
        try:
            texts[name] = None if data is None else files.decoded(data)[0]
        except UnicodeDecodeError:
            raise Problem(422, f"{name} is no text in UTF-8 in this version. Nothing was changed.") from None
    return texts


def _contents(store: Store, line: str, which: str) -> dict[str, bytes]:
    if which == NOW:
        return store.now(line)
    return store.then(line, _version(store, line, which))


def _version(store: Store, line: str, which: str) -> Version:
    found = store.versions.find(line, which)
    if found is None:
        most = versions.MOST
        raise Problem(404, f"There is no such version. The newest {most} of each line are kept.")
    return found


def _title(store: Store, line: str, which: str) -> str:
    if which == NOW:
        return "Now"
    version = _version(store, line, which)
    return f"{_moment(version.at)}, {_who(version.by)}"


def _who(by: str) -> str:
    return {versions.DESK: "edited in the desk", versions.HAND: "edited on the host"}.get(by, "")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _led_back(request: Request, **query: str | list[str]) -> Response:
    """Lead to the page on which the form was: that of a single file, or that of all."""
    only = request.query_params.get("file", "")
    return _led(f"/lines/{_line(request)}", **({"file": only} if files.is_name(only) else {}), **query)


def _led(path: str, **query: str | list[str]) -> Response:
    return RedirectResponse(f"{path}?{urlencode(query, doseq=True)}", 303)


def _line(request: Request) -> str:
    line = str(request.path_params["line"])
    if line not in desk_of(request).places.line_names():
        raise Problem(404, "There is no such line. A line is a folder in lines/ on the host.")
    return line


def _store(request: Request) -> Store:
    return Store(desk_of(request).places)


async def _aside(function: Callable[..., T], *arguments: Any) -> T:
    """Run what reads and writes files in a thread, so that other pages go on meanwhile."""
    return await to_thread.run_sync(partial(function, *arguments))
