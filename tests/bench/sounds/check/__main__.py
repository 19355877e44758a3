"""`python -m tests.bench.sounds.check`: word error rates by voice and kind, and lengths. Needs the phone's image."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.bench.sounds import Sound, load
from tests.bench.sounds.check.words import errors
from tests.bench.sounds.render import FOLDER
from tests.support.house import ROOT, compose_file

HEARING = ROOT / "tests/bench/turns/driver"
MOST_ERRORS = 0.06  # of the words of one voice; Whisper base itself makes some
SECONDS = {"barge_in": (0.9, 2.5), "backchannel": (0.2, 0.7), "cough": (0.2, 1.0)}  # by kind or label


def main() -> int:
    sounds = {sound.id: sound for sound in load()}
    heard = transcripts()
    rates: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, text in heard.items():
        if (sound := sounds[name]).kind == "noise":
            continue
        wrong, words = errors(sound.text, text)
        if wrong:
            print(f"{name} {sound.voice}: “{sound.text}” heard as “{text}”")  # noqa: T201 - what this program is for
        for group in (sound.voice, f"{sound.kind} {sound.label}".strip()):
            rates[group][0] += wrong
            rates[group][1] += words
    for group, (wrong, words) in sorted(rates.items()):
        print(f"{group:20} {wrong / words:6.1%} of {words} words")  # noqa: T201
    voices = {sound.voice for sound in sounds.values()}
    deaf = [group for group, (wrong, words) in rates.items() if group in voices and wrong / words > MOST_ERRORS]
    faults = [f"{voice}: more than {MOST_ERRORS:.0%} of the words are not heard" for voice in deaf]
    faults += [fault for sound in sounds.values() if (fault := wrong_length(sound))]
    print("\n".join(faults))  # noqa: T201
    return 1 if faults else 0


def transcripts() -> dict[str, str]:
    """What Whisper hears in each sound, by its id."""
    image = compose_file()["services"]["phone"]["image"]
    names = sorted(path.name for path in FOLDER.glob("*.wav"))
    mounts = [f"{HEARING}:/bench/{HEARING.relative_to(ROOT)}:ro", f"{FOLDER}:/sounds:ro"]
    volumes = [part for mount in mounts for part in ("--volume", mount)]
    python = ["--env", "PYTHONPATH=/app/src:/bench", "--entrypoint", "python"]
    run = ["docker", "run", "--rm", "--interactive", "--network", "none", *volumes, *python]
    command = [*run, image, "-m", "tests.bench.turns.driver.transcribe"]
    said = "\n".join(f"/sounds/{name}" for name in names)
    output = subprocess.run(command, check=True, input=said, stdout=subprocess.PIPE, text=True).stdout
    return {Path(name).stem: json.loads(text) for name, text in zip(names, output.splitlines(), strict=True)}


def wrong_length(sound: Sound) -> str:
    shortest, longest = SECONDS.get(sound.label) or SECONDS.get(sound.kind) or (0.0, 60.0)
    length = sound.fragments[-1].end - sound.fragments[0].start
    return "" if shortest <= length <= longest else f"{sound.id} “{sound.text}” lasts {length:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
