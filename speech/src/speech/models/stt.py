"""Speech to text: Whisper by faster-whisper, set up so that it does not make up words where nobody spoke."""

import io
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from faster_whisper import WhisperModel  # type: ignore[import-untyped]
from numpy.typing import NDArray

from speech.errors import APIError, invalid
from speech.models.engines import Segment, SoundLength
from speech.queueing import Emit
from speech.requests import TranscriptionRequest

SAMPLE_RATE = 16_000  # Hz, what Whisper was trained on
LONGEST = 120  # s of sound in one request: what callers say is far shorter, and all calls share the engine
SHORTEST = 0.1  # s; a shorter sound holds no word

# Whisper writes "Thank you." where it is quiet. The voice activity filter hands it only what sounds like speech;
# a segment that Whisper itself doubts by both of its measures is not speech either (thresholds from its paper).
NO_SPEECH = 0.6
LOG_PROB = -1.0
# The usual threshold of 0.5 takes the first or last words, or a whole "Bye.", for silence in some voices on some lines.
VAD = {"threshold": 0.2}
# At most one retry: each costs as much as the first try, and noise would go through all six of Whisper's temperatures.
TEMPERATURES = (0.0, 0.4)


class Whisper:
    def __init__(self, weights: Path, threads: int) -> None:
        self._model = WhisperModel(
            str(weights), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )

    def warm(self) -> None:
        """Run everything once; the first time takes longer. Silence alone would be stopped by the filter."""
        self._model.transcribe(np.zeros(SAMPLE_RATE, np.float32), vad_filter=True)
        list(self._model.transcribe(np.zeros(SAMPLE_RATE, np.float32), language="en")[0])

    def transcribe(self, sound: bytes, wanted: TranscriptionRequest, emit: Emit[SoundLength | Segment]) -> None:
        """Emit how long the sound is, then the words in it; nothing more when nobody spoke.

        Raises:
            APIError: the sound cannot be read, or is too long.
        """
        samples = decode(sound)
        seconds = len(samples) / SAMPLE_RATE
        if emit(SoundLength(seconds)) or seconds < SHORTEST:
            return
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            initial_prompt=wanted.prompt or None,
            temperature=TEMPERATURES if wanted.temperature == 0 else wanted.temperature,
            condition_on_previous_text=False,  # a wrong word in one segment would breed more in the next
            vad_filter=True,
            vad_parameters=VAD,
            no_speech_threshold=NO_SPEECH,
            log_prob_threshold=LOG_PROB,
        )
        for segment in segments:
            if segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < LOG_PROB:
                continue
            if emit(Segment(segment.start, segment.end, segment.text)):
                return


def decode(sound: bytes) -> NDArray[np.float32]:
    """Return the sound, in any container and codec that FFmpeg reads, as mono samples from -1 to 1 at 16 kHz.

    Raises:
        APIError: it is not sound, or longer than `LONGEST`, in which case the rest is not decoded.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    blocks: list[NDArray[np.int16]] = []
    length = 0
    try:
        with av.open(io.BytesIO(sound), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise invalid("The file holds no sound.", "file", "invalid_audio")
            for frame in container.decode(audio=0):
                for resampled in resampler.resample(frame):
                    blocks.append(_samples(resampled))
                    length += len(blocks[-1])
                if length > LONGEST * SAMPLE_RATE:
                    raise _too_long()
            blocks += [_samples(resampled) for resampled in resampler.resample(None)]
    except (av.FFmpegError, ValueError) as error:
        raise invalid(f"The file cannot be read as sound: {error}.", "file", "invalid_audio") from error
    if not blocks:
        return np.zeros(0, np.float32)
    return np.concatenate(blocks).astype(np.float32) / 32768.0


def _samples(frame: av.AudioFrame) -> NDArray[np.int16]:
    return frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _too_long() -> APIError:
    return APIError(413, f"The sound is longer than {LONGEST} s.", param="file", code="audio_too_long")
