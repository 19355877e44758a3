"""The agent's words: Markdown files that anyone can edit while the line is up. The next call uses them.

`<folder>/<language>/<name>.md` is preferred over `<folder>/<name>.md`, which has to be there for every language.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from agent import languages
from agent.storage.live_file import KEPT, LiveFile

FOLDER = Path(__file__).parents[3] / "prompts"
LARGEST = 16_384  # bytes; the whole persona goes to the model with every turn


@dataclass(frozen=True, slots=True)
class Prompts:
    """One file each, named after the field: `persona` goes to the model, the others are spoken word for word.

    The language's rules are at the end of the persona.
    """

    persona: str
    greeting: str
    goodbye: str

    def telling(self, section: str) -> "Prompts":
        """The same with one section more for the model, "" for none: behind all else, which is alike in all calls."""
        return replace(self, persona=f"{self.persona}\n\n{section}") if section else self


def read_prompts(language: str, folder: Path = FOLDER, kept: Path = KEPT) -> Prompts:
    """The words for one call; of a file that is no good, its last good version."""
    words = {name: _file(_preferred(name, language, folder), folder, kept).read() for name in _names()}
    words["persona"] += f"\n\n{languages.rules(language)}"
    return Prompts(**words)


def problems(folder: Path = FOLDER) -> list[str]:
    """What is wrong with the files, those of all languages, a sentence each."""
    translations = [_translated(name, language) for language in languages.known() for name in _names()]
    files = [f"{name}.md" for name in _names()] + [file for file in translations if (folder / file).exists()]
    return [problem for file in files if (problem := _file(file, folder).problem())]


def hopeless(language: str, folder: Path = FOLDER, kept: Path = KEPT) -> list[str]:
    """The same of those that this language needs and that have no good version to fall back to."""
    files = [_file(_preferred(name, language, folder), folder, kept) for name in _names()]
    return [problem for file in files if (problem := file.hopeless())]


def _names() -> list[str]:
    return [field.name for field in fields(Prompts)]


def _preferred(name: str, language: str, folder: Path) -> str:
    file = _translated(name, language)
    return file if (folder / file).exists() else f"{name}.md"


def _translated(name: str, language: str) -> str:
    return f"{language}/{name}.md"


def _file(file: str, folder: Path, kept: Path = KEPT) -> LiveFile[str]:
    return LiveFile(folder, file, _words, LARGEST, kept=kept)


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise ValueError("is empty: write the words into it")
    return words
