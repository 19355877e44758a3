"""The agent's sentences that need no model: their sound is in the image."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, AgentSession, ConversationItemAddedEvent, utils
from livekit.agents.llm import AgentHandoff
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.background import begin
from agent.conversation.interjection import Interjection
from agent.framework import new_finished_speech

logger = logging.getLogger(__name__)

RECORDED = Path("/app/recorded")  # <language>/<sentence>.ogg, synthesized when the image is built
RATE = 24000  # Hz


class Announcer:
    """Says the `languages.Sentences` of one language in one session, by their names.

    An announcer never fails. A sentence whose sound is missing is synthesized by the session, and nothing more is said
    in a session that is closing, or while the announcer is `silent`.
    """

    silent = False

    def __init__(self, session: AgentSession[Any], language: str, folder: Path = RECORDED) -> None:
        self._session = session
        self._texts = asdict(languages.sentences(language))
        self._folder = folder / language
        self._interjection: Interjection | None = None
        session.on("conversation_item_added", self._find_the_output)

    def say(self, name: str, *, allow_interruptions: bool = True) -> SpeechHandle:
        """Begin to say a sentence, after what is being said now; the model sees it as part of the conversation."""
        if self.silent:
            return new_finished_speech()
        try:
            return self._session.say(
                self._texts[name],
                audio=self.sound(name) if self._path(name).is_file() else NOT_GIVEN,
                allow_interruptions=allow_interruptions,
            )
        except RuntimeError as error:
            logger.debug("The sentence %s was not said: %s", name, error)
            return new_finished_speech()

    def say_instead(self, name: str, *, forget_turn: bool = True) -> SpeechHandle:
        """Say a sentence in place of whatever is being said or prepared, which is given up.

        So is what the caller has said since their last turn, unless `forget_turn` is False.
        """
        try:
            # The interruption may take 5 s and is not waited for: the next speech begins as soon as the one before
            # ends.
            self._session.interrupt(force=True)
            if forget_turn:
                self._session.clear_user_turn()
        except RuntimeError as error:
            logger.debug("There was nothing to interrupt: %s", error)
        return self.say(name)

    def interject(self, name: str) -> None:
        """Say a sentence now, before the reply that is being prepared; the model does not see it."""
        if self._interjection and not self.silent and self._path(name).is_file():
            begin(self._interjection.play(self.sound(name)))

    def cut_interjection(self) -> None:
        """Break off the sentence that `interject` is saying, if any."""
        if self._interjection:
            self._interjection.cut()

    def sound(self, name: str) -> AsyncIterator[rtc.AudioFrame]:
        """Read a sentence's sound, mono, at RATE; a FileNotFoundError means that it has none."""
        return utils.audio.audio_frames_from_file(str(self._path(name)), sample_rate=RATE, num_channels=1)

    def _path(self, name: str) -> Path:
        path = self._folder / f"{name}.ogg"
        if not path.is_file():
            logger.error("%s is missing from the image: build the image again", path)
        return path

    def _find_the_output(self, event: ConversationItemAddedEvent) -> None:
        """Wait for the first agent to take over: by then the room's output exists, and nothing has been said yet."""
        if isinstance(event.item, AgentHandoff):
            self._session.off("conversation_item_added", self._find_the_output)
            # A recorder waits for the same event. `call_soon` runs after it, so that interjections are recorded, too.
            asyncio.get_running_loop().call_soon(self._stand_before_the_output)

    def _stand_before_the_output(self) -> None:
        if output := self._session.output.audio:
            self._session.output.audio = self._interjection = Interjection(output)
