"""The agent that answers first when a recording needs consent: it asks the caller, then the receptionist takes over."""

import logging
from collections.abc import Awaitable, Callable

from livekit.agents import Agent

from agent.conversation.call import Call
from agent.conversation.yes_or_no import YesOrNo, judge_answer

logger = logging.getLogger(__name__)

QUESTIONS = 2


class Consent(YesOrNo):
    """Asks for consent without a model: what the caller says is looked up among the language's phrases."""

    def __init__(
        self,
        call: Call,
        *,
        on_granted: Callable[[], Awaitable[object]],
        next_agent: Agent,
    ) -> None:
        """On a yes, `on_granted` is called before `next_agent` takes over."""
        super().__init__(call)
        self._announcer, self._ending = call.announcer, call.ending
        self._on_granted = on_granted
        self._next_agent = next_agent

    async def ask(self) -> None:
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
            answer = await self.wait_for_answer(self._announcer.say("may_record"))
            if answer and (allowed := judge_answer(answer.said, self.call.phrases)) is not None:
                return allowed
        return False
