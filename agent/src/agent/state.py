"""Where the agent's processes leave notes for each other: beside the program, never in its configuration.

What has to outlive the container is in `DATA`, a volume.
"""

import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.gettempdir()) / "landline-agent"
DATA = Path("/data")
