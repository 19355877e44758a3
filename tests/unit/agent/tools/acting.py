"""A call whose agent has tools and manners; what it plays is through when a test says so."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from livekit import rtc
from livekit.agents import Agent, llm

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.behaviors.ask_a_silent_caller import ask_a_silent_caller
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.hang_up_after_goodbye import hang_up_after_goodbye
from agent.behaviors.take_digits import take_digits
from agent.behaviors.wait_when_asked import wait_when_asked
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.lines.words import Words
from agent.records.call_record import CallRecord
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import Call
from tests.unit.agent.fakes import Phone, Recorded, in_call, line, pipeline, settle, spoken, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from livekit.agents import JobContext

WORDS = Words(persona="Be brief.", greeting="Hello.", goodbye="Goodbye.")


class Acting(Call):
    def __init__(self, endpoint: FakeOpenAI, **settings: Any) -> None:
        its = line(**{"silent_caller_after": 6, "digits_timeout": 1} | settings)
        super().__init__(endpoint)
        self.room = rtc.EventEmitter[str]()
        self.outcome: list[str] = []
        self.at_the_end: list[Callable[[], Coroutine[None, None, None]]] = []
        ctx = cast(
            "JobContext",
            SimpleNamespace(room=self.room, shutdown=self.outcome.append, add_shutdown_callback=self.at_the_end.append),
        )
        announcer = Recorded(self.session, "en")
        sip = SipCall.from_attributes({"sip.callID": "SCL_1"})
        self.record = CallRecord(sip, Caller("", anonymous=True), its, pipeline())
        self.call = in_call(
            ctx=ctx,
            session=self.session,
            announcer=announcer,
            line=its,
            record=self.record,
            pipeline=pipeline(),
            participant=cast("rtc.RemoteParticipant", Phone()),
            words=WORDS,
        )
        self.call.ending = Ending(ctx, self.session, announcer, HangUp(ctx))
        for behavior in (fill_the_silence, ask_a_silent_caller, wait_when_asked, hang_up_after_goodbye, take_digits):
            behavior(self.call)
        self.call.receptionist = Agent(instructions="Be brief.")

    async def begin(self, *tools: llm.Tool) -> None:
        """The receptionist has these tools."""
        self.call.receptionist = Agent(instructions="Be brief.", tools=list(tools))
        await self.session.start(self.call.receptionist, record=False)
        await settle()

    async def plays(self) -> None:
        """The next thing that the agent says, to its end."""
        await until(lambda: self.loudspeaker._seconds)
        await self.loudspeaker.play_to_the_end()

    async def presses(self, digit: str) -> None:
        self.room.emit("sip_dtmf_received", SimpleNamespace(digit=digit, participant=None))
        await settle()

    @property
    def said(self) -> list[str]:
        return spoken(self.session)

    @property
    def outcomes(self) -> list[str]:
        return [action.outcome for action in self.record.transcript("").actions]

    @property
    def told(self) -> str:
        """What the model was last given as the result of a tool."""
        results = [
            message["content"]
            for request in self.endpoint.asked("llm")
            for message in request.body["messages"]
            if message["role"] == "tool"
        ]
        return results[-1] if results else ""
