"""Who has answered a call of the agent's: a person, or an answering machine.

livekit-agents' `AMD` listens, and decides when the greeting is over. It asks a language model that calls a tool. Many a
greeting is recognised by its words, and not every model can call tools, so `GreetingJudge` stands in for the model: it
judges by the language's phrases, asks the line's own model where they decide nothing, and always has a verdict.
"""

import asyncio
import json
import logging
from typing import Any

from livekit.agents import (
    AMD,
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    AgentSession,
    AMDCategory,
    APIConnectOptions,
    APIError,
    NotGivenOr,
    llm,
)

from agent import languages
from agent.framework import AnswerStream
from agent.languages import Phrases

logger = logging.getLogger(__name__)

MODEL_WITHIN = 2.5  # seconds that the line's model has for a verdict
LONGEST_GREETING = 20  # words that a person says when they pick up; machines say more
VERDICT = "save_prediction"  # the tool by which AMD takes a verdict
WAITS = {
    "no_speech_threshold": 3.0,  # seconds of silence after which whoever has picked up is spoken to
    "machine_silence_threshold": 1.2,  # seconds of silence after which a greeting is over
    "human_silence_threshold": 1.2,  # the same, for a short one whose words are not known in time
    "timeout": 15.0,  # seconds
}
LONGEST = 60.0  # seconds that the greeting of a machine may take


async def machine_or_person(
    session: AgentSession[None], identity: str, phrases: Phrases, model: llm.LLM[Any] | None
) -> AMDCategory:
    """Listen to the greeting of whoever has answered, and judge it when it is over.

    `model` can call tools; without one, phrases alone decide. The category is UNCERTAIN if nobody says anything.
    """
    detector = AMD(
        session,
        llm=GreetingJudge(phrases, model),
        stt=None,  # the session's own transcripts
        ivr_detection=False,
        participant_identity=identity,
        suppress_compatibility_warning=True,
        detection_options=WAITS,  # type: ignore[arg-type]
    )
    try:
        async with asyncio.timeout(LONGEST), detector:
            return (await detector.execute()).category
    except TimeoutError:
        return AMDCategory.MACHINE_UNAVAILABLE  # whoever talks for so long is told nothing
    except RuntimeError:  # the call ended meanwhile
        return AMDCategory.UNCERTAIN


def judge_greeting(said: str, phrases: Phrases) -> AMDCategory | None:
    """Return what the words of a greeting show, or None if they do not show it."""
    if languages.contains(said, phrases.no_messages):
        return AMDCategory.MACHINE_UNAVAILABLE
    return AMDCategory.MACHINE_VM if languages.contains(said, phrases.machines) else None


class GreetingJudge(llm.LLM[Any]):
    """A language model in name only: it has a verdict on every greeting."""

    def __init__(self, phrases: Phrases, model: llm.LLM[Any] | None) -> None:
        super().__init__()
        self.phrases, self.inner = phrases, model

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        return _Verdict(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Verdict(AnswerStream):
    """The verdict on the last message."""

    async def answer(self) -> None:
        judge = self.model
        assert isinstance(judge, GreetingJudge)  # noqa: S101 - it is made in no other place
        said = [item.text_content or "" for item in self.context.items if item.type == "message"][-1]
        category = judge_greeting(said, judge.phrases)
        calls = [] if category else await self._ask(judge.inner)
        delta = llm.ChoiceDelta(role="assistant", tool_calls=calls or [_call(category or _by_length(said))])
        self.send(llm.ChatChunk(id="verdict", delta=delta))

    async def _ask(self, model: llm.LLM[Any] | None) -> list[llm.FunctionToolCall]:
        if not model:
            return []
        try:
            async with asyncio.timeout(MODEL_WITHIN):
                answer = await model.chat(chat_ctx=self.context, tools=self.offered, tool_choice="required").collect()
        except (APIError, TimeoutError) as error:
            logger.warning("The model did not say who has answered the call: %s", type(error).__name__)
            return []
        return [call for call in answer.tool_calls if call.name in {tool.id for tool in self.offered}]


def _by_length(said: str) -> AMDCategory:
    return AMDCategory.MACHINE_VM if len(languages.plain(said).split()) > LONGEST_GREETING else AMDCategory.HUMAN


def _call(category: AMDCategory) -> llm.FunctionToolCall:
    arguments = json.dumps({"label": category.value})
    return llm.FunctionToolCall(name=VERDICT, arguments=arguments, call_id=VERDICT)
