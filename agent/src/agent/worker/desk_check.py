"""POST /desk/check says what `make check` would say of a line, if files of it were written as the desk wants to.

The files are laid over the line's own in a folder that is deleted afterwards. Nothing is written to lines/, no good
version is kept, and no text is logged.
"""

import asyncio
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.admission import contacts, lists
from agent.lines import http_tools
from agent.lines.folder import LARGEST, SETTINGS, LinesFolder
from agent.lines.group import NEEDS_MAKE_UP
from agent.lines.words import FACTS, LARGEST_SEARCHED, NAMES
from agent.lines.words import LARGEST as LARGEST_WORDS
from agent.providers.check import lines_of
from agent.providers.pipeline import Pipeline
from agent.settings import Settings
from agent.worker.check import needs_speech, problems
from agent.worker.desk_right import check_desk
from agent.worker.request_body import BodyError, read_body

logger = logging.getLogger(__name__)

PATH = "/desk/check"
SIZES = {  # bytes that each file of a line may have, which the check itself reports
    SETTINGS: LARGEST,
    **{f"{name}.md": LARGEST_WORDS for name in NAMES},
    "contacts.csv": contacts.LARGEST,
    "blocked.txt": lists.LARGEST,
    "allowed.txt": lists.LARGEST,
    http_tools.FILE: http_tools.LARGEST,
}
LARGEST_REQUEST = 4 * (sum(SIZES.values()) + LARGEST_SEARCHED)  # bytes; JSON writes some characters as six
MOST_FILES = 500
LONGEST_NAME = 200  # bytes of a file's name; a file system allows 255

Files = Mapping[str, str | None]
"""The text of each file that is to be written, by its name in the line's folder; None: it is to be deleted."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    line: str
    files: dict[str, str | None] = Field(max_length=MOST_FILES)


class _RefusedError(Exception):
    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def routes(settings: Settings, lines: LinesFolder) -> list[web.RouteDef]:
    """Make the route."""
    one_at_a_time = asyncio.Lock()

    async def answer(request: web.Request) -> web.Response:
        check_desk(request, settings)
        try:
            body = await read_body(request, LARGEST_REQUEST)
            asked = await asyncio.to_thread(_parsed, body, lines)  # reading the largest takes a moment
        except (BodyError, _RefusedError) as error:
            return web.json_response({"error": str(error)}, status=error.status)
        async with one_at_a_time:
            try:
                return web.json_response(await asyncio.to_thread(judge, settings, lines, asked.line, asked.files))
            except OSError as error:
                logger.error("Could not check files for the desk: %s", error.strerror)
                return web.json_response({"error": f"The check has no room to work in: {error.strerror}."}, status=503)

    return [web.post(PATH, answer)]


def judge(settings: Settings, lines: LinesFolder, line: str, files: Files) -> dict[str, list[str]]:
    """Check the line as if `files` were written.

    Returns:
        `problems`: sentences that speak against writing them: about these files, or new because of them.
        `others`: what is wrong with the host, with other files and with other lines in any case.
        `needs_make_up`: the settings whose change takes effect only with `make up`.
    """
    before = problems(settings, lines)
    with tempfile.TemporaryDirectory() as aside:
        edited = _laid_over(Path(aside), settings, lines, line, files)
        after = problems(settings, edited)
        if not after:
            after = list(_shared_numbers(edited, line))
        named = tuple(f"{lines.path.name}/{line}/{name} " for name in files)
        against = [problem for problem in after if problem not in before or problem.startswith(named)]
        return {
            "problems": against,
            "others": [problem for problem in after if problem not in against],
            "needs_make_up": [] if against else _needing_make_up(settings, lines, edited, line),
        }


def _parsed(body: bytes, lines: LinesFolder) -> _Asked:
    try:
        asked = _Asked.model_validate(json.loads(body))
    except (ValidationError, ValueError, RecursionError):
        expected = '{"line": "coffee", "files": {"persona.md": "…"}}'
        raise _RefusedError(f"The body is not what is expected: {expected}, with at most {MOST_FILES} files.") from None
    if asked.line not in lines.names():
        raise _RefusedError(f"There is no such line; this host's lines are: {', '.join(lines.names())}.", 404)
    for name, text in asked.files.items():
        if not _is_of_a_line(name):
            raise _RefusedError("The body names a file that is none of a line's, such as persona.md or facts/menu.md.")
        if text is not None and not _can_be_written(text):
            raise _RefusedError(f"{name} has a character that cannot be written as UTF-8.")
    return asked


def _is_of_a_line(name: str) -> bool:
    folder, _, fact = name.rpartition("/")
    is_fact = folder == FACTS and fact.endswith(".md") and not fact.startswith(".") and fact.isprintable()
    return name in SIZES or (is_fact and _can_be_written(fact) and len(fact.encode()) <= LONGEST_NAME)


def _can_be_written(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # JSON may have one half of a pair of surrogates
        return False
    return True


def _laid_over(aside: Path, settings: Settings, lines: LinesFolder, line: str, files: Files) -> LinesFolder:
    """Make a folder of lines that has `files` instead of the line's own, and links to everything else."""
    folder = aside / lines.path.name  # as the problems name it
    folder.mkdir()
    for path in lines.path.iterdir():
        if path.name != line:
            (folder / path.name).symlink_to(path.resolve())
    _link(lines.path / line, folder / line, files)
    _link(lines.path / line / FACTS, folder / line / FACTS, files, f"{FACTS}/")
    for name, text in files.items():
        if text is not None:
            (folder / line / name).write_bytes(text.encode())
    return lines_of(settings.model_copy(update={"lines_folder": folder}))


