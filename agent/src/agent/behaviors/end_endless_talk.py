"""Who talks without end, and what is no person at all, is said goodbye to.

livekit-agents' answering machine detection (`voice/amd`) is for calls that the agent makes: it asks a model, and holds
the first words back until that has answered. Its `user_turn_limit` counts words, which music has none of.
"""

import asyncio

from livekit.agents import SpeechCreatedEvent, UserInputTranscribedEvent, UserStateChangedEvent
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.conversation.call import Call
from agent.conversation.speech_outcome import was_heard_to_its_end
from agent.records.redaction.spoken_digits import Spoken as SpokenDigits

SAME_AGAIN = 3  # times over the agent: a queue's announcement, a sung refrain, or what speech to text makes of music


def end_endless_talk(call: Call) -> None:
    """End a call whose caller has talked for `handling.longest_talk` and let the agent say nothing to its end.

    A call in which an answering machine, a queue or a call-screening robot talks is ended as well: what such machines
    say is in `languages/<language>/heard.toml`, and a machine is also what says the same again and again without
    letting the agent answer. A caller may say the same again after an answer, as "I want to talk to a person", and
    dictate a number in groups that are alike.
    """
    talk = _Talk(call)
    call.session.on("user_state_changed", talk.listen)
    call.session.on("user_input_transcribed", talk.hear)
    call.session.on("speech_created", talk.follow)


class _Talk:
    """What the caller has said since the agent last had its say."""

    def __init__(self, call: Call) -> None:
        self._session, self._ending, self._heard = call.session, call.ending, call.heard
        self._longest, self._numbers = call.line.handling.longest_talk, SpokenDigits.of(call.line.language)
        self._until: float | None = None  # loop time, once they have begun
        self._timer: asyncio.TimerHandle | None = None
        self._last = ""  # words of the last piece of speech
        self._times = 0  # that they have come in a row since the agent last had its say

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state != "speaking":
            return
        if self._until is None:
            self._begin()
        elif asyncio.get_running_loop().time() >= self._until:
            self._end()

    def hear(self, event: UserInputTranscribedEvent) -> None:
        words = languages.plain(event.transcript)
        if not event.is_final or not words:
            return
        together = f"{self._last} {words}"  # a pause may fall into the middle of a phrase
        self._times = self._times + 1 if words == self._last else 1
        self._last = words
        if languages.contains(together, self._heard.machines) or self._is_a_refrain(event.transcript):
            self._ending.say("endless", "a machine was on the line")

    def follow(self, event: SpeechCreatedEvent) -> None:
        event.speech_handle.add_done_callback(self._give_way)

    def _is_a_refrain(self, said: str) -> bool:
        answer = self._last in self._heard.yes or self._last in self._heard.no or " " not in self._last
        return self._times >= SAME_AGAIN and not answer and not self._numbers.is_number(said)

    def _give_way(self, speech: SpeechHandle) -> None:
        if was_heard_to_its_end(speech):
            self._times = 0
            self._stop()
            if self._session.user_state == "speaking":
                self._begin()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._until = loop.time() + self._longest
        self._timer = loop.call_at(self._until, self._end_if_still_talking)

    def _end_if_still_talking(self) -> None:
        if self._session.user_state == "speaking":  # else with their next word, unless the agent comes first
            self._end()

    def _end(self) -> None:
        self._ending.say("endless", "the caller never came to an end")

    def _stop(self) -> None:
        self._until = None
        if self._timer:
            self._timer.cancel()
