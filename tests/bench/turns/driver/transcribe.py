"""Files' names on standard input, one a line; prints what is said in each, as a JSON string a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from phone import arguments, audio
from phone.sound.speech import Transcriber


def main() -> None:
    transcriber = Transcriber(arguments.DEFAULT_MODEL)
    for name in sys.stdin.read().splitlines():
        print(json.dumps(transcriber(audio.load(Path(name)))), flush=True)  # noqa: T201 - the bench reads it


if __name__ == "__main__":
    main()