def _link(source: Path, target: Path, files: Files, prefix: str = "") -> None:
    target.mkdir()
    there = source.iterdir() if source.is_dir() else ()
    for path in there:
        if f"{prefix}{path.name}" not in files and path.name != FACTS:
            (target / path.name).symlink_to(path.absolute())


def _shared_numbers(lines: LinesFolder, name: str) -> Iterator[str]:
    """Say which numbers of this line another one has, too, as `make up` does with all it knows of numbers."""
    there = {line.name: line for line in lines.all_as_written()}
    line, file = there[name], f"{lines.path.name}/{name}/{SETTINGS}"
    for other in (other for other in there.values() if other.name != name):
        others = f"{lines.path.name}/{other.name}/{SETTINGS}"
        for number in line.numbers:
            if number in other.numbers:
                yield f"{file} has numbers with {number}, which {others} has too: keep it in one of them"
        if not any((line.numbers, line.also_dialled, other.numbers, other.also_dialled)):
            yield (
                f"{file} has no numbers, and neither has {others}: only one line can answer those of PHONE_NUMBERS, so "
                "give one of them numbers of its own"
            )


def _needing_make_up(settings: Settings, lines: LinesFolder, edited: LinesFolder, name: str) -> list[str]:
    before = next((line for line in lines.all_as_written() if line.name == name), None) or lines.left_behind(name)
    after = next((line for line in edited.all_as_written() if line.name == name), None)
    if after is None:  # its line.toml is none of the files, and was faulty before
        return []
    changed = list(_changed(before, after))
    if Pipeline(after, settings).embedded and not needs_speech(settings, lines):
        changed.append("models")  # an embedded one is used for the first time
    return changed


def _changed(before: BaseModel | None, after: BaseModel, prefix: str = "") -> Iterator[str]:
    """Name the settings that differ and take effect only with `make up`, such as lookup.url; None: all are new."""
    for key, field in type(after).model_fields.items():
        old = getattr(before, key) if before else field.get_default(call_default_factory=True)
        new: Any = getattr(after, key)
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("takes_effect") == NEEDS_MAKE_UP["takes_effect"]:
            if old != new:
                yield f"{prefix}{key}"
        elif isinstance(new, BaseModel):
            yield from _changed(old, new, f"{prefix}{key}.")
        elif isinstance(new, dict):
            for name, entry in new.items():
                if isinstance(entry, BaseModel):
                    yield from _changed(old.get(name), entry, f"{prefix}{key}.{name}.")
