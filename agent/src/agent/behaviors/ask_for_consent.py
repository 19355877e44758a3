"""The agent that answers first when a recording needs consent: it asks the caller, listens, and hands over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from livekit.agents import Agent, ModelSettings, SpeechCreatedEvent
from livekit.agents.llm import ChatContext, Tool
from livekit.agents.voice import SpeechHandle

from agent.conversation.call import Call
from agent.conversation.yes_or_no import judge_answer

logger = logging.getLogger(__name__)

QUESTIONS = 2


class Consent(Agent):
    """Asks for consent without a model: what the caller says is looked up among the language's phrases."""

    _reply: SpeechHandle | None = None

    def __init__(
        self,
        call: Call,
        *,
        on_granted: Callable[[], Awaitable[object]],
        next_agent: Agent,
    ) -> None:
        """On a yes, `on_granted` is called before `next_agent` takes over."""
        super().__init__(instructions="", turn_handling={"preemptive_generation": {"enabled": False}})
        self._announcer, self._ending, self._phrases = call.announcer, call.ending, call.phrases
        # Seconds to wait for an answer: half the time after which `ask_a_silent_caller` would ask its own question.
        self._wait = call.line.handling.silent_caller_after / 2
        self._on_granted = on_granted
        self._next_agent = next_agent
        self._answers = asyncio.Queue[str]()
        self._asking: asyncio.Task[None] | None = None

    async def on_enter(self) -> None:
        self.session.on("speech_created", self._watch_reply)
        self._asking = asyncio.create_task(self._ask())

    async def on_exit(self) -> None:
        self.session.off("speech_created", self._watch_reply)
        if self._asking:
            self._asking.cancel()

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterator[str]:
        said = [item.text_content for item in chat_ctx.items if item.type == "message" and item.role == "user"]
        self._answers.put_nowait((said or [""])[-1] or "")
        if self._reply:  # the reply will be empty, and must not be taken for one that failed
            self._reply.interrupt(force=True)
        return
        yield ""

    def _watch_reply(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            self._reply = event.speech_handle

    async def _ask(self) -> None:
        try:
            allowed = await self._ask_for_consent()
            if self._ending.begun:
                return
            if allowed:
                await self._on_granted()
            else:
                logger.info("The caller did not consent: the call is not recorded")
                self._announcer.say("not_recorded")
        except Exception:  # whatever happens, the caller must get an answer
            logger.exception("Could not ask the caller for consent: the call is not recorded")
        if not self._ending.begun:
            self.session.update_agent(self._next_agent)

    async def _ask_for_consent(self) -> bool:
        for _ in range(QUESTIONS):
            if self._ending.begun:
                break
            answer = await self._wait_for_answer()
            if (allowed := judge_answer(answer, self._phrases)) is not None:
                return allowed
        return False

    async def _wait_for_answer(self) -> str:
        """Ask once; return what the caller says or enters during or after the question, or "" if nothing comes."""
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
