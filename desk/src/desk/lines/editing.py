"""What a form of a line's files asks for, compared with what is in them now.

The form carries the hash that each file had when it was shown. A file that has changed since is a conflict, if the form
changes it, too; everything else in the form is taken as it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.datastructures import FormData

from desk.lines import files
from desk.lines.differences import Difference, of_texts
from desk.lines.files import LineFile, Written
from desk.lines.versions import Versions
from desk.problem import Problem

TEXT = "text:"  # and the name of the file
BASE, REMOVED, NEW_NAME, NEW_TEXT = "base", "remove", "new_name", "new_text"
UTF_8 = Written()


@dataclass(slots=True)
class Form:
    """What was sent: `texts` by the name of the file, and `base`, the hashes when they were shown."""

    texts: dict[str, str]
    base: dict[str, str]
    removed: set[str] = field(default_factory=set)
    new_name: str = ""
    new_text: str = ""


@dataclass(slots=True)
class Edit:
    """What the form changes. Nothing is to be written if there are `problems` (by file) or `conflicts`."""

    files: dict[str, bytes | None] = field(default_factory=dict)  # None: to be deleted
    now: dict[str, LineFile] = field(default_factory=dict)  # as the files are that it changes
    conflicts: dict[str, Difference] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def texts(self) -> dict[str, str | None]:
        """Return them as the agent checks them."""
        return {name: None if data is None else files.decoded(data)[0] for name, data in self.files.items()}


def read_form(form: FormData) -> Form:
    """Read the form.

    Raises:
        Problem: 400, it is none of this page's.
    """
    try:
        base = json.loads(str(form.get(BASE, "")))
        given = {str(name): str(value) for name, value in base.items()}
    except (ValueError, AttributeError, RecursionError):
        raise Problem(400, "The form lacks what the editor has put into it. Load the page again.") from None
    texts = {
        name.removeprefix(TEXT): files.normal(str(value))
        for name, value in form.multi_items()
        if name.startswith(TEXT) and isinstance(value, str)
    }
    removed = {str(name) for name in form.getlist(REMOVED)}
    if strange := [name for name in (*texts, *given, *removed) if not files.is_name(name)]:
        raise Problem(400, f"A line has no file that is called {strange[0][:80]!r}.")
    new_name = str(form.get(NEW_NAME, "")).strip()
    return Form(texts, given, removed, new_name, files.normal(str(form.get(NEW_TEXT, ""))))


def edit_of(form: Form, root: Path, line: str, versions: Versions) -> Edit:
    """Find out what the form changes, as the files are now."""
    edit = Edit()
    _take_new_file(form, root, line, edit)
    for name, text in form.texts.items():
        now = files.read(root, line, name)
        base = form.base.get(name, "")
        wanted = None if name in form.removed else text
        if wanted == (now.text if now.hash else None) or _is_untouched(form, line, name, now, versions):
            continue
        edit.now[name] = now
        if now.text is None:
            edit.problems[name] = [now.problem]
        elif now.hash != base:
            edit.conflicts[name] = of_texts(name, now.text, wanted or "")
        elif name in form.removed:
            _remove(name, edit)
        elif why := files.why_not_writable(root, line, name) or _why_not_text(name, text, now.written):
            edit.problems[name] = [why]
        else:
            edit.files[name] = now.written.bytes_of(text)
    return edit


def _is_untouched(form: Form, line: str, name: str, now: LineFile, versions: Versions) -> bool:
    """Return whether whoever sent the form has left this text as it was shown, whatever is in the file now."""
    base = form.base.get(name, "")
    if name in form.removed:
        return False
    if base == now.hash:
        return form.texts[name] == now.text
    if not base:
        return not form.texts[name]
    before = versions.with_hash(line, name, base)
    try:
        return before is not None and files.decoded(before)[0] == form.texts[name]
    except UnicodeDecodeError:
        return False


def _remove(name: str, edit: Edit) -> None:
    if name.startswith(f"{files.FACTS}/"):
        edit.files[name] = None
    else:
        edit.problems[name] = [f"{name} cannot be removed: only files of facts can."]


def _take_new_file(form: Form, root: Path, line: str, edit: Edit) -> None:
    """Take the new file of facts, if one is named."""
    if not form.new_name and not form.new_text.strip():
        return
    name = f"{files.FACTS}/{form.new_name.removeprefix(f'{files.FACTS}/').removesuffix('.md')}.md"
    if not files.FACT.fullmatch(name) or not files.is_name(name):
        problem = (
            "The new file needs a name: letters, digits, spaces and - _ . , & + ' ( ), at most 80 of them, and the "
            "first a letter or a digit."
        )
    elif files.read(root, line, name).hash or name in form.texts:
        problem = f"{name} exists already: choose another name, or edit that file."
    elif len(files.fact_names(root / line)) >= files.MOST_FACTS:
        problem = f"The line has {files.MOST_FACTS} files of facts, which is the most that are edited here."
    else:
        problem = files.why_not_writable(root, line, name) or _why_not_text(name, form.new_text)
    if problem:
        edit.problems[NEW_NAME] = [problem]
    else:
        edit.files[name] = form.new_text.encode()
        edit.now[name] = LineFile(name)


def _why_not_text(name: str, text: str, written: Written = UTF_8) -> str:
    if "\0" in text:
        return f"{name} would have a zero byte, which is no text."
    try:
        size = len(written.bytes_of(text))
    except UnicodeEncodeError:
        return f"{name} would have a character that cannot be written as Unicode."
    largest = files.KINDS.get(name, files.OF_FACTS).largest
    return f"{name} would have {size} bytes, but at most {largest} are read: shorten it." if size > largest else ""


def still_the_same(edit: Edit, root: Path, line: str) -> bool:
    """Return whether the files that the edit changes are as they were when it was compared with them."""
    return all(files.read(root, line, name).hash == now.hash for name, now in edit.now.items())


def by_file(problems: list[str], line: str, known: Mapping[str, object]) -> tuple[dict[str, list[str]], list[str]]:
    """Sort the agent's sentences, which begin with "lines/<line>/<file> ", by file; others are returned apart."""
    sorted_: dict[str, list[str]] = {}
    apart: list[str] = []
    for problem in problems:
        name = _file_in(problem, line, known)
        (sorted_.setdefault(name, []) if name else apart).append(problem)
    return sorted_, apart


def _file_in(problem: str, line: str, known: Mapping[str, object]) -> str:
    _, _, told = problem.partition("/")
    inside = told.removeprefix(f"{line}/")
    if inside == told:
        return ""
    return max((name for name in known if inside.startswith(f"{name} ")), key=len, default="")
