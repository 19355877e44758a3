"""Where a call stands on its way to a person: nobody is called, the caller waits, or the two talk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TransferState:
    """The behaviours rest while it is `begun`: the caller is not talking with the agent then."""

    begun: bool = False  # from the moment that the model asks for it until the agent has the caller back
    joined: bool = False  # the caller and the person hear each other, and the agent hears neither
    caller_has_left: bool = False  # which nobody reports while the caller is hidden (`conversation.apart`)
    refer: asyncio.Future[Any] | None = None  # the carrier's answer to a REFER, while it is awaited
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)  # held until all of an attempt is undone
