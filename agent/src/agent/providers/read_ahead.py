"""A model on a small CPU reads the persona and the tools while the greeting is spoken, so that no answer waits for it.

The model keeps what it has read: later turns and calls that begin with the same text go on from its end.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from livekit.agents import APIConnectOptions, APIError, ChatContext, llm

from agent.background import begin

logger = logging.getLogger(__name__)

SHORTEST = {"max_completion_tokens": 1}
ONCE = APIConnectOptions(max_retry=0, timeout=30.0)


def read_ahead(model: llm.LLM[Any], persona: str, tools: Sequence[llm.Tool | llm.Toolset] = ()) -> asyncio.Task[None]:
    """Begin, and do not wait. A failure does not matter yet: the first question will meet it as well."""
    return begin(_read(model, persona, llm.ToolContext(tools).flatten()))


async def _read(model: llm.LLM[Any], persona: str, tools: list[llm.Tool]) -> None:
    context = ChatContext.empty()
    context.add_message(role="system", content=persona)
    try:
        async with model.chat(chat_ctx=context, tools=tools, conn_options=ONCE, extra_kwargs=SHORTEST) as answer:
            async for _ in answer:
                pass
    except APIError as error:
        logger.debug("the persona was not read ahead: %s", error)
