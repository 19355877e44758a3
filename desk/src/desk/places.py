"""Where the desk reads and writes: what the agent keeps, the operator's files, and what is the desk's own.

/data (the agent's volume)
  calls, noted, outbox      what is kept of calls: see `desk.records.folders`
  desk                      the desk's own: the key of its sessions, the index, versions, drafts
/app/lines/<line>/…         the operator's files
"""

import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Places:
    data: Path
    lines: Path

    @property
    def desk(self) -> Path:
        """The desk's own folder; the agent makes it when it starts."""
        return self.data / "desk"

    def line_names(self) -> list[str]:
        """List the lines that have a folder, by name; none if the folder of the lines cannot be read."""
        try:
            return sorted(it.name for it in self.lines.iterdir() if it.is_dir() and LINE.fullmatch(it.name))
        except OSError:
            return []
