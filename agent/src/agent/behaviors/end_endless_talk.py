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

SAME_AGAIN = 3  # times in a row: a queue's announcement, a sung refrain, or what speech to text makes of music
SAME_AGAIN_WHEN_ASKED = 6  # the same with a canned question between, to which a caller may well say the same again


def end_endless_talk(call: Call) -> None:
    """End a call whose caller has talked for `handling.longest_talk` and let the agent say nothing to its end.

    A call in which an answering machine, a queue or a call-screening robot talks is ended as well; what such machines
    say is in `languages/<language>/heard.toml`.
    """
    talk = _Talk(call)
    call.session.on("user_state_changed", talk.listen)
    call.session.on("user_input_transcribed", talk.hear)
    call.session.on("speech_created", talk.follow)


class _Talk:
    """What the caller has said since the agent last had its say."""

    def __init__(self, call: Call) -> None:
        self._session, self._ending, self._heard = call.session, call.ending, call.heard
        self._longest = call.line.handling.longest_talk
        self._until: float | None = None  # loop time, once they have begun
        self._timer: asyncio.TimerHandle | None = None
        self._last = ""  # words of the last piece of speech
        self._times = 0  # that they have come in a row
        self._asked = False  # something canned between, as "Could you say that again?"

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
        if words != self._last:
            self._last, self._times, self._asked = words, 0, False
        self._times += 1
        if languages.contains(together, self._heard.machines) or self._is_a_refrain(words):
            self._ending.say("endless", "a machine was on the line")

    def follow(self, event: SpeechCreatedEvent) -> None:
        event.speech_handle.add_done_callback(self._give_way)
        if event.source == "say":
            event.speech_handle.add_done_callback(self._expect_the_same)

    def _is_a_refrain(self, words: str) -> bool:
        answer = words in self._heard.yes or words in self._heard.no or " " not in words
        return self._times >= (SAME_AGAIN_WHEN_ASKED if self._asked else SAME_AGAIN) and not answer

    def _expect_the_same(self, speech: SpeechHandle) -> None:
        self._asked = self._asked or was_heard_to_its_end(speech)

    def _give_way(self, speech: SpeechHandle) -> None:
        if was_heard_to_its_end(speech):
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
