"""Transferring a caller to a person: the person is called, told what it is about, and joined with the caller.

While a person is called, the caller hears music, may hang up, and may say that they would rather not. Once the two are
joined, the agent says nothing and hears nothing, but its job stays: it ends one leg when the other one ends, bounds the
call and writes the record. If the job dies, the two talk on (`worker.orphaned_calls`).
"""

import asyncio
import itertools
import logging
import time

from livekit import api, rtc
from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent import languages
from agent.background import begin, repeat
from agent.conversation.apart import Apart
from agent.conversation.briefing import Briefing, sum_up_for_a_person
from agent.conversation.call import Call
from agent.conversation.call_room import SERVER_ERRORS, code_of
from agent.conversation.ending import wait_until_heard
from agent.conversation.hang_up_together import CALLER_WAS_TRANSFERRED, end_as_the_caller_left
from agent.conversation.hold_music import HoldMusic
from agent.conversation.leg import NotReachedError, dial, hang_up_leg, reason_of
from agent.languages import Phrases, split_phrases
from agent.lines.people import Person
from agent.records.transcript import Outcome, Transfer, iso

logger = logging.getLogger(__name__)

PERSON_HUNG_UP = "the person hung up"
PRESENCE_CHECKED_EVERY = 0.5  # seconds; the server does not report that a hidden caller leaves
CALL_STATUS, HUNG_UP = "sip.callStatus", "hangup"  # an attribute that the gateway gives each phone
REFER_WITHIN = 40.0  # seconds for which a carrier may try to connect the two
SENTENCE_WITHIN = 15.0  # seconds
# By what the server's error says, the carrier accepted the REFER and then could not connect the two.
NOT_CONNECTED = "call transfer failed"

# What the caller hears when they are not transferred; the others hear nothing, because they have left.
SENTENCES: dict[Outcome, str] = {
    "busy": "transfer_busy",
    "no_answer": "transfer_no_answer",
    "not_accepted": "transfer_no_answer",
    "declined": "transfer_declined",
    "unreachable": "transfer_unreachable",
    "caller_declined": "transfer_cancelled",
}
# What a person hears who has picked up and is not joined; whoever has said nothing hears nothing.
PERSON_SENTENCES: dict[Outcome, str] = {
    "declined": "person_declined",
    "caller_declined": "person_caller_gone",
    "caller_left": "person_caller_gone",
}

COMPLAINT = "Could not ask the server whether the caller is still there"

_legs = itertools.count(1)


