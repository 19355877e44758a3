"""How long the desk takes for a page of its list, over 10,000 made-up calls: `python -m tests.bench desk`."""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.records.folders import Folders
from desk.records.index import Index
from desk.records.search import Place, Search

if TYPE_CHECKING:
    import argparse

CALLS = 10_000
REPEATED = 20
AT_MOST = 200  # ms
WORDS = (
    *("coffee", "order", "table", "tomorrow", "morning", "please", "thank", "you", "number", "street", "delivery"),
    *("roast", "beans", "grinder", "cake", "reserve", "opening", "hours", "closed", "holiday", "invoice", "change"),
    *("cancel", "four", "people", "window", "quiet", "music", "parking", "dog", "gluten", "milk", "oat"),
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("desk", help="how long a page of the desk's list takes over 10,000 calls")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        _make_up(data, given.calls)
        index = Index(Folders(data), data / "lines", data / "desk" / "index.db")
        seconds = _seconds(lambda: index.refresh(wait=3600))
        print(f"{given.calls} calls are read in for the first time in {seconds:.1f} s")  # noqa: T201
        print(f"nothing has changed: {_milliseconds(lambda: _look_again(index))} ms")  # noqa: T201
        slowest = 0.0
        for what, search, place in _searches(index):
            took = _milliseconds(lambda search=search, place=place: index.page(search, place))
            slowest = max(slowest, took)
            print(f"{what}: {took} ms")  # noqa: T201
    print(f"slowest page: {slowest} ms, of {AT_MOST} ms")  # noqa: T201
    return int(slowest > AT_MOST)


def _searches(index: Index) -> list[tuple[str, Search, Place | None]]:
    middle = Place.read("older.2026-05-01_000000-000000.coffee")
    return [
        ("the newest calls", Search(), None),
        ("calls of months ago", Search(), middle),
        ("one line", Search(line="tea"), middle),
        ("one outcome", Search(outcome="busy"), None),
        ("a month", Search(since=date(2026, 3, 1), until=date(2026, 3, 31)), None),
        ("not kept", Search(kept="no"), None),
        ("a word of every call", Search(text="coffee"), None),
        ("a word of no call", Search(text="xylophone"), None),
        ("a seldom word and a filter", Search(text="gluten oat window", line="coffee"), None),
        ("a number", Search(text="+1 (202) 555-0123"), None),
        ("a part of a number", Search(text="555 01"), None),
    ]


def _look_again(index: Index) -> None:
    index._looked = 0.0
    index.refresh(wait=60)


def _make_up(data: Path, calls: int) -> None:
    chance = random.Random(16)  # noqa: S311 - nothing is secret about it
    began = datetime(2026, 9, 30, tzinfo=UTC)
    for number in range(calls):
        began -= timedelta(minutes=chance.randint(1, 70))
        line = chance.choice(("coffee", "coffee", "tea"))
        call = f"{began:%H%M%S}-{number:06x}"
        transcript: dict[str, Any] = {
            "call": f"SCL_{number}",
            "started": began.isoformat(),
            "seconds": chance.randint(5, 300),
            "caller": f"+1202555{chance.randint(0, 2000):04}",
            "name": chance.choice(("Ada", "Grace", "Alan", "")),
            "outcome": chance.choice(("the caller hung up", "the agent hung up", "busy")),
            "turns": [],
        }
        note = data / "noted" / line / f"{began:%Y-%m-%d}" / f"{call}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        kept = chance.random() < 0.8
        note.write_text(json.dumps({"transcript": transcript, "kept": kept}))
        if not kept:
            continue
        said = [" ".join(chance.choices(WORDS, k=12)) for _ in range(chance.randint(2, 20))]
        transcript["turns"] = [
            {"who": ("agent", "caller")[at % 2], "text": text, "start": at * 5, "end": at * 5 + 4}
            for at, text in enumerate(said)
        ]
        folder = data / "calls" / line / f"{began:%Y-%m-%d}" / call
        folder.mkdir(parents=True)
        (folder / "transcript.json").write_text(json.dumps(transcript))
        (folder / "audio.ogg").write_bytes(b"OggS")


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _milliseconds(work: Any) -> float:
    """Return the median of some repetitions."""
    return round(1000 * statistics.median(_seconds(work) for _ in range(REPEATED)), 1)
