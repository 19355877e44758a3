"""What the editor shows of a line's files: as they are, as a draft has them, or as a form that was sent has them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from desk.lines.differences import Difference
from desk.lines.drafts import Draft
from desk.lines.editing import Edit, Form
from desk.lines.files import KIB, LineFile, hash_of

LARGEST_BESIDE_OTHERS = 128 * KIB  # bytes of a file; a larger one is edited on a page of its own
LARGEST_TOGETHER = 512 * KIB


@dataclass(slots=True)
class Shown:
    """One file in the editor."""

    file: LineFile
    text: str
    base: str  # the hash that the text is compared with when it is saved
    is_changed: bool = False  # the text is not what is in the file
    is_removed: bool = False  # it is to be removed
    is_alone: bool = False  # too large to be shown beside others
    problems: list[str] = field(default_factory=list)
    conflict: Difference | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether there is something to correct in it."""
        return bool(self.problems or self.file.problem or self.conflict)

    @property
    def anchor(self) -> str:
        """Its place in the page."""
        return f"of-{hash_of(self.file.name.encode())[:8]}"

    @property
    def is_open(self) -> bool:
        """Whether it is shown without asking for it."""
        is_word = self.file.name.endswith(".md") and not self.file.is_fact
        return is_word or self.is_changed or self.is_removed or self.is_wrong


def as_they_are(there: Iterable[LineFile]) -> list[Shown]:
    return [Shown(file, file.text or "", file.hash) for file in there]


def as_drafted(there: Iterable[LineFile], draft: Draft) -> list[Shown]:
    """Show the files as a draft has them.

    A file of facts that it has not is to be removed, unless somebody has added it since the draft was made.
    """
    shown = []
    for its in as_they_are(_with(there, draft.texts)):
        name = its.file.name
        text = draft.texts.get(name, "")
        if its.file.text is not None and (name in draft.texts or name in draft.base):
            its.is_changed = text != its.file.text
            its.is_removed = its.file.is_fact and name not in draft.texts
            its.text, its.base = text, draft.base.get(name, "")
        shown.append(its)
    return shown


def as_sent(there: Iterable[LineFile], form: Form, edit: Edit) -> list[Shown]:
    """Show the files as somebody has edited them, so that nothing of it is lost."""
    shown = []
    for its in as_they_are(_with(there, edit.now)):
        name = its.file.name
        if name in edit.now and name in form.texts:
            its.text, its.is_changed, its.is_removed = form.texts[name], True, name in form.removed
            its.base = edit.now[name].hash if name in edit.conflicts else form.base.get(name, "")
            its.conflict = edit.conflicts.get(name)
        its.problems = edit.problems.get(name, [])
        shown.append(its)
    return [its for its in shown if its.file.hash or its.is_changed or not its.file.is_fact]


def _with(there: Iterable[LineFile], names: Iterable[str]) -> list[LineFile]:
    """Add files that there are not, after those of facts."""
    found = list(there)
    known = {file.name for file in found}
    more = [LineFile(name) for name in names if name not in known]
    at = next((at for at, file in enumerate(found) if file.name == "line.toml"), len(found))
    return [*found[:at], *more, *found[at:]]


def choose(shown: list[Shown], only: str) -> list[Shown]:
    """Keep one file, if `only` names it; else mark what is too large to be shown beside the others."""
    if found := [its for its in shown if its.file.name == only]:
        return found
    together = 0
    for its in shown:
        size = len(its.text.encode(errors="replace"))
        its.is_alone = not its.is_changed and (size > LARGEST_BESIDE_OTHERS or together + size > LARGEST_TOGETHER)
        together += 0 if its.is_alone else size
    return shown


def base_of(shown: Iterable[Shown]) -> str:
    """Return what the form carries: the hash of each file whose text is in it."""
    return json.dumps({its.file.name: its.base for its in shown if its.file.text is not None and not its.is_alone})


def add_problems(shown: Iterable[Shown], problems: Mapping[str, list[str]]) -> None:
    for its in shown:
        its.problems = [*its.problems, *problems.get(its.file.name, [])]
