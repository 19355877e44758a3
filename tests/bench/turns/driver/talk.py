"""What a caller does in a call; the bench writes it as JSON, the driver reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One thing to say. `into` seconds after the line began to speak, over it; None: once the line is quiet."""

    sound: str  # its file, below the folder of sounds
    into: float | None = None


@dataclass(frozen=True)
class Talk:
    """One call. All times are seconds."""

    id: str
    number: str
    steps: tuple[Step, ...]
    caller: str = "+15555550123"
    delay: float = 0.0  # before it is dialled, in a group of calls
    patience: float = 0.6  # quiet that ends what the line says
    stay: float = 0.0  # on the line after all that
    greeting_timeout: float = 10.0
    reply_timeout: float = 6.0
    max_seconds: float = 240.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Talk:
        return cls(**{**values, "steps": tuple(Step(**step) for step in values["steps"])})
