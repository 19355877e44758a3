"""How a phone number is shown in what may be pasted into a public question. Pure."""

import re
from dataclasses import dataclass

SHOWN = 2  # characters at the end
NUMBER = re.compile(r"\+?\d[\d ()-]{3,}\d")  # an address has dots


@dataclass(frozen=True)
class Shown:
    """Shows numbers by their last two digits, or whole if `whole` is set (NUMBERS=yes)."""

    whole: bool = False

    def number(self, number: str) -> str:
        """Show what a From or To header has before the @; it may also be a name, which is shown in the same way."""
        if not number or number.lower() == "anonymous":
            return "a withheld number"
        return number if self.whole else f"…{number[-SHOWN:]}"


def without_numbers(text: str) -> str:
    """Shorten every phone number in a text to its last two digits."""
    return NUMBER.sub(lambda found: f"…{found[0][-SHOWN:]}", text)
