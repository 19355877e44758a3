"""The facts of one call, for everything that needs them once the call is over."""

import asyncio
import time
from dataclasses import dataclass, field

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.lines.line import Line
from agent.providers.catalog import KINDS
from agent.providers.pipeline import Pipeline
from agent.records.folders import new_record
from agent.records.transcript import Models, Transcript, iso


@dataclass
class CallRecord:
    """Who is calling which line and since when; once `settled`, also what has been kept of the call."""

    call: SipCall
    caller: Caller
    line: Line
    pipeline: Pipeline
    began: float = field(default_factory=time.time)
    order: str = ""  # the id of the order, if the agent has made the call
    name: str = ""
    kept: Transcript | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.name = new_record(self.began)
        self.settled.set()  # a `Recording` clears this until it has finished

    def transcript(self, outcome: str, since: float | None = None) -> Transcript:
        """Return what is known of the call now, without any of its words; from `since`, or from its beginning."""
        start, now = self.began if since is None else since, time.time()
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
            outcome=outcome,
            models=Models(**{kind: self.pipeline.name(kind) for kind in KINDS}),
        )
