"""Whoever answers first when a call is recorded only with the caller's consent: asks, listens, and hands over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from livekit.agents import Agent, ModelSettings, SpeechCreatedEvent
from livekit.agents.llm import ChatContext, Tool
from livekit.agents.voice import SpeechHandle

from agent.behaviors.take_digits import TURN
from agent.conversation.call import Call
from agent.languages import Heard, phrases_of

logger = logging.getLogger(__name__)

QUESTIONS = 2
YES_KEY, NO_KEY = "1", "2"
CLOSING_KEYS = {"#", "*"}  # pressed after it out of habit
KEYS = TURN.format("")


class Consent(Agent):
    """Needs no model: what the caller says or keys comes to `llm_node`, where it is looked up among the phrases."""

    _reply: SpeechHandle | None = None

    def __init__(
        self,
        call: Call,
        *,
        granted: Callable[[], Awaitable[object]],
        then: Agent,
    ) -> None:
        """On a yes `granted` is called before `then` answers."""
        super().__init__(instructions="", turn_handling={"preemptive_generation": {"enabled": False}})
        self._announcer, self._ending, self._heard = call.announcer, call.ending, call.heard
        # Seconds that each question waits for an answer: with the whole, others would ask whether the caller is there.
        self._wait = call.line.handling.silent_caller_after / 2
        self._granted = granted
        self._then = then
        self._answers = asyncio.Queue[str]()
        self._asking: asyncio.Task[None] | None = None

    async def on_enter(self) -> None:
        self.session.on("speech_created", self._follow)
        self._asking = asyncio.create_task(self._ask())

    async def on_exit(self) -> None:
        self.session.off("speech_created", self._follow)
        if self._asking:
            self._asking.cancel()

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterator[str]:
        said = [item.text_content for item in chat_ctx.items if item.type == "message" and item.role == "user"]
        self._answers.put_nowait((said or [""])[-1] or "")
        if self._reply:  # it will be empty, which must not be taken for an answer that failed
            self._reply.interrupt(force=True)
        return
        yield ""

    def _follow(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            self._reply = event.speech_handle

    async def _ask(self) -> None:
        try:
            allowed = await self._allowed()
            if self._ending.begun:
                return
            if allowed:
                await self._granted()
            else:
                logger.info("this call is not recorded")
                self._announcer.say("not_recorded")
        except Exception:  # whatever it is, the caller must be answered
            logger.exception("the caller could not be asked for consent: this call is not recorded")
        if not self._ending.begun:
            self.session.update_agent(self._then)

    async def _allowed(self) -> bool:
        for _ in range(QUESTIONS):
            if self._ending.begun:
                break
            answer = await self._answer()
            if (allowed := verdict(answer, self._heard)) is not None:
                return allowed
        return False

    async def _answer(self) -> str:
        """What is said or keyed, while the question is asked or after it; nothing if nothing comes in time."""
        question = self._announcer.say("may_record")
        asked = asyncio.ensure_future(question.wait_for_playout())
        answered = asyncio.ensure_future(self._answers.get())
        try:
            await asyncio.wait({asked, answered}, return_when=asyncio.FIRST_COMPLETED)
            while not answered.done():
                await asyncio.wait({answered}, timeout=self._wait)
                if self.session.user_state != "speaking":
                    break
            if not question.done():
                question.interrupt()
            return answered.result() if answered.done() else ""
        finally:
            answered.cancel()
            asked.cancel()


def verdict(answer: str, heard: Heard) -> bool | None:
    """Yes or no; None for what is neither.

    A no anywhere is a no. A yes is one only if nothing else was said but courtesies.
    """
    if answer.startswith(KEYS):
        keys = set(answer.removeprefix(KEYS).split()) - CLOSING_KEYS
        return keys == {YES_KEY} if keys in ({YES_KEY}, {NO_KEY}) else None
    said = set(phrases_of(answer, heard.yes | heard.no | heard.courtesies))
    if said & heard.no:
        return False
    return True if said & heard.yes and said <= heard.yes | heard.courtesies else None
