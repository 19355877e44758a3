"""An agent that asks a question which a yes or a no answers, and that takes the answer itself, without a model."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import (
    Agent,
    ChatMessage,
    ConversationItemAddedEvent,
    ModelSettings,
    SpeechCreatedEvent,
    UserStateChangedEvent,
)
from livekit.agents.llm import ChatContext, Tool
from livekit.agents.voice import SpeechHandle

from agent.conversation.call import Call
from agent.conversation.request_to_wait import is_request_to_wait
from agent.languages import KEYS_PRESSED, Phrases, split_phrases

YES_DIGIT, NO_DIGIT = "1", "2"
CLOSING_DIGITS = {"#", "*"}  # pressed after a digit out of habit
DIGITS = KEYS_PRESSED.format("")
BEFORE = float("-inf")


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn of the caller's: their words, or "(keys pressed) 1"."""

    said: str
    began: float  # loop time of its first key, or of its last beginning of speech; BEFORE if that was before the agent


class YesOrNo(Agent):
    """The base of agents that ask such a question. None of the caller's turns reaches the model while it is there."""

    _reply: SpeechHandle | None = None

    def __init__(self, call: Call, **options: Any) -> None:
        """`options` are those of another base, if there is one."""
        super().__init__(instructions="", turn_handling={"preemptive_generation": {"enabled": False}}, **options)
        self.call = call
        # Seconds to wait for an answer: half the time after which `ask_a_silent_caller` would ask its own question.
        self._patience = call.line.handling.silent_caller_after / 2
        self._answers = asyncio.Queue[Answer]()
        self._spoke_at = self._keyed_at = BEFORE
        self._asking: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        """Ask the question, act on the answer, and give the call to another agent."""
        raise NotImplementedError

    async def on_enter(self) -> None:
        self.session.on("speech_created", self._watch_reply)
        self.session.on("user_state_changed", self._listen)
        self.session.on("conversation_item_added", self._take_turn)
        self.call.room.on("sip_dtmf_received", self._notice_key)
        self._asking = asyncio.create_task(self.ask())

    async def on_exit(self) -> None:
        self.session.off("speech_created", self._watch_reply)
        self.session.off("user_state_changed", self._listen)
        self.session.off("conversation_item_added", self._take_turn)
        self.call.room.off("sip_dtmf_received", self._notice_key)
        if self._asking:
            self._asking.cancel()

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterator[str]:
        if self._reply:  # the reply will be empty, and must not be taken for one that failed
            self._reply.interrupt(force=True)
        return
        yield ""

    def take_answer(self, said: str) -> None:
        """Take this for an answer that is given now."""
        self._answers.put_nowait(Answer(said, asyncio.get_running_loop().time()))

    def forget_answers(self) -> list[Answer]:
        """Return the answers that nobody has waited for, which count no more."""
        return [self._answers.get_nowait() for _ in range(self._answers.qsize())]

    async def wait_for_answer(self, question: SpeechHandle) -> Answer | None:
        """Wait for what the caller says or enters while the question is said or after it; None if nothing comes.

        Nothing is waited for after a question that could not be spoken to its end. An answer cuts the question off. A
        caller who asks for a moment is given `handling.hold_patience`.
        """
        answered = asyncio.ensure_future(self._answers.get())
        asked = asyncio.ensure_future(question.wait_for_playout())
        try:
            await asyncio.wait({asked, answered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
        broken = question.done() and not question.interrupted and question.exception() is not None
        answer = await self._finish(answered, 0 if broken else self._patience)
        while answer and self._asks_to_wait(answer):
            next_answer = asyncio.ensure_future(self._answers.get())
            answer = await self._finish(next_answer, self.call.line.handling.hold_patience)
        if not question.done():
            question.interrupt()
            await question.wait_for_playout()
        return answer

    def _asks_to_wait(self, answer: Answer) -> bool:
        phrases = self.call.phrases
        return judge_answer(answer.said, phrases) is None and is_request_to_wait(answer.said, phrases)

    async def _finish(self, answered: "asyncio.Future[Answer]", patience: float) -> Answer | None:
        """Wait for an answer until `patience` has passed and the caller is not speaking."""
        try:
            while not answered.done():
                await asyncio.wait({answered}, timeout=patience)
                if self.session.user_state != "speaking":
                    break
            return answered.result() if answered.done() else None
        finally:
            answered.cancel()

    def _watch_reply(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            self._reply = event.speech_handle

    def _listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._spoke_at = asyncio.get_running_loop().time()

    def _notice_key(self, _: rtc.SipDTMF) -> None:
        if self._keyed_at == BEFORE:
            self._keyed_at = asyncio.get_running_loop().time()

    def _take_turn(self, event: ConversationItemAddedEvent) -> None:
        if not isinstance(event.item, ChatMessage) or event.item.role != "user":
            return
        if self.call.transfer.taken_over:  # a yes to an operator is no answer to the agent's question
            return
        said = event.item.text_content or ""
        keyed = said.startswith(DIGITS)
        self._answers.put_nowait(Answer(said, self._keyed_at if keyed else self._spoke_at))
        if keyed:
            self._keyed_at = BEFORE


def judge_answer(answer: str, phrases: Phrases) -> bool | None:
    """Return True for a yes, False for a no, and None for anything else.

    A no anywhere in an answer makes it a no. A yes counts only if nothing but courtesies was said with it.
    """
    if answer.startswith(DIGITS):
        digits = set(answer.removeprefix(DIGITS).split()) - CLOSING_DIGITS
        return digits == {YES_DIGIT} if digits in ({YES_DIGIT}, {NO_DIGIT}) else None
    said = set(split_phrases(answer, phrases.yes | phrases.no | phrases.courtesies | phrases.goodbyes))
    if said & phrases.no:
        return False
    with_it = phrases.courtesies | phrases.goodbyes
    return True if said & phrases.yes and said <= phrases.yes | with_it else None
