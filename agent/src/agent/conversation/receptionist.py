"""The agent of a call: it greets the caller, talks with them, and says goodbye before it leaves."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import cached_property
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, Agent, FlushSentinel, ModelSettings, NotGivenOr, llm, tts

from agent.conversation.answer_from_facts import answer_from_facts
from agent.conversation.call import Call
from agent.conversation.ending import wait_until_heard
from agent.conversation.longest_answer import end_in_time
from agent.conversation.presynthesis import Presynthesis
from agent.conversation.session import reader_of
from agent.knowledge.knowledge import Knowledge
from agent.languages import sentences
from agent.outbound.orders import Order
from agent.outbound.purpose import FIRST_WORDS
from agent.providers.failure import explain

logger = logging.getLogger(__name__)

GOODBYE_LIMIT = 8.0  # seconds that the goodbye may take


class Receptionist(Agent):
    """Says the greeting when the call begins, and a goodbye when it ends, unless `Ending` has said one."""

    def __init__(
        self,
        call: Call,
        greeting: Presynthesis | None = None,
        tools: Sequence[llm.Tool | llm.Toolset] = (),
    ) -> None:
        """`greeting` is given if it is being synthesized while the phone rings."""
        super().__init__(instructions=call.words.persona, tools=list(tools))
        self._call = call
        self._greeting = greeting

    async def on_enter(self) -> None:
        if self._call.transfer.taken_over:  # before the greeting: nothing is said, so nothing is recorded either
            return
        if self._call.before_greeting:
            await self._call.before_greeting()
        if self._call.transfer.taken_over:
            return
        if self._call.order:
            self._say_why(self._call.order)
        elif self.session.output.audio is None or self.session.tts is None:
            self._greet()
        elif sound := await self._greeting_in_time(self.session.tts):
            self._greet(sound)
        else:
            self._call.announcer.say("hello")
        # While the greeting is spoken: these take some 20 ms, and up to a second in a thread.
        _ = self._knowledge
        if self._call.words.searched:
            self._call.facts.prepare()

    @cached_property
    def _knowledge(self) -> Knowledge | None:
        """What the answers are checked against; None if the line has no facts, or a model that can be trusted."""
        words = self._call.words
        has_facts = bool(words.facts or words.searched)
        return self._knowledge_of(words.facts) if has_facts and self._call.pipeline.invents_facts else None

    def _knowledge_of(self, facts: str) -> Knowledge:
        words, line = self._call.words, self._call.line
        told = words.persona.replace(words.facts, "")
        return Knowledge(facts, told, words.greeting, line.language, reader_of(line, self._call.settings))

    @property
    def _tells_found_facts(self) -> bool:
        """Whether the model is told what is found for the caller's words, because it does not search by itself."""
        if not self._call.words.searched:
            return False
        its = self._call.pipeline
        return its.invents_facts or not (its.uses_tools and "search_facts" in self._call.line.tools)

    def _say_why(self, order: Order) -> None:
        """Say why the agent has called, in the model's words; a small model would make up a reason, and is not asked.

        Who is calling has been said, and who has answered is known.
        """
        with contextlib.suppress(RuntimeError):  # the person has hung up meanwhile
            if self._call.pipeline.invents_facts:
                sentence = sentences(self._call.line.language).message_for_you
                self.session.say(sentence.format(purpose=order.purpose))
            else:
                self.session.generate_reply(instructions=FIRST_WORDS)

    def _greet(self, sound: NotGivenOr[AsyncIterator[rtc.AudioFrame]] = NOT_GIVEN) -> None:
        if self._call.transfer.taken_over:
            return
        with contextlib.suppress(RuntimeError):  # the caller has hung up meanwhile
            self.session.say(self._call.words.greeting, audio=sound)

    async def _greeting_in_time(self, voice: tts.TTS[Any]) -> AsyncIterator[rtc.AudioFrame] | None:
        """Return the sound of the greeting; if it could not be synthesized in advance, try once more."""
        try:
            async with asyncio.timeout(self._patience):
                if self._greeting and (prepared := await self._greeting.audio()):
                    return prepared
                reader, options = reader_of(self._call.line, self._call.settings), self.session.conn_options
                again = Presynthesis(self._call.words.greeting, voice, options.tts_conn_options, reader)
                if sound := await again.audio():
                    return sound
        except TimeoutError:
            logger.warning("Could not synthesize the greeting within %g s", self._patience)
        else:
            reason = explain(again.failure) if again.failure else "sent no sound"
            logger.warning("Could not synthesize the greeting: text to speech %s", reason)
        return None

    @property
    def _patience(self) -> float:
        """Seconds after which the announcer's `hello` replaces a greeting that has no sound yet."""
        return self._call.line.handling.filler_after

    def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        """Answer as the model does, but for no longer than the line allows, and a small model from facts alone.

        Nothing is answered while the caller waits for a person, or once an operator has taken over. What a tool has
        returned is not among the facts, so the answer that tells it is not checked.
        """
        if self._call.transfer.rests:
            return _nothing()
        if _tells_a_result(chat_ctx) and self._call.pipeline.invents_facts:
            answer = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
        else:
            answer = self._answer(chat_ctx, tools, model_settings)
        return end_in_time(answer, self._call.line.handling.longest_answer)

    async def _answer(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        knowledge, context = self._knowledge, chat_ctx
        if self._tells_found_facts and (found := await self._call.facts.find_for(chat_ctx)):
            context = self._call.facts.told(chat_ctx, found)
            knowledge = knowledge and self._knowledge_of(f"{self._call.words.facts}\n\n{found}")
        answer = Agent.default.llm_node(self, context, tools, model_settings)
        if knowledge:
            answer = answer_from_facts(answer, knowledge, chat_ctx)
        async with contextlib.aclosing(answer):
            async for part in answer:
                yield part

    async def on_exit(self) -> None:
        call = self._call
        if call.caller_is_there and not call.ending.begun and not call.transfer.rests:
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        goodbye = self.session.say(self._call.words.goodbye, allow_interruptions=False)
        if not await wait_until_heard(goodbye, GOODBYE_LIMIT):
            goodbye.interrupt(force=True)


async def _nothing() -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
    return
    yield ""


def _tells_a_result(context: llm.ChatContext) -> bool:
    """Return whether the answer follows a tool's result, and not what the caller has said."""
    turns = (it for it in reversed(context.items) if it.type == "function_call_output" or _is_of_caller(it))
    return (last := next(turns, None)) is not None and last.type == "function_call_output"


def _is_of_caller(item: llm.ChatItem) -> bool:
    return item.type == "message" and item.role == "user"
