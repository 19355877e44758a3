"""One call, for those who are to know of it when it is over."""

import asyncio
import time
from dataclasses import dataclass, field

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.records.folders import new_record
from agent.records.transcript import Models, Transcript, iso
from agent.settings import Settings


@dataclass
class CallRecord:
    """Who calls, since when, and, when `settled`, what has been kept of the call."""

    call: SipCall
    caller: Caller
    began: float = field(default_factory=time.time)
    name: str = ""
    kept: Transcript | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.name = new_record(self.began)
        self.settled.set()  # unless somebody records it

    def transcript(self, outcome: str, settings: Settings, since: float | None = None) -> Transcript:
        """What is known of the call now, without a word of it; from `since`, or from its beginning."""
        start, now = self.began if since is None else since, time.time()
        return Transcript(
            call=self.call.call_id,
            started=iso(start),
            ended=iso(now),
            seconds=round(now - start, 2),
            language=settings.language,
            caller=self.caller.number,
            name=self.caller.name,
            dialled=self.call.dialled,
            outcome=outcome,
            models=Models(stt=settings.stt, llm=settings.llm, tts=settings.tts),
        )
