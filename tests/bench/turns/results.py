"""What is kept of a run, so that it can be broken off and gone on with: a line a call, and what it was taken from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.turns.plan import Group, Planned

FOLDER = Path(__file__).parent.parent / "results"


class MixedError(Exception):
    """What is there already was taken from something else."""


@dataclass(frozen=True)
class Results:
    """`name`.jsonl has a record a call, `name`.about.json what belongs to the whole run."""

    name: str

    @property
    def calls(self) -> Path:
        return FOLDER / f"{self.name}.jsonl"

    @property
    def _about(self) -> Path:
        return FOLDER / f"{self.name}.about.json"

    def forget(self) -> None:
        for path in (self.calls, self._about):
            path.unlink(missing_ok=True)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """At once, so that a group of calls is there or is not."""
        FOLDER.mkdir(exist_ok=True)
        with self.calls.open("a") as out:
            out.write("".join(json.dumps(record) + "\n" for record in records))

    def left(self, plan: Sequence[Group]) -> list[Group]:
        """The groups that have a call still to be made. Raises MixedError where a call was made that said otherwise."""
        made = {record["id"]: record for record in self.records()}
        for call in (call for group in plan for call in group):
            if (record := made.get(call.talk.id)) and not _same(record, call):
                raise MixedError(f"{self.calls} has a call {call.talk.id} in which other things were said")
        return [group for group in plan if any(call.talk.id not in made for call in group)]

    def about(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._about.read_text()) if self._about.exists() else {}
        return found

    def note(self, **facts: Any) -> None:
        FOLDER.mkdir(exist_ok=True)
        self._about.write_text(json.dumps(self.about() | facts, indent=2) + "\n")

    def must_be(self, **facts: Any) -> None:
        """Note these facts of a run, or find them as they are. Raises MixedError."""
        known = self.about()
        for name, value in facts.items():
            if known.get(name, value) != value:
                raise MixedError(f"{self.calls} was taken with {name} {known[name]}; now it is {value}")
        self.note(**facts)


def _same(record: dict[str, Any], call: Planned) -> bool:
    said = [saying["sound"] for saying in record.get("sayings", [])]
    return not said or said == [step.sound for step in call.talk.steps]
