"""The agent ends a call in which the caller talks without end, or in which a machine talks instead of a person.

livekit-agents' answering machine detection (`voice/amd`) is for calls that the agent makes: it asks a model, and holds
the first words back until the model has answered. Its `user_turn_limit` counts words, and music has none.
"""

import asyncio

from livekit.agents import SpeechCreatedEvent, UserInputTranscribedEvent, UserStateChangedEvent
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.conversation.call import Call
from agent.conversation.speech_outcome import was_heard_to_its_end
from agent.records.redaction.spoken_digits import SpokenDigits

MACHINE_REPEATS = 3  # times the same words come in a row: an announcement, a refrain, or music as transcribed


def end_endless_talk(call: Call) -> None:
    """End a call in which the caller has talked for `handling.longest_talk` without letting the agent finish anything.

    A call in which an answering machine, a hold queue or a call-screening robot talks is ended, too. What such machines
    say is in `languages/<language>/heard.toml`. Whatever repeats itself without letting the agent answer is also taken
    for a machine. But a caller may repeat themselves after an answer ("I want to talk to a person"), and may dictate a
    number whose groups are alike.
    """
    limit = _TalkLimit(call)
    call.session.on("user_state_changed", limit.listen)
    call.session.on("user_input_transcribed", limit.hear)
    call.session.on("speech_created", limit.watch_speech)


class _TalkLimit:
    """Watches what the caller has said since the agent last finished speaking."""

    def __init__(self, call: Call) -> None:
        self._session, self._ending, self._phrases = call.session, call.ending, call.phrases
        self._transfer = call.transfer
        self._longest, self._numbers = call.line.handling.longest_talk, SpokenDigits.of(call.line.language)
        self._until: float | None = None  # loop time; None while nobody talks
        self._timer: asyncio.TimerHandle | None = None
        self._last = ""  # the words of the last segment
        self._repeats = 0  # how often those words have come in a row since the agent last finished speaking

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state != "speaking" or self._transfer.rests:
            return
        if self._until is None:
            self._begin()
        elif asyncio.get_running_loop().time() >= self._until:
            self._end()

    def hear(self, event: UserInputTranscribedEvent) -> None:
        words = languages.plain(event.transcript)
        if not event.is_final or not words or self._transfer.rests:
            return
        joined = f"{self._last} {words}"  # a pause may split a phrase
        self._repeats = self._repeats + 1 if words == self._last else 1
        self._last = words
        if languages.contains(joined, self._phrases.machines) or self._is_repetition(event.transcript):
            self._ending.say("endless", "a machine was on the line")

    def watch_speech(self, event: SpeechCreatedEvent) -> None:
        event.speech_handle.add_done_callback(self._start_over)

    def _is_repetition(self, said: str) -> bool:
        answer = self._last in self._phrases.yes or self._last in self._phrases.no or " " not in self._last
        return self._repeats >= MACHINE_REPEATS and not answer and not self._numbers.is_number(said)

    def _start_over(self, speech: SpeechHandle) -> None:
        if was_heard_to_its_end(speech):
            self._repeats = 0
            self._stop()
            if self._session.user_state == "speaking":
                self._begin()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._until = loop.time() + self._longest
        self._timer = loop.call_at(self._until, self._end_if_still_talking)

    def _end_if_still_talking(self) -> None:
        if self._session.user_state == "speaking":  # else the next word ends the call, unless the agent speaks first
            self._end()

    def _end(self) -> None:
        if not self._transfer.rests:
            self._ending.say("endless", "the caller never came to an end")

    def _stop(self) -> None:
        self._until = None
        if self._timer:
            self._timer.cancel()
