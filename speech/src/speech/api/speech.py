"""`POST /v1/audio/speech`: text -> speech, sent sentence by sentence as it is made."""

import base64
from functools import partial

from pydantic import ValidationError
from starlette.requests import Request

from speech.api import sse
from speech.api.errors import from_validation, no_such_model
from speech.api.http import Facts, Reply
from speech.api.requests import SpeechRequest
from speech.models.audio import wav_header
from speech.models.engines import Engines
from speech.queueing import Line


async def speak(engines: Engines, line: Line, request: Request, reply: Reply, facts: Facts) -> None:
    try:
        wanted = SpeechRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise from_validation(error) from error
    if wanted.model != engines.tts_model:
        raise no_such_model(wanted.model, engines.tts_model)
    facts["characters"] = len(wanted.input)
    write = _Writer(wanted, engines.tts.sample_rate, reply)
    sent = 0
    async with line.run(partial(engines.tts.speak, wanted.input, wanted.speed)) as pieces:
        async for sound in pieces.each():
            if sound is None:
                continue
            if not sent:
                facts |= {"waited": round(pieces.waited, 3), "first": round(pieces.served, 3)}
            await write.sound(sound)
            sent += len(sound)
    facts["seconds"] = round(sent / (2 * engines.tts.sample_rate), 2)
    await write.end()


class _Writer:
    """Frames the samples as asked: bare, after a WAV header, or as server-sent events."""

    def __init__(self, wanted: SpeechRequest, sample_rate: int, reply: Reply) -> None:
        self._events = wanted.stream_format == "sse"
        self._media_type = sse.MEDIA_TYPE if self._events else f"audio/{wanted.response_format}"
        self._header = wav_header(sample_rate) if wanted.response_format == "wav" else b""
        self._reply = reply

    async def sound(self, samples: bytes) -> None:
        data, self._header = self._header + samples, b""
        if self._events:
            data = sse.event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
        await self._reply.write(data, self._media_type)

    async def end(self) -> None:
        if self._events:
            # Tokens mean nothing to this voice; the field is there because clients read it.
            usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
            await self._reply.write(sse.event({"type": "speech.audio.done", "usage": usage}), self._media_type)
        await self._reply.end()
