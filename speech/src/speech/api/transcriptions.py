"""`POST /v1/audio/transcriptions`: a form with a sound file -> the words in it."""

from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from speech.api.errors import from_validation, invalid, no_such_model
from speech.api.http import Facts, Reply
from speech.api.requests import TranscriptionRequest
from speech.models.engines import Engines, Heard, Segment
from speech.queueing import Line


async def transcribe(engines: Engines, line: Line, request: Request, reply: Reply, facts: Facts) -> None:
    wanted, sound = await _parse(request)
    if wanted.model != engines.stt_model:
        raise no_such_model(wanted.model, engines.stt_model)
    facts["bytes"] = len(sound)
    seconds = 0.0
    segments: list[Segment] = []
    async with line.run(partial(engines.stt.transcribe, sound, wanted)) as pieces:
        async for piece in pieces.each():
            if isinstance(piece, Heard):
                seconds = piece.seconds
            elif isinstance(piece, Segment):
                segments.append(piece)
    text = "".join(segment.text for segment in segments).strip()
    facts |= {"waited": round(pieces.waited, 3), "seconds": round(seconds, 2), "characters": len(text)}
    if wanted.response_format == "text":
        await reply.text(text + "\n")
    elif wanted.response_format == "json":
        await reply.json({"text": text})
    else:
        await reply.json(_verbose(text, seconds, segments))


async def _parse(request: Request) -> tuple[TranscriptionRequest, bytes]:
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                raise invalid("Missing required parameter: 'file'.", "file", "missing_required_parameter")
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            return TranscriptionRequest.model_validate(fields), await upload.read()
    except HTTPException as error:
        raise invalid(f"The body is not the form it should be: {error.detail}") from error
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
