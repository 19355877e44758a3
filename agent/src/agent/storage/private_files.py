"""The agent's own files, which only its user can read.

`DIRECTORY` is for what its processes tell each other, and `DATA`, a volume, for what has to outlive the container.
"""

import os
import secrets
import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.gettempdir()) / "landline-agent"
DATA = Path("/data")
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def make_folder(path: Path) -> Path:
    """Make the folder, and its parents, for the agent's user alone."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write(path: Path, text: str) -> None:
    """Write a file for the agent's user alone, wholly or not at all; it is on the disk when this returns."""
    aside = make_folder(path.parent) / f".{path.name}.{secrets.token_hex(3)}"
    try:
        with os.fdopen(
            os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
