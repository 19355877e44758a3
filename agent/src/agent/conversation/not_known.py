"""A tool's failure after which nobody knows whether it has done what it was to do."""

from livekit.agents import ToolError


class NotKnownError(ToolError):
    """The tool may or may not have done it. The error's text tells the model that nobody knows."""
