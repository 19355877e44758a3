"""What the model is told about the caller: marked as data, because others have written it."""

import unicodedata
from pathlib import Path

from agent.admission.caller import Caller

FOLDER = Path(__file__).parent
LONGEST_NAME = 80  # characters
LONGEST_NOTES = 1000  # characters; they go to the model with every turn
FENCES = str.maketrans("", "", "`<>")  # like several dashes, these could pass for the end of the block or for a new one


def described(caller: Caller, *, by_browser: bool = False) -> str:
    """Return a section for the model's instructions, or "" when there is nothing to tell."""
    if by_browser:
        return _template("browser")
    if caller.anonymous:
        return _template("anonymous")
    name, notes = one_line(caller.name, LONGEST_NAME), one_line(caller.notes, LONGEST_NOTES)
    return _template("known").format(name=name or "not known", notes=notes or "none") if name or notes else ""


def _template(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8").strip()


def one_line(text: str, longest: int) -> str:
    """Make the text one row, without anything that could end the row or the block that it is put into."""
    shown = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text.translate(FENCES))
    while "--" in shown:
        shown = shown.replace("--", "-")
    line = " ".join(shown.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
