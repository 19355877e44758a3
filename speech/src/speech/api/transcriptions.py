"""`POST /v1/audio/transcriptions`: returns the words in the sound file of a form."""

from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from speech.api.http import Facts
from speech.errors import from_validation, invalid, no_such_model
from speech.models.engines import Engines, Segment, SoundLength
from speech.queueing import EngineQueue
from speech.requests import TranscriptionRequest


async def transcribe(engines: Engines, queue: EngineQueue, request: Request, facts: Facts) -> Response:
    wanted, sound = await _parse(request)
    if wanted.model != engines.stt_model:
        raise no_such_model(wanted.model, engines.stt_model)
    facts["bytes"] = len(sound)
    seconds = 0.0
    segments: list[Segment] = []
    async with queue.run(partial(engines.stt.transcribe, sound, wanted)) as pieces:
        async for piece in pieces.each():
            if isinstance(piece, SoundLength):
                seconds = piece.seconds
            elif isinstance(piece, Segment):
                segments.append(piece)
    text = "".join(segment.text for segment in segments).strip()
    facts |= {"waited": round(pieces.waited, 3), "seconds": round(seconds, 2), "characters": len(text)}
    if wanted.response_format == "text":
        return PlainTextResponse(text + "\n")
    if wanted.response_format == "json":
        return JSONResponse({"text": text})
    return JSONResponse(_verbose(text, seconds, segments))


async def _parse(request: Request) -> tuple[TranscriptionRequest, bytes]:
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                raise invalid("Missing required parameter: 'file'.", "file", "missing_required_parameter")
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            return TranscriptionRequest.model_validate(fields), await upload.read()
    except HTTPException as error:
        raise invalid(f"The body is not a form with a file in it: {error.detail}") from error
    except ValidationError as error:
        raise from_validation(error) from error


def _verbose(text: str, seconds: float, segments: list[Segment]) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": text,
        "segments": [
            {"id": number, "start": segment.start, "end": segment.end, "text": segment.text}
            for number, segment in enumerate(segments)
        ],
    }
