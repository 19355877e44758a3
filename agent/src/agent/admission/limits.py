"""How much is let in: calls at once, and calls and minutes a day, per caller and for the whole line."""

import re
import tomllib
from dataclasses import dataclass, fields

LARGEST = 65_536  # bytes
MOST = 999_999  # one digit more, and the log takes it for a phone number


@dataclass(frozen=True, slots=True)
class Limits:
    """limits.toml: one key each, whole numbers a day; None is no limit."""

    calls_per_caller: int | None = None
    minutes_per_caller: int | None = None
    calls: int | None = None
    minutes: int | None = None

    @property
    def per_caller(self) -> bool:
        return self.calls_per_caller is not None or self.minutes_per_caller is not None


def parse(text: str) -> Limits:
    """The limits in it; a ValueError that names the line, what is there, what was expected and what to do."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is no TOML: {error}; write lines such as calls = 500") from None
    known = [field.name for field in fields(Limits)]
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{_line_of(name, text)}has {name!r}, which is no limit: use {', '.join(known)}")
        if type(value) is not int or not 1 <= value <= MOST:
            raise ValueError(
                f"{_line_of(name, text)}has {name} = {value!r}, a whole number from 1 to {MOST} is expected; "
                "for no limit put a # before it"
            )
    return Limits(**given)


def _line_of(name: str, text: str) -> str:
    found = re.search(rf'^[ \t\["\']*{re.escape(name)}\b', text, re.MULTILINE)
    return f"line {text.count(chr(10), 0, found.end()) + 1} " if found else ""
