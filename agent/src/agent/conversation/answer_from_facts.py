"""An answer of a small model, as far as the line's facts support it."""

import contextlib
from collections.abc import AsyncGenerator

from livekit.agents import FlushSentinel, llm

from agent.conversation.longest_answer import text_of
from agent.knowledge.knowledge import Knowledge

Part = llm.ChatChunk | str | FlushSentinel


async def answer_from_facts(
    answer: AsyncGenerator[Part, None], knowledge: Knowledge, context: llm.ChatContext
) -> AsyncGenerator[Part, None]:
    """Pass an answer on as far as the facts support it; a fact, or "I do not know", replaces what they do not.

    `context` is the conversation until now.
    """
    said = [item.text_content or "" for item in context.items if item.type == "message" and item.role == "user"]
    check = knowledge.check(said[-1] if said else "", said)
    async with contextlib.aclosing(answer):
        async for part in answer:
            if not (text := text_of(part)):
                yield part
            elif supported := check.feed(text):
                yield supported
            if check.over:
                return
        if rest := check.flush():
            yield rest
