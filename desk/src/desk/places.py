"""Where the agent and the operator keep what the desk shows.

/data (the agent's volume)
  calls/<line>/2026-11-25/142233-1f2e3d/{audio.ogg,transcript.json}
  calls/<line>/2026-11-25/142233-1f2e3d-message-1/message.json
  noted/<line>/2026-11-25/142233-1f2e3d.json     the facts of every call, without its words
  outbox/<line>/…                                what is still to be told of calls
  desk/                                          the desk's own: the key of its sessions, the index, versions, drafts
/app/lines/<line>/…                              the operator's files
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
    def calls(self) -> Path:
        return self.data / "calls"

    @property
    def noted(self) -> Path:
        return self.data / "noted"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

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
