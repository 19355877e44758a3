"""How a phone number is shown in what may be pasted into a public question. Pure."""

import re
from dataclasses import dataclass

DIGITS = re.compile(r"[0-9]")
SHOWN = 2  # digits at the end


@dataclass(frozen=True)
class Shown:
    """Shows numbers by their last two digits, or whole if `whole` is set (NUMBERS=yes)."""

    whole: bool = False

    def number(self, number: str) -> str:
        """Show what a From or To header has before the @; a name, such as `sales`, is shown as it is."""
        if self.whole or not DIGITS.search(number):
            return number or "a withheld number"
        return f"…{number[-SHOWN:]}"
