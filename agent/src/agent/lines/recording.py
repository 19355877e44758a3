"""What is kept of a line's calls, and for how long."""

from typing import Literal

from agent.lines.group import Group, setting


class Recording(Group):
    """docs/calls/recording.md describes what a recorded call leaves behind."""

    enabled: bool = setting(False, "Whether a folder is kept for each call, with sound, transcript and summary.")
    notice: Literal["announce", "ask", "no"] = setting(
        "announce",
        "What the caller is told first: announce (that it is recorded), ask (and a no is obeyed) or no (nothing).",
    )
    redact: bool = setting(True, "Whether card and identity numbers are taken out of sound and transcript.")
    summary: bool = setting(True, "Whether the language model sums a recorded call up.")
    keep_days: int = setting(30, "Days that a call's folder is kept.", ge=1, le=3650)
    keep_mb: int = setting(
        2000, "Megabytes that all folders of this line may take; the oldest go first.", ge=1, le=1_000_000
    )
