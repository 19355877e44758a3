"""`make bench hearing`: how many words the embedded speech to text hears wrong, and how long it takes.

Sixty sentences of callers, each in five synthetic voices, go through a telephone line (8 kHz, G.711 µ-law) to the
code of the speech service, in this process and with as many threads as the service would have. `--models` names other
models of speech/models/manifest.toml, or folders of `--weights` in CTranslate2's layout. What is heard stays in
results/hearing.jsonl. The voices need Docker the first time; after that, nothing but Python is needed.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from speech.cores import usable_cores
from tests.bench.hearing import listening, tables
from tests.bench.hearing.utterances import utterances
from tests.bench.turns.results import FOLDER

if TYPE_CHECKING:
    import argparse

    from tests.bench.hearing.tables import Record
    from tests.bench.hearing.utterances import Utterance

MODELS = ["whisper-tiny.en", "whisper-base"]
RESULTS = FOLDER / "hearing.jsonl"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    hearing = commands.add_parser("hearing", help="word error rate and time of the embedded speech to text")
    hearing.add_argument("--models", nargs="+", default=MODELS, help="(default: %(default)s)")
    hearing.add_argument("--weights", type=Path, default=listening.WEIGHTS, help="where the models are, or are put")
    hearing.add_argument("--threads", type=int, default=usable_cores(), help="(default: as the service, %(default)s)")
    hearing.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth sentence: for a look")
    hearing.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # otherwise onnxruntime reports to its maker
    said = utterances(given.every)
    models = listening.load(given.models, given.weights, given.threads)
    FOLDER.mkdir(exist_ok=True)
    records: list[Record] = []
    with RESULTS.open("w") as out:
        for utterance, heard in listening.listen(models, said):
            records.append(record(utterance, heard))
            out.write(json.dumps(records[-1]) + "\n")
    differences = [tables.difference_table] if len(models) > 1 else []
    for table in (tables.error_table, tables.time_table, *differences):
        print(table(records) + "\n")  # noqa: T201 - the figures are what this program is for
    return 0


def record(utterance: Utterance, heard: list[listening.Heard]) -> Record:
    about = {"sentence": utterance.sentence, "voice": utterance.voice, "text": utterance.text}
    by_model = {one.model: {key: value for key, value in asdict(one).items() if key != "model"} for one in heard}
    return about | {"seconds": utterance.seconds, "heard": by_model}
