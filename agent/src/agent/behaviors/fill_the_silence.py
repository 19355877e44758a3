"""A caller who has spoken never waits in silence: the agent announces a slow answer and apologizes for a failed one.

livekit-agents' own fillers (`voice/filler_scheduler.py`) are for tools. They begin when no reply is being prepared,
whereas this module fills the silence while a reply is being prepared and does not come. While a tool works, this module
waits: the tool has a time limit of its own, and `conversation.tell_meanwhile` fills the silence.
"""

import asyncio
import logging
import time

from livekit.agents import (
    AgentStateChangedEvent,
    CloseEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    ToolCallEnded,
    ToolCallStarted,
    ToolExecutionUpdatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.conversation.call import Call
from agent.conversation.speech_outcome import was_heard, was_heard_to_its_end
from agent.providers.rate_limit import limits
from agent.turns.eager_stt import eager_engines

logger = logging.getLogger(__name__)


def fill_the_silence(call: Call) -> None:
    """Say `filler` after `handling.filler_after`; say `apology` after `apology_after`, or once no answer can come.

    An apology gives up the answer and counts as a failure. The call ends after `handling.failures` failures without an
    answer heard to its end between them. While a server limits its requests, failures end no call: it will answer
    again within a minute.
    """
    session = call.session
    timer = _AnswerTimer(call)
    session.on("user_state_changed", timer.listen)
    session.on("user_input_transcribed", timer.hear)
    session.on("agent_state_changed", timer.watch_agent)
    session.on("speech_created", timer.watch_reply)
    session.on("tool_execution_updated", timer.watch_tool)
    session.on("error", timer.handle_error)
    session.on("close", timer.close)
    for engine in eager_engines(session.stt):
        engine.report_drops(timer.take_drop)


class _AnswerTimer:
    """Measures how long the caller has been waiting for an answer."""

    def __init__(self, call: Call) -> None:
        self._session, self._announcer, self._ending = call.session, call.announcer, call.ending
        self._handling, self._transfer = call.line.handling, call.transfer
        self._timers: list[asyncio.TimerHandle] = []
        self._apologize_at: float | None = None  # loop time, once the filler has been said
        self._words = False  # whether the caller has said any since the agent last spoke
        self._unheard = False  # whether they have surely spoken since, but speech to text has found no word in it
        self._stt_failed = False  # whether speech to text failed before the caller had finished
        self._broken: SpeechHandle | None = None  # a speech that could not be synthesized
        self._failures = 0
        self._tools = set[str]()  # the calls of tools that are in progress

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._stop_timers()
            self._announcer.cut_interjection()
        elif self._stt_failed:
            self.fail()
        # A streaming engine reports only words. Without words, it is not known whether a sound needs an answer. A fast
        # engine may have judged the sound already.
        elif event.old_state == "speaking":
            is_judging = any(engine.is_judging for engine in eager_engines(self._session.stt))
            if self._words or self._unheard or is_judging:
                self._begin(since=event.created_at)

    def hear(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final and languages.plain(event.transcript):
            self._words = True
            self._begin()

    def take_drop(self, is_speech: bool) -> None:
        """Stop waiting if a sound that was no turn was a cough or a backchannel; what was not understood counts."""
        if is_speech:
            self._unheard = True
            self._begin()
        elif not self._words and not self._unheard:
            self._stop()

    def watch_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._stop()
        elif event.new_state == "thinking":
            self._begin()

    def watch_tool(self, event: ToolExecutionUpdatedEvent) -> None:
        match event.update:
            case ToolCallStarted() as started:
                self._tools.add(started.function_call.call_id)
                self._stop()
            case ToolCallEnded() as ended if ended.call_id in self._tools:
                self._tools.remove(ended.call_id)
                self._begin()  # to wait for what the model makes of the result

    def watch_reply(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            event.speech_handle.add_done_callback(self._judge)

    def handle_error(self, event: ErrorEvent) -> None:
        """Handle an error of speech to text or text to speech; a language model's error ends its reply (`_judge`)."""
        if event.error.recoverable:
            return
        match event.error.type:
            case "tts_error":
                self._broken = self._session.current_speech
            case "stt_error" if self._session.user_state == "speaking":
                self._stt_failed = True
            case "stt_error" if self._timers:
                self.fail()

    def close(self, _: CloseEvent) -> None:
        """Stop the timers: the process may go on for a while, to write the transcript."""
        self._stop()

    def fail(self) -> None:
        """Apologize for an answer that will not come, or end the call."""
        self._stop()
        # Whoever transfers the caller, or asks or does something with a tool, says what becomes of it.
        if self._ending.begun or self._transfer.rests or self._tools:
            return
        if limits.any_in_force:
            logger.warning("The caller got no answer, because a provider takes no more requests for the moment")
        else:
            self._failures += 1
            logger.warning("The caller got no answer: failure %d of %d", self._failures, self._handling.failures)
        if self._failures >= self._handling.failures:
            self._ending.say("failed", "the providers failed")
        elif self._session.user_state != "speaking":  # else what they are saying now gets an answer, or an apology
            self._announcer.say_instead("apology")

    def _judge(self, reply: SpeechHandle) -> None:
        """Count a reply that is over as a failure if it ended without a word and without a tool call."""
        if was_heard_to_its_end(reply) and reply is not self._broken:
            self._failures = 0
            return
        achieved = was_heard(reply) or any(item.type != "message" for item in reply.chat_items)
        if not reply.interrupted and (reply is self._broken or reply.exception() or not achieved):
            self.fail()

    def _begin(self, since: float | None = None) -> None:
        """Start waiting for an answer, from now or from `since` (a time.time())."""
        talking = self._session.agent_state == "speaking" or self._session.user_state == "speaking"
        if self._timers or talking or self._tools:
            return
        if self._transfer.rests:
            return
        loop = asyncio.get_running_loop()
        began = loop.time() - (time.time() - since if since else 0.0)
        if self._apologize_at is None:
            self._timers = [
                loop.call_at(began + self._handling.filler_after, self._fill),
                loop.call_at(began + self._handling.apology_after, self.fail),
            ]
        else:  # the caller has spoken again since the filler, and is still waiting for the first answer
            self._timers = [loop.call_at(max(self._apologize_at, began + self._handling.filler_after), self.fail)]

    def _fill(self) -> None:
        if not self._ending.begun and not self._transfer.rests:
            self._apologize_at = self._timers[-1].when()
            self._announcer.interject("filler")

    def _stop(self) -> None:
        self._stop_timers()
        self._apologize_at, self._words, self._unheard, self._stt_failed = None, False, False, False

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
