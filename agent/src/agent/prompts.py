"""The agent's words: Markdown files that anyone can edit while the line is up. The next call uses them."""

import logging
import os
from dataclasses import dataclass, fields
from pathlib import Path

from agent import state

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).parents[2] / "prompts"
KEPT = state.DIRECTORY / "prompts"
LARGEST = 16_384  # bytes; the whole persona goes to the model with every turn


@dataclass(frozen=True, slots=True)
class Prompts:
    """One file each, named after the field: `persona` goes to the model, the others are spoken word for word."""

    persona: str
    greeting: str
    goodbye: str


def read_prompts(folder: Path = FOLDER, kept: Path = KEPT) -> Prompts:
    """The words for one call. In place of a file that is no good, its last good version speaks, and the log says why.

    Each call runs in a process of its own, so good versions are kept in a folder, not in memory.
    """
    return Prompts(**{name: _read_or_fall_back(name, folder, kept) for name in _names()})


def problems(folder: Path = FOLDER) -> list[str]:
    """What is wrong with the files, a sentence each."""
    found = []
    for name in _names():
        try:
            _read(_file(folder, name))
        except ValueError as problem:
            found.append(str(problem))
    return found


def _names() -> list[str]:
    return [field.name for field in fields(Prompts)]


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.md"


def _read_or_fall_back(name: str, folder: Path, kept: Path) -> str:
    try:
        text = _read(_file(folder, name))
    except ValueError as problem:
        logger.error("%s; the last good version is used", problem)
        return _read(_file(kept, name))
    try:
        _keep(_file(kept, name), text)
    except OSError as problem:  # a full disk is no reason not to answer
        logger.warning("this version of %s.md cannot be kept for later: %s", name, problem)
    return text


def _read(path: Path) -> str:
    """The text of a file; a ValueError that names the file, what is wrong with it and what to do if it is no good."""
    file = f"{path.parent.name}/{path.name}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}): put it back, readable to all") from None
    if len(data) > LARGEST:
        raise ValueError(f"{file} has {len(data)} bytes, at most {LARGEST} are sent to the model: shorten it")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 at byte {error.start}: save it as UTF-8") from None
    if not text:
        raise ValueError(f"{file} is empty: write the words into it")
    return text


def _keep(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")  # two calls may start at once; a rename shows no half file
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
