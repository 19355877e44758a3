"""A caller who has spoken never waits in silence: for a slow answer with a word, for none with an apology.

livekit-agents' own fillers (`voice/filler_scheduler.py`) are for tools: they begin when nothing is being prepared, and
here it is the reply itself that does not come.
"""

import asyncio
import logging
import time

from livekit.agents import (
    AgentStateChangedEvent,
    CloseEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.conversation.call import Call
from agent.conversation.speech_outcome import was_heard, was_heard_to_its_end
from agent.turns.eager_stt import eager_engines

logger = logging.getLogger(__name__)


def fill_the_silence(call: Call) -> None:
    """Say `filler` after `handling.filler_after`; say `apology` after `apology_after`, or once no answer can come.

    An apology gives the answer up and is a failure; as many of them in a row as `handling.failures` says, with no
    answer heard to its end between them, end the call.
    """
    session = call.session
    wait = _Wait(call)
    session.on("user_state_changed", wait.listen)
    session.on("user_input_transcribed", wait.hear)
    session.on("agent_state_changed", wait.watch)
    session.on("speech_created", wait.follow)
    session.on("error", wait.notice)
    session.on("close", wait.end)
    for engine in eager_engines(session.stt):
        engine.told_nothing = wait.hear_nothing


class _Wait:
    """How long the caller has been waiting for an answer."""

    def __init__(self, call: Call) -> None:
        self._session, self._announcer, self._ending = call.session, call.announcer, call.ending
        self._handling = call.line.handling
        self._timers: list[asyncio.TimerHandle] = []
        self._apologise_at: float | None = None  # loop time, of the wait in which the filler has been said
        self._words = False  # the caller has said some since the agent last spoke
        self._deaf = False  # speech to text has failed before the caller had finished
        self._broken: SpeechHandle | None = None  # its text to speech has failed
        self._failures = 0

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._stop_timers()
            self._announcer.hush()
        elif self._deaf:
            self.fail()
        # A streaming engine tells of words only: without them nobody knows whether a sound was worth an answer.
        elif event.old_state == "speaking" and (self._words or self._sounds_are_judged()):
            self._begin(since=event.created_at)

    def hear(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final and languages.plain(event.transcript):
            self._words = True
            self._begin()

    def hear_nothing(self) -> None:
        """The sound was a cough, or what a listener says: it wants no answer."""
        if not self._words:
            self._stop()

    def watch(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._stop()
        elif event.new_state == "thinking":
            self._begin()

    def follow(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            event.speech_handle.add_done_callback(self._judge)

    def notice(self, event: ErrorEvent) -> None:
        """Errors of a language model reach the reply it was asked for."""
        if event.error.recoverable:
            return
        match event.error.type:
            case "tts_error":
                self._broken = self._session.current_speech
            case "stt_error" if self._session.user_state == "speaking":
                self._deaf = True
            case "stt_error" if self._timers:
                self.fail()

    def end(self, _: CloseEvent) -> None:
        """The process may live on for a while, to write the call down."""
        self._stop()

    def fail(self) -> None:
        """No answer will come, or is waited for any longer."""
        self._stop()
        if self._ending.begun:
            return
        self._failures += 1
        logger.warning("no answer for the caller: %d of %d", self._failures, self._handling.failures)
        if self._failures >= self._handling.failures:
            self._ending.say("failed", "the providers failed")
        elif self._session.user_state != "speaking":  # else what they are saying is answered, or not, in its turn
            self._announcer.say_instead("apology")

    def _judge(self, reply: SpeechHandle) -> None:
        """A reply is over. Without a word or a tool that it called it came to nothing, whatever the reason was."""
        if was_heard_to_its_end(reply) and reply is not self._broken:
            self._failures = 0
        elif not reply.interrupted and (reply is self._broken or reply.exception() or not self._did_anything(reply)):
            self.fail()

    def _did_anything(self, reply: SpeechHandle) -> bool:
        return was_heard(reply) or any(item.type != "message" for item in reply.chat_items)

    def _sounds_are_judged(self) -> bool:
        return any(engine.is_listening for engine in eager_engines(self._session.stt))

    def _begin(self, since: float | None = None) -> None:
        """Wait for an answer; `since` in seconds of the epoch, now when it is not given."""
        if self._timers or self._session.agent_state == "speaking" or self._session.user_state == "speaking":
            return
        loop = asyncio.get_running_loop()
        began = loop.time() - (time.time() - since if since else 0.0)
        if self._apologise_at is None:
            self._timers = [
                loop.call_at(began + self._handling.filler_after, self._fill),
                loop.call_at(began + self._handling.apology_after, self.fail),
            ]
        else:  # they have spoken again since the filler, into the same silence
            self._timers = [loop.call_at(max(self._apologise_at, began + self._handling.filler_after), self.fail)]

    def _fill(self) -> None:
        if not self._ending.begun:
            self._apologise_at = self._timers[-1].when()
            self._announcer.say_aside("filler")

    def _stop(self) -> None:
        self._stop_timers()
        self._apologise_at, self._words, self._deaf = None, False, False

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
