"""The agent that speaks first in a call of our own: it finds out who has answered, before anything private is said.

It asks no model what to say. An answering machine hears the line's message, or nothing. A person is asked whether they
are the one who was called. What the call is about is in nobody's context until they have said yes.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Literal

from livekit import rtc
from livekit.agents import AMDCategory

from agent import languages
from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.do_not_call import ASKED_NOT_TO_BE_CALLED, do_not_call_again
from agent.conversation.ending import wait_until_heard
from agent.conversation.heard_question import HeardQuestion
from agent.conversation.machine_or_person import judge_greeting, machine_or_person
from agent.conversation.speech_outcome import was_heard_to_its_end
from agent.conversation.yes_or_no import DIGITS, judge_answer
from agent.languages import Phrases, split_phrases
from agent.outbound.orders import Order
from agent.turns.beep import RATE, BeepDetector

logger = logging.getLogger(__name__)

QUESTIONS = 3
BEEP_WITHIN = 6.0  # seconds after the greeting of an answering machine; the message is spoken then in any case
LONGEST_MESSAGE = 60.0  # seconds

Said = Literal["yes", "no", "stop", "machine"]


class WhoAnswered(HeardQuestion):
    """`settled` is set when it is known who has answered. If `listening` is False then, the call is ending."""

    def __init__(self, call: Call, order: Order) -> None:
        super().__init__(call)
        self.settled = asyncio.Event()
        self.listening = False
        self.result = "not_confirmed"  # what becomes of the order, if the call ends here
        self._order = order
        self._beep = BeepDetector()
        self._sentences = languages.sentences(call.line.language)

    async def on_enter(self) -> None:
        self.call.room.on("sip_dtmf_received", self._take_key)
        await super().on_enter()

    async def on_exit(self) -> None:
        self.call.room.off("sip_dtmf_received", self._take_key)
        await super().on_exit()
        self.settled.set()

    async def ask(self) -> None:
        hearing = begin(self._hear_the_beep())
        try:
            who = await machine_or_person(
                self.session,
                self.call.participant.identity,
                self.call.phrases,
                self.call.pipeline.new_llm() if self.call.pipeline.tells_machines_from_people else None,
            )
            if not self.call.caller_is_there:
                return
            if who in (AMDCategory.HUMAN, AMDCategory.UNCERTAIN):
                await self._ask_for_the_person()
            else:
                await self._leave_a_message(who)
        except Exception:  # whatever happens, the call must not stay open in silence
            logger.exception("Could not find out who has answered the call")
            self.call.ctx.shutdown(reason="the agent could not ask who had answered")
        finally:
            hearing.cancel()
            self.settled.set()

    async def _ask_for_the_person(self) -> None:
        said = await self._introduce_and_ask() if self._order.name else await self._introduce()
        if said == "yes":
            self.listening, self.result = True, "talked"
        elif said == "no":
            self.result = "wrong_person"
            self.call.ending.say("wrong_person", "somebody else had answered")
        elif said == "machine":  # which made a pause in its greeting, and seemed to be a person
            await self._leave_a_message(AMDCategory.MACHINE_VM)
        elif said == "stop":
            if await do_not_call_again(self.call, "caller"):
                self.call.ending.say("no_more_calls", ASKED_NOT_TO_BE_CALLED)
            else:  # what cannot be kept is not promised
                self.call.ending.say("wrong_person", f"{ASKED_NOT_TO_BE_CALLED}, which could not be written down")
        else:
            self.call.ending.say("wrong_person", "nobody confirmed who had answered")

    async def _introduce_and_ask(self) -> Said | None:
        for _ in range(QUESTIONS):
            await self._introduce()
            if said := await self._ask_once():
                return said
        return None

    async def _introduce(self) -> Said:
        """Say who is calling. Without a name to ask for, whoever hears it may be told the purpose."""
        await self.session.say(self.call.line.outbound.introduction or self._sentences.calling).wait_for_playout()
        return "yes"

    async def _ask_once(self) -> Said | None:
        before = [judge_person(it.said, self._order.name, self.call.phrases) for it in self.forget_answers()]
        if said_before := next((it for it in before if it in ("stop", "machine")), None):
            return said_before  # anything else that is said before the question does not answer it
        question = self.read_aloud(self._sentences.are_you.format(name=self._order.name), to_somebody_else=True)
        answer = await self.wait_for_answer(question)
        said = judge_person(answer.said, self._order.name, self.call.phrases) if answer else None
        known = answer is not None and self.heard_before(answer)  # the name comes last in the question
        return said if known or said in ("stop", "machine") else None

    async def _leave_a_message(self, who: AMDCategory) -> None:
        self.result, reason = "machine", "an answering machine had answered"
        message = self.call.line.outbound.message
        if message and who == AMDCategory.MACHINE_VM:
            await self._wait_for_the_beep()
            speech = self.session.say(message, allow_interruptions=False)
            if await wait_until_heard(speech, LONGEST_MESSAGE) and was_heard_to_its_end(speech):
                self.result, reason = "message_left", "a message was left on an answering machine"
            else:
                reason = "the message for an answering machine could not be spoken"
        self.call.ctx.shutdown(reason=reason)

    async def _wait_for_the_beep(self) -> None:
        try:
            async with asyncio.timeout(BEEP_WITHIN):
                await self._beep.ended.wait()
        except TimeoutError:
            logger.debug("The answering machine did not beep")

    async def _hear_the_beep(self) -> None:
        for publication in self.call.participant.track_publications.values():
            if publication.track and publication.kind == rtc.TrackKind.KIND_AUDIO:
                stream = rtc.AudioStream.from_track(track=publication.track, sample_rate=RATE, num_channels=1)
                try:
                    await self._beep.listen(stream)
                finally:
                    await stream.aclose()

    def _take_key(self, event: rtc.SipDTMF) -> None:
        self.take_answer(f"{DIGITS}{event.digit}")


def judge_person(answer: str, name: str, phrases: Phrases) -> Said | None:
    """Return whether somebody who was asked whether they are `name` says so; "stop" if they want no more calls.

    It is "machine" if an answering machine has said it.

    Only an answer without anything else in it is a yes: "Yes, this is Anna" is, "Anna? She is at work" is not.
    """
    if judge_greeting(answer, phrases):
        return "machine"
    if languages.contains(answer, phrases.do_not_call):
        return "stop"
    if (said := judge_answer(answer, phrases)) is not None:
        return "yes" if said else "no"
    by_name = frozenset(_with_names(phrases.speaking, name))
    known = by_name | phrases.yes | phrases.courtesies | phrases.hold_courtesies | phrases.greetings
    parts = set(split_phrases(answer, known | phrases.no))
    if parts & phrases.no:
        return "no"
    return "yes" if parts <= known and parts & (by_name | phrases.yes) else None


def _with_names(speaking: Iterable[str], name: str) -> Iterable[str]:
    """Yield what people say for "it is me", with each form of their name in the place of xxx."""
    words = languages.plain(name.replace("-", " ")).split()
    forms = {" ".join(words), *words[:1], *words[-1:]} - {""}
    for phrase in speaking:
        yield from (phrase.replace("xxx", form) for form in forms) if "xxx" in phrase else (phrase,)
