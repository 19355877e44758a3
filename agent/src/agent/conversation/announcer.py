"""What the agent says without asking anybody: the language's sentences, from sound that is in the image."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import AgentHandoff
from livekit.agents.utils.audio import audio_frames_from_file
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.background import begin
from agent.conversation.interjection import Interjection

logger = logging.getLogger(__name__)

RECORDED = Path("/app/recorded")  # <language>/<sentence>.ogg, made when the image is built
RATE = 24000  # Hz


class Announcer:
    """Says the `languages.Sentences` of one language in one session, by their names.

    It never fails: a sentence whose sound is missing is left to the text to speech, and a session that is closing says
    nothing more.
    """

    def __init__(self, session: AgentSession[Any], language: str, folder: Path = RECORDED) -> None:
        self._session = session
        self._texts = asdict(languages.sentences(language))
        self._folder = folder / language
        self._aside: Interjection | None = None
        session.on("conversation_item_added", self._find_the_output)

    def say(self, name: str, *, allow_interruptions: bool = True) -> SpeechHandle:
        """Begin to say it, after what is being said now. It is part of the conversation that the model is told."""
        try:
            return self._session.say(
                self._texts[name],
                audio=self.sound(name) if self._path(name).is_file() else NOT_GIVEN,
                allow_interruptions=allow_interruptions,
            )
        except RuntimeError as error:
            logger.debug("not said: %s", error)
            nothing = SpeechHandle.create()
            nothing._mark_done()
            return nothing

    def say_instead(self, name: str) -> SpeechHandle:
        """Say it in place of what is being said, prepared or still being transcribed: all that is given up."""
        try:
            # Not waited for, which may take 5 s: the next speech begins as soon as this one has let go of the line.
            self._session.interrupt(force=True)
            self._session.clear_user_turn()
        except RuntimeError as error:
            logger.debug("nothing to interrupt: %s", error)
        return self.say(name)

    def say_aside(self, name: str) -> None:
        """Say it now, although a reply is being prepared, which comes after it; the model is not told of it."""
        if self._aside and self._path(name).is_file():
            begin(self._aside.say(self.sound(name)))

    def hush(self) -> None:
        """Break off what is being said aside."""
        if self._aside:
            self._aside.cut()

    def sound(self, name: str) -> AsyncIterator[rtc.AudioFrame]:
        """Its sound, mono, at RATE; a FileNotFoundError where there is none."""
        return audio_frames_from_file(str(self._path(name)), sample_rate=RATE, num_channels=1)

    def _path(self, name: str) -> Path:
        path = self._folder / f"{name}.ogg"
        if not path.is_file():
            logger.error("%s is missing: it comes with the image, build that again", path)
        return path

    def _find_the_output(self, event: ConversationItemAddedEvent) -> None:
        """When the first agent takes over, the room's output is there and nobody has said anything yet."""
        if isinstance(event.item, AgentHandoff):
            self._session.off("conversation_item_added", self._find_the_output)
            # Behind a recorder that waits for the same moment, so that what is said aside is recorded, too.
            asyncio.get_running_loop().call_soon(self._stand_before_the_output)

    def _stand_before_the_output(self) -> None:
        if output := self._session.output.audio:
            self._session.output.audio = self._aside = Interjection(output)
