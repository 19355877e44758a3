"""A summary of a call in a few sentences, written by the language model."""

import asyncio
import logging
from pathlib import Path
from typing import Any

from livekit.agents import APIConnectOptions, APIError, ChatContext, llm

from agent.records.transcript import Transcript

logger = logging.getLogger(__name__)

PROMPT = Path(__file__).with_suffix(".md")
WITHIN = 15.0  # seconds
LONGEST = 16_000  # characters of a conversation; the middle of a longer one is left out
FEWEST_TURNS = 2
FENCE = "-" * 20


async def summarize(model: llm.LLM[Any], transcript: Transcript, within: float = WITHIN) -> str | None:
    """Return the summary; None if there is nothing to sum up, or the model fails or takes too long."""
    instructions = PROMPT.read_text(encoding="utf-8").format(language=transcript.language)
    return await ask_about(model, transcript, instructions, within, "sum up the call")


async def ask_about(
    model: llm.LLM[Any], transcript: Transcript, instructions: str, within: float, purpose: str
) -> str | None:
    """Return what the model answers to instructions about a call; None if the caller has said nothing, or as below."""
    if len(transcript.turns) < FEWEST_TURNS or all(turn.who == "agent" for turn in transcript.turns):
        return None
    said = "\n".join(f"{turn.who}: {' '.join(turn.text.split())}" for turn in transcript.turns)
    return await condense(model, instructions, said, within, purpose)


async def condense(
    model: llm.LLM[Any], instructions: str, said: str, within: float, purpose: str = "sum up the call"
) -> str | None:
    """Return what the model makes of a conversation; None if it fails, or takes more than `within` seconds.

    Then the log says that it was not possible to fulfil the `purpose`.
    """
    context = ChatContext.empty()
    context.add_message(role="system", content=instructions.strip())
    context.add_message(role="user", content=f"{FENCE}\n{_shortened(said)}\n{FENCE}")
    try:
        async with asyncio.timeout(within):
            return await _ask(model, context, within) or None
    except TimeoutError:
        logger.warning("Could not %s: the model took more than %g s", purpose, within)
    except APIError as error:
        logger.warning("Could not %s: %s", purpose, type(error).__name__)
    return None


async def _ask(model: llm.LLM[Any], context: ChatContext, within: float) -> str:
    text = ""
    once = APIConnectOptions(max_retry=0, timeout=within)
    async with model.chat(chat_ctx=context, conn_options=once) as answer:
        async for chunk in answer:
            text += (chunk.delta.content or "") if chunk.delta else ""
    return text.strip()


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n[…]\n{text[-LONGEST // 2 :]}"
