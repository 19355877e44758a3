"""Where the agent's processes leave notes for each other: beside the program, never in its configuration.

What has to outlive the container is in `DATA`, a volume.
"""

import os
import secrets
import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.gettempdir()) / "landline-agent"
DATA = Path("/data")
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def make_folder(path: Path) -> Path:
    """The folder, and those it is in, for the agent's user alone."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write(path: Path, text: str) -> None:
    """A whole file or none, on the disk when this returns, for the agent's user alone."""
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
