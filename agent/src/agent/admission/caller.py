"""Who is calling: their number in one form, and what the owner knows about them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as far as that is known. It is left out of `repr`, so that it cannot slip into a log."""

    number: str = field(repr=False)  # E.164, or as sent if it is no phone number (an extension); "" if anonymous
    anonymous: bool
    name: str = field(default="", repr=False)
    notes: str = field(default="", repr=False)
