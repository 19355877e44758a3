"""Makes the calls of a plan that have not been made, and keeps what came of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from tests.bench.sides.endpoints.server import FIXED
from tests.bench.turns import hearing
from tests.bench.turns.phone import Phone, phone_was_late
from tests.bench.turns.results import FOLDER
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.bench.sides import Stage
    from tests.bench.sounds import Sound
    from tests.bench.turns.plan import Group, Planned
    from tests.bench.turns.results import Results

BASE_IMAGE = "python:3.13.14-slim-trixie"  # of every side
SETTLED = 20.0  # s after the start until memory is what it will be
PAUSE = 1.5  # s between groups: what the agents still ask of the endpoints belongs to the call before

# How the endpoints answer, as seconds a character of what they speak. "unhurried": a greeting as long as people's are.
# "long": a reply that goes on for more than 3 s after a barge-in, and so does the greeting.
SPEEDS = {"brief": FIXED.seconds_per_character, "unhurried": 0.07, "long": 0.1}

ATTEMPTS = 3
KEPT = ("number", "kind", "at", "ended", "bytes", "text", "outcome")  # of a request


def weigh(stage: Stage, sides: Iterable[str]) -> dict[str, dict[str, float]]:
    """Idle memory and what the image adds to its base, in MB a side."""
    time.sleep(SETTLED)
    base = int(docker("image", "inspect", "--format", "{{.Size}}", BASE_IMAGE))
    return {
        "memory": {side: stage.containers[side].memory / 1e6 for side in sides},
        "image": {side: (stage.containers[side].image_size - base) / 1e6 for side in sides},
    }


def images(stage: Stage, sides: Iterable[str]) -> dict[str, str]:
    """What the sides are made of, as ids."""
    return {side: docker("inspect", "--format", "{{.Image}}", stage.containers[side].id).strip() for side in sides}


def make_calls(stage: Stage, groups: Sequence[Group], sounds: Sequence[Sound], results: Results) -> None:
    heard = _heard(results)
    with Phone(stage.line, sounds[0].wav.parent) as phone:
        for number, group in enumerate(groups):
            for side in {call.side for call in group}:
                stage.wait_for(side)
                stage.record.script(side, seconds_per_character=SPEEDS[group[0].script])
            records = _held(phone, group)
            time.sleep(PAUSE)
            kept = [_completed(stage, call, record, heard) for call, record in zip(group, records, strict=True)]
            results.add(kept)
            _tell(kept, number + 1, len(groups))


def _held(phone: Phone, group: Group) -> list[dict[str, Any]]:
    """Once more where this machine could not keep the phone's beat: such a call measures the machine."""
    for _ in range(ATTEMPTS):
        records = phone.hold([call.talk for call in group])
        if not any(phone_was_late(record) for record in records):
            break
    return records


def listen(stage: Stage, results: Results, sounds: Mapping[str, Sound]) -> None:
    """Have the words over the greetings written down; after the calls, since the phone's address is taken by them."""
    said = {
        record["id"]: sounds[record["sayings"][0]["sound"]]
        for record in results.records()
        if record["kind"] == "greeting" and record.get("sayings") and record["sayings"][0]["start"] is not None
    }
    known = results.about().get("words", {})
    if new := {call: sound for call, sound in said.items() if call not in known}:
        results.note(words=known | hearing.words_heard(stage.line, new, _heard(results)))


def _heard(results: Results) -> Path:
    return FOLDER / "heard" / results.name


def _completed(stage: Stage, call: Planned, record: dict[str, Any], heard: Path) -> dict[str, Any]:
    """With its side, its kind and what the side asked of the endpoints in the meantime."""
    asked = stage.record.requests(record["invited_at"], call.side)
    if call.kind == "greeting":
        hearing.keep(stage.record, asked, heard / record["id"])
    requests = [{name: request[name] for name in KEPT} for request in asked]
    return record | {"side": call.side, "kind": call.kind, "requests": requests}


def _tell(records: Iterable[Mapping[str, Any]], number: int, of: int) -> None:
    for record in records:
        sayings = record.get("sayings", [])
        said = sum(saying["start"] is not None for saying in sayings)
        state = f"{said} of {len(sayings)} said" if "line" in record else f"not answered: {record['phrase']}"
        late = record.get("worst_send_delay", 0)
        busy = f", the phone up to {late:.2f} s late" if late > 0.02 else ""
        print(f"{number:4}/{of}  {record['id']:24} {state}{busy}", file=sys.stderr, flush=True)  # noqa: T201
