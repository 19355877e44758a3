"""Finds the models that a SPEECH_SIZE consists of: their names in models/manifest.toml, their weights in the image.

The image keeps the weights in `/models/<name>/<file>`.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from speech.settings import Size

# The manifest has the same place in the room and in the image: beside `src`.
MANIFEST = Path(__file__).parents[3] / "models" / "manifest.toml"
TTS = "kokoro-heart"  # not in the manifest: its weights come with the hibari-tts package


class MissingWeightsError(Exception):
    """The image was built without the models this size needs; the message says what to do."""


@dataclass(frozen=True)
class Names:
    """The names that requests know a size's models by, and whether its language model can call tools."""

    stt: str
    llm: str
    calls_tools: bool
    tts: str = TTS


@dataclass(frozen=True)
class Weights:
    """Where a size's weights are on the disk."""

    stt: Path  # a folder in CTranslate2's layout
    llm: Path  # a GGUF file


@cache
def names_of(size: Size) -> Names:
    """Return the names of the models that the manifest gives this size."""
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    roles = {model["role"]: name for name, model in manifest.items() if size in model.get("sizes", [])}
    return Names(**roles, calls_tools=manifest[roles["llm"]].get("calls_tools", False))


def find_weights(folder: Path, size: Size) -> Weights:
    """Return where the weights of `size` are under `folder`.

    Raises:
        MissingWeightsError: one of them is missing.
    """
    names = names_of(size)
    stt, llm = folder / names.stt, folder / names.llm
    missing = [path.name for path in (stt, llm) if not path.is_dir()]
    if missing:
        here = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        raise MissingWeightsError(
            f"SPEECH_SIZE={size} needs {' and '.join(missing)} in {folder}, which has {', '.join(here) or 'nothing'}. "
            f"The image was built for another size: build it again with --build-arg SPEECH_SIZE={size}."
        )
    (gguf,) = llm.glob("*.gguf")
    return Weights(stt, gguf)
