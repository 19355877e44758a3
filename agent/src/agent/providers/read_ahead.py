"""A model on a small CPU reads the persona while the greeting is spoken, so that the first answer does not wait for it.

The model keeps what it has read: later turns and calls that begin with the same text go on from its end.
"""

import asyncio
import logging
from typing import Any

from livekit.agents import APIConnectOptions, APIError, ChatContext, llm

from agent.background import begin

logger = logging.getLogger(__name__)

ONCE = APIConnectOptions(max_retry=0, timeout=30.0)


def read_ahead(model: llm.LLM[Any], persona: str) -> asyncio.Task[None]:
    """Begin, and do not wait. A failure does not matter yet: the first question will meet it as well."""
    return begin(_read(model, persona))


async def _read(model: llm.LLM[Any], persona: str) -> None:
    context = ChatContext.empty()
    context.add_message(role="system", content=persona)
    try:
        async with model.chat(chat_ctx=context, conn_options=ONCE, extra_kwargs={"max_completion_tokens": 1}) as answer:
            async for _ in answer:
                pass
    except APIError as error:
        logger.debug("the persona was not read ahead: %s", error)
