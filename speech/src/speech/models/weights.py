"""Which models a size consists of, and where the image keeps them: `/models/<name>/<file>`."""

from dataclasses import dataclass
from pathlib import Path

from speech.settings import Size

STT = "whisper-tiny.en"
LLM: dict[Size, str] = {"default": "qwen2.5-coder-1.5b-instruct", "small": "qwen2.5-coder-0.5b-instruct"}
TTS = "kokoro-heart"  # its weights come with the hibari-tts package


class MissingWeightsError(Exception):
    """The image was built without the models this size needs; the message says what to do."""


@dataclass(frozen=True)
class Weights:
    stt: Path  # a folder in CTranslate2's layout
    llm: Path  # a GGUF file


def find_weights(folder: Path, size: Size) -> Weights:
    """The weights of `size` under `folder`.

    Raises:
        MissingWeightsError: one of them is not there.
    """
    stt, llm = folder / STT, folder / LLM[size]
    missing = [path.name for path in (stt, llm) if not path.is_dir()]
    if missing:
        here = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        raise MissingWeightsError(
            f"SPEECH_SIZE={size} needs {' and '.join(missing)} in {folder}, which has {', '.join(here) or 'nothing'}. "
            f"The image was built for another size: build it again with --build-arg SPEECH_SIZE={size}."
        )
    (gguf,) = llm.glob("*.gguf")
    return Weights(stt, gguf)
