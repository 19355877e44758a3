"""Has sayings spoken in the container of the voices; what was spoken before is kept."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phone.audio import RATE, Pcm, resample

if TYPE_CHECKING:
    from tests.bench.sounds.sayings import Saying

HERE = Path(__file__).parent
IMAGE = "landline-bench-voices"
PACE = (0.92, 1.1)  # people differ, and so does one person from sentence to sentence


@dataclass(frozen=True)
class Speech:
    pcm: Pcm  # 8 kHz
    seams: list[tuple[float, float]]  # between part and part: end of the one, start of the next (s)


def speak(sayings: list[Saying], folder: Path) -> dict[str, Speech]:
    """Each saying by its id. Needs Docker for those not in `folder` yet."""
    folder.mkdir(parents=True, exist_ok=True)
    requests = {saying.id: _request(saying) for saying in sayings}
    new = [request for request in requests.values() if not (folder / f"{request['key']}.json").exists()]
    if new:
        _run(new, folder)
        _forget(folder, {request["key"] for request in requests.values()})
    return {name: _read(folder, request["key"]) for name, request in requests.items()}


def _request(saying: Saying) -> dict[str, Any]:
    text = " ".join(saying.parts)
    request = {
        "engine": saying.voice.engine,
        "voice": saying.voice.name,
        "parts": saying.parts,
        "speed": round(random.Random(f"{saying.voice.name} {text}").uniform(*PACE), 3),  # noqa: S311 - no secret
        # Spelling and counting have a beat of their own; there people don't draw out what comes before a pause.
        "linger": bool(saying.pauses) and saying.label != "spelled",
    }
    key = hashlib.sha256(f"{_engines()} {json.dumps(request)}".encode()).hexdigest()[:20]
    return request | {"key": key}


def _engines() -> str:
    files = [HERE / "Dockerfile", HERE / "requirements.lock", *sorted((HERE / "engines").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _run(requests: list[dict[str, Any]], folder: Path) -> None:
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, str(HERE)], check=True, stdout=subprocess.DEVNULL)
    user = f"{os.getuid()}:{os.getgid()}"  # what it writes is to be ours
    command = ["docker", "run", "--rm", "--interactive", "--network", "none", "--user", user]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    subprocess.run([*command, "--volume", f"{folder}:/out", IMAGE], check=True, input=lines, text=True)


def _forget(folder: Path, kept: set[str]) -> None:
    """What no saying asks for any more."""
    for path in folder.iterdir():
        if path.stem not in kept:
            path.unlink()


def _read(folder: Path, key: str) -> Speech:
    with wave.open(str(folder / f"{key}.wav")) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        rate = file.getframerate()
    seams = json.loads((folder / f"{key}.json").read_text())["seams"]
    return Speech(resample(pcm, rate, RATE), [(end, start) for end, start in seams])
