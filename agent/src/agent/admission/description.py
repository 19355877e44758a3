"""What the model is told about who calls: as data, since others have written it."""

import unicodedata
from pathlib import Path

from agent.admission.caller import Caller

FOLDER = Path(__file__).parent
LONGEST_NAME = 80  # characters
LONGEST_NOTES = 1000  # it goes to the model with every turn
FENCES = str.maketrans("", "", "`<>")  # with a dash run, what could look like the end of the block or another one


def described(caller: Caller) -> str:
    """A section for the model's instructions; "" when there is nothing to tell."""
    if caller.anonymous:
        return _template("anonymous")
    name, notes = _one_line(caller.name, LONGEST_NAME), _one_line(caller.notes, LONGEST_NOTES)
    return _template("known").format(name=name or "not known", notes=notes or "none") if name or notes else ""


def _template(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8").strip()


def _one_line(text: str, longest: int) -> str:
    """Nothing in it ends the line or the block that it is put into."""
    shown = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text.translate(FENCES))
    while "--" in shown:
        shown = shown.replace("--", "-")
    line = " ".join(shown.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
