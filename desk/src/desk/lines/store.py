"""Saving an edit, and everything else that reads or writes files: it blocks, so the routes call it in a thread."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from desk.lines import editing, files, writing
from desk.lines.drafts import Drafts
from desk.lines.editing import Edit, Form
from desk.lines.files import FileProblem, LineFile
from desk.lines.versions import DESK, HAND, Version, Versions, state_of
from desk.places import Places
from desk.problem import Problem

_one_at_a_time = threading.Lock()  # so that of two who save at once, the second is told

NOT_KEPT = "The desk cannot keep versions, so nothing was changed: {}. See Health for the disk."


@dataclass(frozen=True, slots=True)
class Overview:
    """A line in the list of lines."""

    name: str
    newest: Version | None


class Store:
    """The files of the lines, their versions and drafts."""

    def __init__(self, places: Places) -> None:
        self._places, self.root = places, places.lines
        self.versions, self.drafts = Versions(places.desk), Drafts(places.desk)

    def overview(self) -> list[Overview]:
        return [Overview(name, next(self.versions.of(name), None)) for name in self._places.line_names()]

    def look(self, line: str) -> tuple[list[LineFile], str]:
        """Read all files of a line, keeping as a version what was edited on the host; say if that is impossible."""
        kept = ""
        try:
            with _one_at_a_time:
                self.versions.note(self.root, line)
        except OSError as error:
            kept = NOT_KEPT.replace(", so nothing was changed", "").format(error.strerror)
        return [files.read(self.root, line, name) for name in files.names(self.root / line)], kept

    def compare(self, form: Form, line: str) -> Edit:
        return editing.edit_of(form, self.root, line, self.versions)

    def save(self, edit: Edit, line: str) -> None:
        """Write the edit, with a version before and after it.

        Raises:
            Problem: 409, a file has changed since it was compared; 507, nothing can be kept or written.
        """
        with _one_at_a_time:
            if not editing.still_the_same(edit, self.root, line):
                raise Problem(409, "A file was changed by somebody else at the same moment. Save again to see it.")
            self._write(line, edit.files)

    def bring_back(self, line: str, changes: Mapping[str, bytes | None], state: str) -> None:
        """Write what a version had; `state` is that of the files with which it was compared. Raises as `save` does."""
        with _one_at_a_time:
            if self.state(line) != state:
                raise Problem(409, "A file was changed by somebody else meanwhile. Compare again.")
            self._write(line, changes)

    def state(self, line: str) -> str:
        return state_of(self.now(line))

    def now(self, line: str) -> dict[str, bytes]:
        """Return what is in the line's files."""
        return dict(files.contents(self.root, line))

    def then(self, line: str, version: Version) -> dict[str, bytes]:
        """Return what was in the line's files in a version; a Problem, 404, says that this cannot be read."""
        try:
            return self.versions.contents(line, version)
        except OSError:
            raise Problem(404, "This version has been deleted meanwhile, or is damaged: choose another one.") from None

    def _write(self, line: str, changes: Mapping[str, bytes | None]) -> None:
        try:
            self.versions.note(self.root, line, HAND)
        except OSError as error:
            raise Problem(507, NOT_KEPT.format(error.strerror)) from None
        try:
            writing.write_all(self.root, line, changes)
        except FileProblem as problem:
            raise Problem(507, str(problem)) from None
        try:
            self.versions.note(self.root, line, DESK)
        except OSError:
            return  # the next look keeps it, or says why not

    def what_brings_back(self, line: str, version: Version) -> dict[str, bytes | None]:
        """Return the files that have to be written for the line to be as it was in a version.

        A list that did not exist then becomes empty: of one that is missing, the agent uses the last good version.

        Raises:
            Problem: 404, the version cannot be read; 409, a file that differs cannot be read or written now.
        """
        then = self.then(line, version)
        now = self.now(line)
        changes: dict[str, bytes | None] = {name: data for name, data in then.items() if now.get(name) != data}
        for name in now.keys() - then.keys():
            if name.startswith(f"{files.FACTS}/"):
                changes[name] = None
            elif name not in files.MUST_EXIST and now[name]:
                changes[name] = b""
        for name in changes:
            if why := self._why_not(line, name):
                raise Problem(409, f"{why} Nothing was changed.")
        return changes

    def _why_not(self, line: str, name: str) -> str:
        try:
            files.read_bytes(self.root, line, name)
        except FileProblem as problem:
            return str(problem)
        return files.why_not_writable(self.root, line, name)
