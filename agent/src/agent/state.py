"""Where the agent's processes leave notes for each other: beside the program, never in its configuration."""

import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.gettempdir()) / "landline-agent"
