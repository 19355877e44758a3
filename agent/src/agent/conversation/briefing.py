"""The talk with a person before they take a call over: what it is about, and whether they take it.

It is a session of its own, with the same voice and hearing as the caller's, and with no language model: the summary is
written beforehand, and the answer is looked up among the language's phrases.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from livekit import rtc
from livekit.agents import (
    Agent,
    ChatMessage,
    ConversationItemAddedEvent,
    ModelSettings,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.llm import ChatContext, Tool

from agent import languages
from agent.background import begin
from agent.conversation.announcer import Announcer
from agent.conversation.call import Call
from agent.conversation.ending import wait_until_heard
from agent.conversation.session import new_session, region_of_line, room_options, voice_activity_of
from agent.conversation.yes_or_no import NO_DIGIT, YES_DIGIT, judge_answer
from agent.records.capture.summary import condense

logger = logging.getLogger(__name__)

PROMPT = Path(__file__).with_suffix(".md")
SUMMARY_WITHIN = 15.0  # seconds; as a rule it is ready before the person has picked up
SUMMARY_LATE = 2.0  # seconds that a person who has picked up waits for it
ANSWER_WITHIN = 10.0  # seconds for an answer to the question, which is asked QUESTIONS times
QUESTIONS = 2
SENTENCE_WITHIN = 10.0  # seconds in which a recorded sentence has been said
SUMMARY_SPOKEN_WITHIN = 45.0  # seconds

Answer = Literal["accepted", "declined", "not_accepted"]


async def sum_up_for_a_person(call: Call) -> str | None:
    """Have the language model sum up what was said so far; None if it fails, or if nothing was said yet.

    It is not shown the keys that the caller has pressed, since those are often secret.
    """
    keys = languages.KEYS_PRESSED.format("")
    said = [
        f"{'caller' if item.role == 'user' else 'agent'}: {' '.join((item.text_content or '').split())}"
        for item in call.session.history.items
        if isinstance(item, ChatMessage)
        and item.role in ("user", "assistant")
        and item.text_content
        and not item.text_content.startswith(keys)
    ]
    model = call.session.llm
    if not isinstance(model, llm.LLM) or not any(row.startswith("caller") for row in said):
        return None
    instructions = PROMPT.read_text(encoding="utf-8").format(language=call.line.language)
    return await condense(model, instructions, "\n".join(said), SUMMARY_WITHIN, "sum up the call for a person")


class Briefing:
    """The session with one person, who is in the call's room already."""

    def __init__(self, call: Call, person: str) -> None:
        """`person` is their identity in the room."""
        self._call, self._person = call, person
        voice_activity = voice_activity_of(call.ctx, call.line)
        self._session = new_session(call.line, call.pipeline, voice_activity, region_of_line(call.line, call.settings))
        self._announcer = Announcer(self._session, call.line.language)
        self._answers = asyncio.Queue[Answer]()
        # Loop times. Words are an answer only if they began after the question had begun; keys are one from the start.
        self._asked_at, self._spoke_at = float("inf"), float("-inf")

    async def ask(self, summary: "asyncio.Future[str | None]") -> Answer:
        """Say what it is about, ask, and wait: a person who neither says yes nor presses a key has not accepted.

        An answering machine does neither. A key may be pressed before the end.
        """
        self._session.on("user_state_changed", self._notice_speech)
        self._session.on("conversation_item_added", self._take_words)
        self._call.room.on("sip_dtmf_received", self._take_key)
        talking = asyncio.ensure_future(self._talk(summary))
        answering = asyncio.ensure_future(self._answers.get())
        try:
            await asyncio.wait({talking, answering}, return_when=asyncio.FIRST_COMPLETED)
            return answering.result() if answering.done() else talking.result()
        finally:
            talking.cancel()
            answering.cancel()
            self._call.room.off("sip_dtmf_received", self._take_key)

    async def say(self, sentence: str) -> None:
        """Say one of `languages.Sentences` to its end, instead of whatever is being said."""
        speech = self._announcer.say_instead(sentence)
        if not await wait_until_heard(speech, SENTENCE_WITHIN):
            logger.warning("Could not say a sentence to a person within %g s", SENTENCE_WITHIN)

    def close(self) -> None:
        """End the session, without waiting for it."""
        begin(self._session.aclose())

    async def _talk(self, summary: "asyncio.Future[str | None]") -> Answer:
        options = room_options(self._person, self._call.line)
        await self._session.start(
            _Silent(), room=self._call.room, room_options=options, session_host=False, record=False
        )
        await wait_until_heard(self._announcer.say("person_hello", allow_interruptions=False), SENTENCE_WITHIN)
        await asyncio.wait({summary}, timeout=SUMMARY_LATE)
        if summary.done() and (text := summary.result()):
            await wait_until_heard(self._session.say(text, allow_interruptions=False), SUMMARY_SPOKEN_WITHIN)
        for _ in range(QUESTIONS):
            question = self._announcer.say("person_asked")
            self._asked_at = min(self._asked_at, asyncio.get_running_loop().time())
            await wait_until_heard(question, SENTENCE_WITHIN)
            await asyncio.sleep(ANSWER_WITHIN)
        return "not_accepted"

    def _notice_speech(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._spoke_at = asyncio.get_running_loop().time()

    def _take_words(self, event: ConversationItemAddedEvent) -> None:
        if self._asked_at == float("inf") or not isinstance(event.item, ChatMessage) or event.item.role != "user":
            return
        said = event.item.text_content or ""
        if languages.contains(said, self._call.phrases.machines):
            self._answers.put_nowait("not_accepted")
        elif self._spoke_at < self._asked_at:  # "Yes?" to the summary, of which the words are known only now
            return
        elif (accepted := judge_answer(said, self._call.phrases)) is not None:
            self._answers.put_nowait("accepted" if accepted else "declined")

    def _take_key(self, event: rtc.SipDTMF) -> None:
        if event.participant is None or event.participant.identity != self._person:
            return
        if event.digit in (YES_DIGIT, NO_DIGIT):
            self._answers.put_nowait("accepted" if event.digit == YES_DIGIT else "declined")


class _Silent(Agent):
    """Answers nothing by itself."""

    def __init__(self) -> None:
        super().__init__(instructions="", turn_handling={"preemptive_generation": {"enabled": False}})

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterator[str]:
        return
        yield ""
