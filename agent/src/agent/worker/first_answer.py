"""How soon each model of the lines gives its first word or its first sound, asked as a call asks it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, llm, utils

from agent.conversation.announcer import RECORDED
from agent.lines.line import Line
from agent.providers.catalog import KINDS, LLM, STT, TTS, Wanted
from agent.providers.failure import explain, without_key
from agent.providers.pipeline import Pipeline
from agent.settings import Settings

ONCE = APIConnectOptions(max_retry=0)
RATE = 16_000  # Hz
SAID = "Hello."
BUDGET = 60.0  # seconds after which no further model is asked


@dataclass(frozen=True, slots=True)
class Answer:
    name: str  # provider/model
    kind: str  # stt, llm or tts
    seconds: float | None  # None if nothing came
    problem: str = ""  # what it did instead, such as "refused the connection"


async def first_answers(there: Iterable[Line], settings: Settings) -> list[Answer]:
    """Ask each model once, whichever lines use it, one after another: at once, they would slow each other down."""
    asked: dict[tuple[str, Wanted], Answer] = {}
    until = time.monotonic() + BUDGET
    for line in there:
        pipeline = Pipeline(line, settings)
        if pipeline.problems():  # `make check` tells
            continue
        for kind in KINDS:
            for (name, wanted), model in zip(pipeline.wanted(kind), pipeline.models(kind), strict=True):
                if time.monotonic() > until:
                    return list(asked.values())
                if (name, wanted) not in asked and (answer := await _ask(name, kind, wanted, model, line.language)):
                    asked[name, wanted] = answer
    return list(asked.values())


async def _ask(name: str, kind: str, wanted: Wanted, model: Any, language: str) -> Answer | None:
    """Ask one model; None if it is of a kind that is asked only with a caller's sound, as it comes in."""
    if kind == STT and model.capabilities.streaming and not model.capabilities.offline_recognize:
        return None
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(wanted.patience):
            came = await (_hear(model, language) if kind == STT else ASK[kind](model))
    except TimeoutError:
        return Answer(name, kind, None, f"did not answer within {wanted.patience:g} s")
    except Exception as error:  # whatever a model does, the others are asked
        return Answer(name, kind, None, without_key(explain(error), wanted.key).rstrip("."))
    finally:
        await model.aclose()
    if not came:
        return Answer(name, kind, None, "answered with nothing")
    return Answer(name, kind, round(time.perf_counter() - begun, 2))


async def _first_word(model: "llm.LLM[Any]") -> bool:
    chat = llm.ChatContext.empty()
    chat.add_message(role="user", content=SAID)
    async with model.chat(chat_ctx=chat, conn_options=ONCE) as stream:
        async for chunk in stream:
            if chunk.delta and chunk.delta.content:
                return True
    return False


async def _first_sound(model: Any) -> bool:
    async with model.synthesize(SAID, conn_options=ONCE) as stream:
        async for _ in stream:
            return True
    return False


async def _hear(model: Any, language: str) -> bool:
    """Send a sentence that the agent says itself, since a model may answer silence without having listened."""
    spoken = RECORDED / language / "hello.ogg"
    sound = [rtc.AudioFrame.create(RATE, 1, RATE // 2)]
    if spoken.is_file():
        sound = [it async for it in utils.audio.audio_frames_from_file(str(spoken), sample_rate=RATE, num_channels=1)]
    await model.recognize(sound, conn_options=ONCE)
    return True


ASK: dict[str, Callable[[Any], Coroutine[Any, Any, bool]]] = {LLM: _first_word, TTS: _first_sound}