async def transfer_caller(call: Call, person: Person) -> None:
    """Transfer the caller to this person; if that fails, tell them so, and let them talk with the agent again.

    Returns when the two are joined, or it is clear that they will not be. It never fails. If an operator takes the call
    over meanwhile, the attempt is given up, and the person hung up on.
    """
    transfer = Transfer(to=person.name, kind=person.kind, at=iso(time.time()))
    call.record.transfers.append(transfer)
    call.transfer.begun = True
    closing = asyncio.ensure_future(_closed(call))
    taking_over = asyncio.ensure_future(call.transfer.operator_came.wait())
    working = asyncio.ensure_future(_attempt(call, person))
    try:
        await asyncio.wait({working, closing, taking_over}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            transfer.outcome = working.result()
        elif taking_over.done():
            call.transfer.begun = False
        elif not call.caller_is_there:
            transfer.outcome = "caller_left"
    except Exception:  # whatever happens, the caller must hear what became of it
        logger.exception("Could not transfer the caller")
        transfer.outcome = "unreachable" if call.caller_is_there else "caller_left"
        _talk_on(call, transfer.outcome)
    finally:
        working.cancel()
        closing.cancel()
        taking_over.cancel()
    logger.info("Transfer to a person: %s", transfer.outcome)


async def _attempt(call: Call, person: Person) -> Outcome:
    """Begin when the attempt before has let its person go, and both may be heard by everybody again."""
    async with call.transfer.one_at_a_time:
        return await _Attempt(call, person).run()


def _talk_on(call: Call, outcome: Outcome) -> None:
    """Tell the caller that they are not transferred, and why; the agent answers them again from now on."""
    if sentence := SENTENCES.get(outcome):
        call.transfer.begun = False
        call.announcer.say(sentence)


class _Attempt:
    """One attempt to transfer the caller to one person."""

    def __init__(self, call: Call, person: Person) -> None:
        self._call, self._person = call, person
        self._identity = f"person-{next(_legs)}"
        self._livekit = call.ctx.api
        self._music = HoldMusic(call.room)
        self._apart = Apart(
            self._livekit, call.room, call.participant.identity, self._identity, may_subscribe=call.came_by_browser
        )
        self._briefing: Briefing | None = None
        self._answered = False

    async def run(self) -> Outcome:
        # A carrier knows no extensions, and nothing of a caller who came by browser.
        is_carriers = (
            self._person.kind == "cold" and self._person.number.startswith("+") and not self._call.came_by_browser
        )
        await self._tell_the_caller("putting_through" if is_carriers else "transferring")
        if is_carriers and (outcome := await self._refer()):
            _talk_on(self._call, outcome)
            return outcome
        try:
            await self._music.start()
            await self._apart.begin()
            outcome = await self._while_the_caller_waits()
            if outcome == "joined":
                outcome = await self._join()
            if outcome != "joined":
                await self._have_the_caller_back(outcome)
        except Exception:
            await self._undo()
            await self._end_if_the_caller_has_left()
            raise
        except asyncio.CancelledError:
            await asyncio.shield(self._undo())
            raise
        return outcome

    async def _tell_the_caller(self, sentence: str) -> None:
        await wait_until_heard(self._call.announcer.say(sentence, allow_interruptions=False), SENTENCE_WITHIN)

    async def _refer(self) -> Outcome | None:
        """Have the carrier connect the two; None if it does not transfer calls, so that the agent has to do it."""
        request = api.TransferSIPParticipantRequest(
            room_name=self._call.room.name,
            participant_identity=self._call.participant.identity,
            transfer_to=f"tel:{self._person.number}",
            play_dialtone=True,
        )
        request.ringing_timeout.FromMilliseconds(round(REFER_WITHIN * 1000))
        self._call.transfer.refer = refer = asyncio.ensure_future(self._livekit.sip.transfer_sip_participant(request))
        try:
            await refer
        except SERVER_ERRORS as error:
            if NOT_CONNECTED in str(getattr(error, "message", "")):
                return reason_of(error)
            if not self._call.caller_is_there:
                return "caller_left"
            logger.info("The trunk does not transfer calls by REFER (%s): the agent calls the person", code_of(error))
            return None
        finally:
            self._call.transfer.refer = None
        self._call.ctx.shutdown(reason=CALLER_WAS_TRANSFERRED)
        return "transferred"

    async def _while_the_caller_waits(self) -> Outcome:
        """Reach the person, unless the caller leaves or would rather not wait."""
        deciding: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def decide(outcome: Outcome) -> None:
            if not deciding.done():
                deciding.set_result(outcome)

        def hear(event: ConversationItemAddedEvent) -> None:
            said = event.item.text_content if isinstance(event.item, ChatMessage) and event.item.role == "user" else ""
            if said and would_rather_not(said, self._call.phrases):
                decide("caller_declined")

        def see_person_leave(participant: rtc.RemoteParticipant) -> None:
            if participant.identity == self._identity and self._answered:
                decide("declined")  # they hung up instead of accepting

        async def watch_caller() -> None:
            if await self._apart.caller_is_gone():
                self._call.transfer.caller_has_left = True
                decide("caller_left")

        reaching = asyncio.ensure_future(self._reach())
        watching = asyncio.ensure_future(repeat(watch_caller, PRESENCE_CHECKED_EVERY, COMPLAINT))
        self._call.session.on("conversation_item_added", hear)
        self._call.room.on("participant_disconnected", see_person_leave)
        try:
            await asyncio.wait({reaching, deciding}, return_when=asyncio.FIRST_COMPLETED)
            return deciding.result() if deciding.done() else reaching.result()
        finally:
            self._call.session.off("conversation_item_added", hear)
            self._call.room.off("participant_disconnected", see_person_leave)
            watching.cancel()
            reaching.cancel()
            await asyncio.gather(reaching, return_exceptions=True)

    async def _reach(self) -> Outcome:
        """Call the person and, unless the transfer is cold, ask whether they take the call."""
        summary = None if self._person.kind == "cold" else begin(sum_up_for_a_person(self._call))
        try:
            async with self._apart.calling():
                await dial(
                    self._livekit,
                    self._call.room.name,
                    self._person.number,
                    agent=self._call.settings.agent_name,
                    identity=self._identity,
                    shown=self._call.sip.dialled,
                    ringing=self._person.ringing,
                    longest=self._call.seconds_left,
                    secret=self._call.came_by_browser,
                )
        except NotReachedError as error:
            return error.reason
        self._answered = True
        if summary is None:
            return "joined"
        self._briefing = Briefing(self._call, self._identity)
        answer = await self._briefing.ask(summary)
        return "joined" if answer == "accepted" else answer

    async def _join(self) -> Outcome:
        """Let the two talk, and be silent and deaf from now on, unless the caller has left meanwhile."""
        if self._briefing:
            telling = asyncio.ensure_future(self._tell_the_caller("connected"))
            await self._briefing.say("connected")
            await telling
        await self._music.stop()
        call = self._call
        if call.before_join:
            await call.before_join()
        if await self._apart.caller_is_gone():
            call.transfer.caller_has_left = True
            return "caller_left"
        await self._apart.join()
        call.transfer.joined = call.hang_up.spares = True
        call.record.joined = time.time()
        call.session.input.set_audio_enabled(False)
        self._stop_listening()
        if self._briefing:
            self._briefing.close()
        call.room.on("participant_disconnected", self._end_with_the_person)
        call.room.on("participant_attributes_changed", self._end_with_either)
        if self._identity not in call.room.remote_participants:  # they hung up while they were being joined
            self._end()
        else:  # only from `join` on does the server report that the caller leaves
            await self._end_if_the_caller_has_left()
        return "joined"

    async def _have_the_caller_back(self, outcome: Outcome) -> None:
        """Tell both that they are not joined, end the person's leg, and undo whatever was done for it.

        A caller by browser hears nothing until the person has left (`conversation.apart`), and so is told afterwards.
        """
        await self._music.stop()
        is_deaf = self._answered and self._call.came_by_browser
        if not is_deaf:
            _talk_on(self._call, outcome)
        if self._briefing and outcome in PERSON_SENTENCES:
            await self._briefing.say(PERSON_SENTENCES[outcome])
        await self._undo()
        if is_deaf:
            _talk_on(self._call, outcome)
        await self._end_if_the_caller_has_left()

    async def _end_if_the_caller_has_left(self) -> None:
        """End the call of a caller who has left while they were hidden, which nobody has reported."""
        if self._call.transfer.caller_has_left or await self._apart.caller_is_gone():
            self._call.transfer.caller_has_left = True
            end_as_the_caller_left(self._call)

    async def _undo(self) -> None:
        await self._music.stop()
        if self._briefing:
            self._briefing.close()
        if self._identity in self._call.room.remote_participants:
            await hang_up_leg(self._livekit, self._call.room.name, self._identity)
        await self._apart.end()

    def _end_with_the_person(self, participant: rtc.Participant) -> None:
        if participant.identity == self._identity:
            self._end()

    def _end_with_either(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        """End the call once the gateway says that a phone has hung up; that it left may be noticed 20 s later."""
        if changed.get(CALL_STATUS) != HUNG_UP:
            return
        self._end_with_the_person(participant)
        if participant.identity == self._call.participant.identity:
            end_as_the_caller_left(self._call)

    def _end(self) -> None:
        self._call.hang_up.begin()
        self._call.ctx.shutdown(reason=PERSON_HUNG_UP)

    def _stop_listening(self) -> None:
        for identity in (self._identity, self._call.participant.identity):
            if participant := self._call.room.remote_participants.get(identity):
                for publication in participant.track_publications.values():
                    publication.set_subscribed(False)


def would_rather_not(said: str, phrases: Phrases) -> bool:
    """Return whether a caller who is waiting has said that they do not want to be transferred any more."""
    if languages.contains(said, phrases.cancels):
        return True
    allowed = phrases.no | phrases.courtesies
    parts = set(split_phrases(said, allowed))
    return bool(parts & phrases.no) and parts <= allowed


async def _closed(call: Call) -> None:
    """Wait until the call's session has closed."""
    closed = asyncio.Event()
    call.session.on("close", lambda _: closed.set())
    await closed.wait()
