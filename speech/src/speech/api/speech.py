"""`POST /v1/audio/speech`: synthesizes a text, and sends it sentence by sentence as it is made."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from speech.api import sse
from speech.api.http import Facts, stream
from speech.errors import from_validation, no_such_model
from speech.models.audio import wav_header
from speech.models.engines import Engines
from speech.queueing import EngineQueue
from speech.requests import SpeechRequest


async def speak(engines: Engines, queue: EngineQueue, request: Request, facts: Facts) -> Response:
    try:
        wanted = SpeechRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise from_validation(error) from error
    if wanted.model != engines.tts_model:
        raise no_such_model(wanted.model, engines.tts_model)
    facts["characters"] = len(wanted.input)
    sound = _sound(engines, queue, wanted, facts)
    if wanted.stream_format == "sse":
        return await stream(_events(sound), sse.MEDIA_TYPE)
    return await stream(sound, f"audio/{wanted.response_format}")


async def _sound(engines: Engines, queue: EngineQueue, wanted: SpeechRequest, facts: Facts) -> AsyncGenerator[bytes]:
    """Yield the samples, with a WAV header before the first if one is asked for."""
    sample_rate = engines.tts.sample_rate
    header = wav_header(sample_rate) if wanted.response_format == "wav" else b""
    sent = 0
    async with queue.run(partial(engines.tts.speak, wanted.input, wanted.speed)) as pieces:
        async for samples in pieces.each():
            if samples is None:
                continue
            if not sent:
                facts |= {"waited": round(pieces.waited, 3), "first": round(pieces.served, 3)}
            yield samples if sent else header + samples
            sent += len(samples)
    facts["seconds"] = round(sent / (2 * sample_rate), 2)


async def _events(sound: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the sound as server-sent events."""
    async with aclosing(sound):
        async for data in sound:
            yield sse.event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    # Tokens mean nothing to this voice; the field is there because clients read it.
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield sse.event({"type": "speech.audio.done", "usage": usage})
