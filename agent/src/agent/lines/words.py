"""A line's words: Markdown files that anyone can edit while the line is up. The next call uses them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from agent import languages
from agent.aloud.markup import without_notes
from agent.storage.live_file import KEPT, FileError, LiveFile

logger = logging.getLogger(__name__)

NAMES = ("persona", "greeting", "goodbye")
FACTS = "facts"  # a folder of Markdown files
LARGEST = 16_384  # bytes of a file; the whole persona goes to the model with every turn
LARGEST_FACTS = 16_384  # bytes of all facts together that go with it; if there are more, large files are searched
LARGEST_SEARCHED = 1_048_576  # bytes of all files of facts together


@dataclass(frozen=True, slots=True)
class Words:
    """One file each, named after the field: `persona` goes to the model, greeting and goodbye are spoken word for word.

    They are without front matter and comments. `facts` are the files of that folder in one text, which is at the end of
    the persona, before the language's rules; "" if there are none. If all of them are too much for the persona, the
    largest are in `searched` instead.
    """

    persona: str
    greeting: str
    goodbye: str
    facts: str = ""
    searched: str = ""

    def with_section(self, section: str) -> "Words":
        """Add a section for the model, if it is not "". It comes last, because the rest is the same in all calls."""
        return replace(self, persona=f"{self.persona}\n\n{section}") if section else self


def read_words(folder: Path, language: str, kept: Path = KEPT) -> Words:
    """Read the words for one call from a line's folder. If a file is faulty, its last good version is used.

    A file of facts that is faulty and has no good version is left out, and the log says why.

    Raises:
        ValueError: another file is faulty and has no good version.
    """
    words = {name: file.read() for name, file in _files(folder, kept).items()}
    whole, searched = _split(list(_read_facts(folder, kept)))
    facts = "\n\n".join(whole)
    told = f"{languages.knowledge(language).told.strip()}\n\n{facts}".strip() if facts or searched else ""
    words["persona"] = "\n\n".join(filter(None, (words["persona"], told, languages.rules(language))))
    return Words(**words, facts=facts, searched="\n\n".join(searched))


def _split(facts: list[str]) -> tuple[list[str], list[str]]:
    """Split the files of facts into those that a model can be told with every turn, and the largest, if need be."""
    sizes = [len(text.encode()) for text in facts]
    large = set[int]()
    for at in sorted(range(len(facts)), key=lambda at: -sizes[at]):
        if sum(size for other, size in enumerate(sizes) if other not in large) <= LARGEST_FACTS:
            break
        large.add(at)
    return (
        [text for at, text in enumerate(facts) if at not in large],
        [text for at, text in enumerate(facts) if at in large],
    )


def word_files(folder: Path, kept: Path = KEPT) -> list[LiveFile[str]]:
    """List the files, so that they can be judged."""
    return [*_files(folder, kept).values(), *_fact_files(folder, kept)]


def _files(folder: Path, kept: Path) -> dict[str, LiveFile[str]]:
    return {name: LiveFile(folder, f"{name}.md", _parse, LARGEST, kept=kept) for name in NAMES}


def _parse(text: str) -> str:
    words = without_notes(text).strip()
    if not words:
        raise ValueError("is empty: write the words into it")
    return words


def _read_facts(folder: Path, kept: Path) -> Iterator[str]:
    for file in _fact_files(folder, kept):
        try:
            if facts := file.read():
                yield facts
        except FileError as problem:  # whoever asks for these facts hears that they are not known
            logger.error("%s; its facts are left out", problem)


def _fact_files(folder: Path, kept: Path) -> Iterator[LiveFile[str]]:
    """Yield the files of facts that there are now, so that a file that its owner has deleted is not used any more."""
    room = LARGEST_SEARCHED
    for path in sorted((folder / FACTS).glob("[!.]*.md")):
        yield LiveFile(folder, f"{FACTS}/{path.name}", partial(_parse_facts, room=room), LARGEST_SEARCHED, kept=kept)
        room -= _size(path)


def _parse_facts(text: str, room: int) -> str:
    if len(text.encode()) > room:
        raise ValueError(
            f"makes the facts of this line longer than {LARGEST_SEARCHED} bytes, which is the most that is searched: "
            "shorten it, or delete another file beside it"
        )
    return without_notes(text).strip()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # reading it says why
        return 0
