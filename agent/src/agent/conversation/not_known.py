"""A tool's failure after which nobody knows whether it has done what it was to do."""

from livekit.agents import ToolError


class NotKnownError(ToolError):
    """It may have been done, and may not; the text tells the model so."""
