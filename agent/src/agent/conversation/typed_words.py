"""What a caller types in a browser is a turn of theirs, as if they had said it."""

import asyncio
import contextlib
import logging
import secrets
from typing import Any

from livekit.agents import AgentSession, room_io

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.session import TypedWords
from agent.framework import claim_turn

logger = logging.getLogger(__name__)

LONGEST = 1000  # characters; nobody says more in one turn
# Seconds from one turn to the next. What is typed meanwhile is one turn, so that a program in place of a browser can
# ask a model no faster than this, however much it sends.
APART = 1.0
CAPTIONS = "lk.transcription"  # livekit-agents' topic of captions, and its attributes of one
SEGMENT, FINAL = "lk.segment_id", "lk.transcription_final"
TYPED = "landline.typed"  # attribute of a caption: the words were typed, so the browser that sent them knows them


def typed_words(call: Call) -> TypedWords:
    """Make what takes the words: they interrupt the agent, and it answers them; operators see them as captions."""

    waiting: list[str] = []
    next_at = 0.0  # loop time

    async def take(session: AgentSession[Any], event: room_io.TextInputEvent) -> None:
        nonlocal next_at
        said, clock = " ".join(event.text.split())[:LONGEST], asyncio.get_running_loop().time
        takes_all = not waiting  # the first one that waits takes the others along
        if said and sum(map(len, waiting)) < LONGEST:
            waiting.append(said)
        if not said or not takes_all:
            return
        if (seconds := next_at - clock()) > 0:
            await asyncio.sleep(seconds)
        next_at, said = clock() + APART, " ".join(waiting)[:LONGEST]
        waiting.clear()
        if call.ending.begun:
            return
        async with claim_turn(session):
            with contextlib.suppress(RuntimeError):  # what must not be interrupted is finished before the answer
                session.interrupt()  # which is not waited for: the answer begins as soon as what is said now ends
            with contextlib.suppress(RuntimeError):  # the call is over
                session.generate_reply(user_input=said)
        begin(_show(call, said))

    return take


async def _show(call: Call, said: str) -> None:
    attributes = {SEGMENT: f"typed-{secrets.token_hex(6)}", FINAL: "true", TYPED: "yes"}
    try:
        if call.room.isconnected():
            writer = await call.room.local_participant.stream_text(
                topic=CAPTIONS, sender_identity=call.participant.identity, attributes=attributes
            )
            await writer.write(said)
            await writer.aclose()
    except (RuntimeError, OSError) as error:
        logger.warning("Could not send a caption: %s", type(error).__name__)
