"""The facts of one call, for everything that needs them once the call is over."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.lines.line import Line
from agent.providers.catalog import KINDS
from agent.providers.pipeline import Pipeline
from agent.records.folders import new_record
from agent.records.measures import Measures
from agent.records.transcript import Action, Message, Models, OutcomeFields, Transcript, Transfer, iso

ACTIONS_DONE_WITHIN = 35.0  # seconds; no tool may take longer, and the call's process has 45 s after the call

AFTER_AN_OPERATOR = "after an operator took over"  # ends the outcome of such a call


@dataclass
class CallRecord:
    """Who is calling which line and since when; once `settled`, also what has been kept of the call."""

    call: SipCall
    caller: Caller
    line: Line
    pipeline: Pipeline
    began: float = field(default_factory=time.time)
    order: str = ""  # the id of the order, if the agent has made the call
    came_by: Literal["phone", "browser"] = "phone"
    draft: str = ""  # of the line's files, if the call has tried one
    taken_over: bool = False  # whether an operator has talked with the caller
    name: str = ""
    rejected: str = ""  # why the caller was not let in
    measures: Measures = field(default_factory=Measures)
    kept: Transcript | None = None
    messages: list[Message] = field(default_factory=list)  # that the caller has confirmed
    outcome_fields: OutcomeFields = field(default_factory=OutcomeFields)
    actions: list[Action] = field(default_factory=list)  # whose `at` is a time.time()
    done: set[str] = field(default_factory=set)  # what tools have done or begun, with its arguments, as JSON
    transfers: list[Transfer] = field(default_factory=list)  # in order
    joined: float | None = None  # time.time() at which the caller and the last of these people heard each other
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _work: set[asyncio.Task[str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name = new_record(self.began)
        self.settled.set()  # a `Recording` clears this until it has finished

    def keep_until_done(self, work: asyncio.Task[str]) -> asyncio.Task[str]:
        """Let the call's process live until this action is done, and return it."""
        self._work.add(work)
        return work

    async def wait_for_actions(self) -> None:
        """Wait until every action that was begun is done, so that its outcome is known."""
        if self._work:
            await asyncio.wait(self._work, timeout=ACTIONS_DONE_WITHIN)

    def transcript(self, outcome: str, since: float | None = None) -> Transcript:
        """Return what is known of the call now, without any of its words; from `since`, or from its beginning."""
        start, now = self.began if since is None else since, time.time()
        if self.transfers and self.joined:
            self.transfers[-1].seconds = round(now - self.joined, 2)
        return Transcript(
            line=self.line.name,
            call=self.call.call_id,
            started=iso(start),
            ended=iso(now),
            seconds=round(now - start, 2),
            language=self.line.language,
            caller=self.caller.number,
            name=self.caller.name,
            dialled=self.call.dialled,
            direction="outbound" if self.order else "inbound",
            order=self.order,
            outcome=f"{outcome}, {AFTER_AN_OPERATOR}" if self.taken_over else outcome,
            messages=list(self.messages),
            outcome_fields=self.outcome_fields,
            actions=[it.model_copy(update={"at": round(it.at - start, 2)}) for it in self.actions],
            transfers=list(self.transfers),
            models=Models(**{kind: self.pipeline.name(kind) for kind in KINDS}),
        )
