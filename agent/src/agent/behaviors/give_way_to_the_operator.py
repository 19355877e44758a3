"""An operator of the line takes the call over: they join its room by browser, and the agent falls silent.

The agent stops at once, answers nothing, and ends no call by itself but for the limit on its length. What the caller
says goes on into the transcript, and into the recording if the caller knows of it; the operator is not transcribed or
recorded. When the operator leaves and does not come back within a moment, the agent says that it is back and has not
heard what the operator said, which tells the model so, too, and goes on with the conversation.

An operator who only listens is hidden, and nothing here is about them.
"""

import asyncio
import contextlib
import logging

from livekit import rtc

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.call_room import show_in
from agent.conversation.participants import OPERATOR, TALKS, has_taken_over

logger = logging.getLogger(__name__)

BACK_WITHIN = 1.5  # seconds in which another operator may follow; who loses their network has not left for some 20 s


def give_way_to_the_operator(call: Call) -> None:
    """Fall silent when an operator who talks is in the room, and go on when none is left in it."""
    watch = _Operators(call)
    call.room.on("participant_connected", watch.see)
    call.room.on("participant_disconnected", watch.see_leave)
    call.session.on("close", lambda _: watch.stop())
    for participant in call.room.remote_participants.values():
        watch.see(participant)


class _Operators:
    def __init__(self, call: Call) -> None:
        self._call = call
        self._there: set[str] = set()  # their identities
        self._leaving: asyncio.TimerHandle | None = None

    def see(self, participant: rtc.RemoteParticipant) -> None:
        """Give way to an operator who has come. A goodbye that the agent has begun is finished nevertheless."""
        if not has_taken_over(participant) or self._call.ending.begun:
            return
        self.stop()
        self._there.add(participant.identity)
        if not self._call.transfer.taken_over:
            logger.info("An operator has taken the call over: the agent is silent")
            self._fall_silent()
        self._show(TALKS)

    def see_leave(self, participant: rtc.RemoteParticipant) -> None:
        """Wait a moment when the last of them has left; a caller and a person who have been joined talk on."""
        if participant.identity not in self._there:
            return
        self._there.discard(participant.identity)
        if self._there:
            return
        self._show("")  # so that they, or another one, may take the call over again
        if not self._call.transfer.joined:
            self._leaving = asyncio.get_running_loop().call_later(BACK_WITHIN, self._go_on)

    def stop(self) -> None:
        """Wait for no operator any more."""
        if self._leaving:
            self._leaving.cancel()
        self._leaving = None

    def _fall_silent(self) -> None:
        call = self._call
        call.transfer.operator_came.set()
        call.record.taken_over = True
        call.hang_up.spares = True  # if this process has to end, the two talk on (`worker.orphaned_calls`)
        call.announcer.silent = True
        call.announcer.cut_interjection()
        with contextlib.suppress(RuntimeError):  # the session has not begun, and nothing is being said
            call.session.interrupt(force=True)

    def _go_on(self) -> None:
        call = self._call
        if call.ending.begun or not call.caller_is_there:
            return
        logger.info("The operator has left: the agent goes on")
        call.transfer.operator_came.clear()
        call.hang_up.spares = call.announcer.silent = False
        call.announcer.say("operator_left")

    def _show(self, state: str) -> None:
        begin(show_in(self._call.room, {OPERATOR: state}))
