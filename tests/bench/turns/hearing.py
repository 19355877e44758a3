"""What reached the endpoints of the words spoken over a greeting, written down by Whisper."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.turns.phone import command
from tests.bench.turns.words import found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.bench.sides.record import Record
    from tests.bench.sounds import Sound
    from tests.stack.line import Line

MODULE = "tests.bench.turns.driver.transcribe"


def keep(endpoints: Record, requests: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """The WAVs of a call's requests, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for request in requests:
        if request["kind"] == "stt" and request["bytes"]:
            (folder / f"{request['number']:06d}.wav").write_bytes(endpoints.heard(request["number"]))


def words_heard(line: Line, said: Mapping[str, Sound], kept: Path) -> dict[str, list[bool]]:
    """Call -> for each word said over its greeting, whether it was in what the endpoints were sent.

    The words are those Whisper finds in the sentence as the caller sent it: what it cannot tell on a perfect line, no
    agent can be blamed for.
    """
    heard = {call: sorted((kept / call).glob("*.wav")) for call in said}
    texts = _transcribed(
        line, {path for paths in heard.values() for path in paths} | {one.wav for one in said.values()}
    )
    return {call: found(texts[one.wav], " ".join(texts[path] for path in heard[call])) for call, one in said.items()}


def _transcribed(line: Line, paths: Iterable[Path]) -> dict[Path, str]:
    ordered: Sequence[Path] = sorted(paths)
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(ordered):  # one folder to mount, whatever they are called elsewhere
            (Path(folder) / f"{number}.wav").write_bytes(path.read_bytes())
        Path(folder).chmod(0o755)
        names = "\n".join(f"/sounds/{number}.wav" for number in range(len(ordered)))
        done = command(line, MODULE, Path(folder), said=names)
    return dict(zip(ordered, map(json.loads, done.splitlines()), strict=True))
