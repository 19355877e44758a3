"""Drafts: a line as it would be, which a browser can call before it is saved. Each is deleted after a day.

drafts/<32 hex>/
  draft.json        whose draft it is, and the hashes of the files that were edited
  <line>/…          all files of the line; the agent reads this folder as it reads lines/
"""

import contextlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from desk.lines import files
from desk.lines.versions import write_folder

ID = re.compile(r"[0-9a-f]{32}")
LASTS = 24 * 3600  # seconds
MOST = 30  # of all lines; of more, the oldest are deleted
FACTS_OF_IT = "draft.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """`base` has the hash that each file had when the draft was made; "": there was none."""

    id: str
    line: str
    base: Mapping[str, str]
    texts: Mapping[str, str]  # of all its files


class Drafts:
    """The drafts of all lines; `folder` is the desk's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drafts"

    def make(self, root: Path, line: str, edits: Mapping[str, bytes | None], base: Mapping[str, str]) -> str:
        """Make a draft from the line's files and these edits of them, and return its id.

        Raises:
            OSError: it cannot be written.
        """
        self.delete_old()
        draft = secrets.token_hex(16)
        there: dict[str, bytes | None] = {**dict(files.contents(root, line)), **edits}
        aside = self._folder / f".{draft}"
        try:
            write_folder(aside / line, {name: data for name, data in there.items() if data is not None})
            told = {"version": 1, "line": line, "base": dict(base)}
            write_folder(aside, {FACTS_OF_IT: json.dumps(told).encode()})
            aside.rename(self._folder / draft)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return draft

    def find(self, line: str, draft: str) -> Draft | None:
        """Find a draft of this line that is not older than a day."""
        if not ID.fullmatch(draft):
            return None
        folder = self._folder / draft
        try:
            if time.time() - folder.stat().st_mtime > LASTS:
                return None
            told = json.loads((folder / FACTS_OF_IT).read_bytes())
            if told["line"] != line:
                return None
            there = (files.read(folder, line, name) for name in files.names(folder / line))
            texts = {its.name: its.text for its in there if its.hash and its.text is not None}
            return Draft(draft, line, dict(told["base"]), texts)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def delete(self, draft: str) -> None:
        """Delete a draft, if there is one."""
        if ID.fullmatch(draft):
            shutil.rmtree(self._folder / draft, ignore_errors=True)

    def delete_old(self) -> None:
        """Delete those that are older than a day, and the oldest of too many."""
        with contextlib.suppress(OSError):
            ages = sorted((time.time() - it.stat().st_mtime, it) for it in self._folder.iterdir())
            for at, (age, folder) in enumerate(ages):
                if at >= MOST or age > LASTS:
                    shutil.rmtree(folder, ignore_errors=True)
