"""A line's words: Markdown files that anyone can edit while the line is up. The next call uses them."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from agent import languages
from agent.aloud.markup import without_notes
from agent.storage.live_file import KEPT, LiveFile

LARGEST = 16_384  # bytes; the whole persona goes to the model with every turn


@dataclass(frozen=True, slots=True)
class Words:
    """One file each, named after the field: `persona` goes to the model, the others are spoken word for word.

    They are without front matter and comments. The language's rules are at the end of the persona.
    """

    persona: str
    greeting: str
    goodbye: str

    def with_section(self, section: str) -> "Words":
        """Add a section for the model, if it is not "". It comes last, because the rest is the same in all calls."""
        return replace(self, persona=f"{self.persona}\n\n{section}") if section else self


def read_words(folder: Path, language: str, kept: Path = KEPT) -> Words:
    """Read the words for one call from a line's folder. If a file is faulty, its last good version is used.

    Raises:
        ValueError: a file is faulty and has no good version.
    """
    words = {name: file.read() for name, file in _files(folder, kept).items()}
    words["persona"] += f"\n\n{languages.rules(language)}"
    return Words(**words)


def word_files(folder: Path, kept: Path = KEPT) -> list[LiveFile[str]]:
    """List the files, so that they can be judged."""
    return list(_files(folder, kept).values())


def _files(folder: Path, kept: Path) -> dict[str, LiveFile[str]]:
    names = [field.name for field in fields(Words)]
    return {name: LiveFile(folder, f"{name}.md", _parse, LARGEST, kept=kept) for name in names}


def _parse(text: str) -> str:
    words = without_notes(text).strip()
    if not words:
        raise ValueError("is empty: write the words into it")
    return words
