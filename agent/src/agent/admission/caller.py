"""Who is calling: their number in one form, what the owner knows of them, and how the model is told."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as that is known. Left out of `repr`, so that it cannot slip into a log."""

    number: str = field(repr=False)  # E.164; as sent where it is no phone number, such as an extension; "" if anonymous
    anonymous: bool
    name: str = field(default="", repr=False)
    notes: str = field(default="", repr=False)
