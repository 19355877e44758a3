"""One call and everything that belongs to it: who is calling, on which line, and the conversation with them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from agent import languages
from agent.conversation.announcer import Announcer
from agent.conversation.ending import Ending
from agent.conversation.fact_search import FactSearch
from agent.conversation.participants import came_by_browser
from agent.conversation.transfer_state import TransferState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit import rtc
    from livekit.agents import Agent, AgentSession, JobContext

    from agent.admission.caller import Caller
    from agent.admission.sip_call import SipCall
    from agent.admission.slot import Slot
    from agent.conversation.call_room import HangUp
    from agent.conversation.callers_appointments import CallersAppointments
    from agent.lines.line import Line
    from agent.lines.words import Words
    from agent.outbound.orders import Order
    from agent.providers.pipeline import Pipeline
    from agent.records.call_record import CallRecord
    from agent.settings import Settings


@dataclass
class Call:
    """Every behaviour, every tool and the receptionist are given a call, and take from it what they need."""

    ctx: JobContext
    settings: Settings  # the host's
    line: Line
    pipeline: Pipeline
    words: Words
    session: AgentSession[None]
    participant: rtc.RemoteParticipant  # the caller's phone or browser, in the call's room
    sip: SipCall
    slot: Slot
    record: CallRecord
    hang_up: HangUp
    announcer: Announcer = field(init=False)
    ending: Ending = field(init=False)
    receptionist: Agent = field(init=False)  # set once it is known who is calling
    order: Order | None = field(init=False, default=None)  # None: somebody has called the line
    before_greeting: Callable[[], Awaitable[object]] | None = field(init=False, default=None)
    before_end: Callable[[], Awaitable[object]] | None = field(init=False, default=None)  # once the caller has left
    before_join: Callable[[], Awaitable[object]] | None = field(init=False, default=None)  # the caller with a person
    transfer: TransferState = field(init=False, default_factory=TransferState)
    first_agent: Agent | None = field(init=False, default=None)  # the one that begins, if not the receptionist

    def __post_init__(self) -> None:
        self.announcer = Announcer(self.session, self.line.language)
        self.ending = Ending(self.ctx, self.session, self.announcer, self.hang_up)

    @property
    def caller(self) -> Caller:
        """The person who is calling, as far as is known yet."""
        return self.record.caller

    @property
    def room(self) -> rtc.Room:
        """The call's room, with the phone or the browser, and this agent in it."""
        return self.ctx.room

    @property
    def came_by_browser(self) -> bool:
        """Whether the caller talks with the line from a browser, and has no number."""
        return came_by_browser(self.participant)

    @cached_property
    def appointments(self) -> CallersAppointments:
        """What the caller can do with appointments, of a line that has kinds of them."""
        from agent.conversation.callers_appointments import CallersAppointments  # most lines have none

        return CallersAppointments(self.line, self.settings, self.caller)

    @property
    def phrases(self) -> languages.Phrases:
        """The phrases of the line's language that the agent acts upon."""
        return languages.phrases(self.line.language)

    @cached_property
    def facts(self) -> FactSearch:
        """The line's facts, to be searched."""
        return FactSearch(self.words, self.line.language)

    @property
    def longest(self) -> int:
        """Seconds that the call may last: the host's limit, or the line's if that is shorter."""
        return self.line.longest_call(self.settings.max_call_duration)

    @property
    def seconds_left(self) -> float:
        """Seconds that the call may still last; at least one."""
        of_call = self.longest - (time.time() - self.record.began)
        of_day = self.slot.seconds_left()
        return max(1.0, of_call if of_day is None else min(of_call, of_day))

    @property
    def caller_is_there(self) -> bool:
        """Whether the caller can still hear the agent."""
        known = self.room.isconnected() and self.participant.identity in self.room.remote_participants
        return known and not self.transfer.caller_has_left
