"""What the caller hears while a tool works: a sentence once it takes long, and then its result in any case."""

import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit.agents import RunContext
from livekit.agents.voice import SpeechHandle

from agent.conversation.call import Call

FILLER_AFTER = 2.0  # seconds of silence after which the first sentence is said
FILLER_EVERY = 8.0  # seconds after a sentence until another one may be said


@asynccontextmanager
async def tell_meanwhile(call: Call, context: RunContext[None], sentence: str = "") -> AsyncIterator[None]:
    """Fill the silence while the block runs: first with `sentence`, or with `filler` if it is "", then with `filler`.

    A caller who says something meanwhile gets an answer, and still hears what comes of the tool.
    """

    def fill(step: int) -> SpeechHandle | None:
        if call.ending.begun or call.transfer.taken_over:
            return None
        return call.session.say(sentence) if sentence and not step else call.announcer.say("filler")

    speech = context.speech_handle
    may_be_interrupted = speech.allow_interruptions
    with contextlib.suppress(RuntimeError):  # it was interrupted already
        speech.allow_interruptions = False
    try:
        async with context.with_filler(fill, delay=FILLER_AFTER, interval=FILLER_EVERY):
            yield
    finally:
        # The model sees the call and its result after whatever was said meanwhile, and so knows what it has to tell.
        context.function_call.created_at = time.time()
        with contextlib.suppress(RuntimeError):
            speech.allow_interruptions = may_be_interrupted
