"""A model that answers by script, and a call without a network."""

from collections.abc import Callable
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    NotGivenOr,
    llm,
)
from livekit.agents.llm import ChatChunk, ChatContext, ChoiceDelta, Tool, ToolChoice


class ScriptedLLM(llm.LLM[Any]):
    """Answers what `answer` makes of the caller's last words, and keeps every context it was given."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self.answer = answer
        self.contexts: list[ChatContext] = []

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        self.contexts.append(chat_ctx.copy())
        return _Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, ScriptedLLM)
        words = [item.text_content for item in self._chat_ctx.items if item.type == "message" and item.role == "user"]
        text = model.answer((words or [""])[-1] or "")
        self._event_ch.send_nowait(ChatChunk(id="fake", delta=ChoiceDelta(role="assistant", content=text)))


def unreachable(_: str) -> str:
    raise APIConnectionError("scripted", retryable=False)


def spoken(session: AgentSession[Any]) -> list[str]:
    """What the agent said, in order."""
    return [
        item.text_content or "" for item in session.history.items if item.type == "message" and item.role == "assistant"
    ]
