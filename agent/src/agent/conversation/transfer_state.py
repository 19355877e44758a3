"""Where a call stands on its way to a person or to an operator: who is called or waits, and who talks with whom."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TransferState:
    """The behaviours rest while `rests` is true: the caller is not talking with the agent then."""

    begun: bool = False  # from the moment that the model asks for it until the agent has the caller back
    joined: bool = False  # the caller and the person hear each other, and the agent hears neither
    caller_has_left: bool = False  # which nobody reports while the caller is hidden (`conversation.apart`)
    refer: asyncio.Future[Any] | None = None  # the carrier's answer to a REFER, while it is awaited
    operator_came: asyncio.Event = field(default_factory=asyncio.Event)  # set while they have the call
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)  # held until all of an attempt is undone

    @property
    def taken_over(self) -> bool:
        """Whether an operator talks with the caller in the agent's place."""
        return self.operator_came.is_set()

    @property
    def rests(self) -> bool:
        """Whether the caller is not talking with the agent."""
        return self.begun or self.taken_over
