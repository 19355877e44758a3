"""The line's facts, searched for what the caller asks, where they are too many to be told to the model."""

import asyncio

from livekit.agents import llm

from agent import languages
from agent.knowledge.search import Search
from agent.lines.words import Words


class FactSearch:
    """Searches all facts of one call's line. They are prepared once, in a thread."""

    def __init__(self, words: Words, language: str) -> None:
        self._words, self._language = words, language
        self._made: asyncio.Task[Search] | None = None

    def prepare(self) -> None:
        """Begin to prepare the search, so that the first one does not wait for it."""
        self._made = self._made or asyncio.create_task(
            asyncio.to_thread(Search, f"{self._words.facts}\n\n{self._words.searched}", self._language)
        )

    async def find(self, question: str) -> str:
        """Return the facts that a question is about, as rows of a list, the best first; "" if there are none."""
        self.prepare()
        assert self._made  # noqa: S101 - `prepare` has set it
        return (await asyncio.shield(self._made)).find(question)

    async def find_for(self, context: llm.ChatContext) -> str:
        """Return the facts that the caller's last words are about, or else those of their last two turns."""
        turns = [item.text_content or "" for item in context.items if item.type == "message" and item.role == "user"]
        return await self.find(turns[-1] if turns else "") or await self.find(" ".join(turns[-2:]))

    def told(self, context: llm.ChatContext, found: str) -> llm.ChatContext:
        """Return a copy of the conversation that has what was found before the caller's last words."""
        context = context.copy()
        told = languages.knowledge(self._language).told.strip()
        message = llm.ChatMessage(role="system", content=[f"{told}\n\n{found}"])
        turns = [at for at, item in enumerate(context.items) if item.type == "message" and item.role == "user"]
        context.items.insert(turns[-1] if turns else len(context.items), message)
        return context
