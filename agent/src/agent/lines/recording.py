"""What is kept of a line's calls, and for how long."""

from typing import Literal

from agent.lines.group import Group, setting


class Recording(Group):
    """docs/calls/recording.md describes what a recorded call leaves behind."""

    enabled: bool = setting(False, "Whether a folder is kept for each call, with sound, transcript and summary.")
    notice: Literal["announce", "ask", "no"] = setting(
        "announce",
        "What the caller is told first: announce (the call is recorded), ask (may it be recorded?) or no (nothing).",
    )
    redact: bool = setting(True, "Whether card and identity numbers are removed from the sound and the transcript.")
    summary: bool = setting(True, "Whether the language model summarises a recorded call.")
    keep_days: int = setting(30, "Days that a call's folder is kept.", ge=1, le=3650)
    keep_mb: int = setting(
        2000,
        "Megabytes that the folders of this line's calls may take up together. The oldest are deleted first.",
        ge=1,
        le=1_000_000,
    )
