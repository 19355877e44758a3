"""`python -m tests.bench.sounds`: render what callers say, and list it."""

from __future__ import annotations

from collections import Counter

from tests.bench.sounds import load
from tests.bench.sounds.render import FOLDER


def main() -> None:
    counts = Counter((sound.kind, sound.label, "held out" if sound.held_out else "") for sound in load())
    print(f"{counts.total()} sounds in {FOLDER}")  # noqa: T201 - what this program is for
    for (kind, label, held_out), count in sorted(counts.items()):
        print(f"{count:5} {kind:9} {label:13} {held_out}")  # noqa: T201


if __name__ == "__main__":
    main()
