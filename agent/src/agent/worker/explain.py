"""The agent's part of `make doctor CALL=…` and LAST=…: what it makes of a call, and which calls it has records of.

`python -m agent.worker.explain` reads one JSON object, which `bootstrap explain` has written: `attributes` of the
call's participant, the `metadata` of the job, and `sends_account`, whether the trunk hands on the caller's account. It
prints sentences, counts nothing, and exits with 0 if the call is answered, else with 1.

`python -m agent.worker.explain records 5` prints the last records, one JSON object a row, without what was said.
"""

import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.admission.admission import Admission
from agent.admission.incoming import read_incoming
from agent.conversation.reject_when_full import REASONS
from agent.providers.capacity import calls_at_once
from agent.providers.check import lines_of
from agent.records.folders import lines_with_records
from agent.settings import Settings, read_settings
from agent.storage.private_files import DATA
from agent.worker import health

ACCOUNT = "trunk.account"  # the attribute, see agent.admission.sip_call
TOLD_OF_A_RECORD = ("call", "line", "started", "seconds", "caller", "dialled", "direction", "outcome")
LOGS = "docker compose logs agent says more."
ONE_ACCOUNT = (
    "Only one trunk account's calls are taken (TRUNK_ACCOUNT in .env, or TWILIO_ACCOUNT_SID). This takes the call for "
    "one of them: another account can be written after the address, as in `account AC…`."
)
SOUNDS_BUSY = "The caller hears ringing, and then that the line is busy."
CURES = {
    "it belongs to a trunk account other than TRUNK_ACCOUNT": " If that account is yours, correct TRUNK_ACCOUNT, or "
    "TWILIO_ACCOUNT_SID, in .env, and run make up.",
    "its trunk account is not known: TRUNK_ACCOUNT works only with a trunk provider that sends it": " Empty it in .env "
    "and run make up.",
    "the caller is in blocked.txt": " The file is in lines/{line}, and is read anew at each call.",
    "the caller is not in allowed.txt": " lines/{line}/allowed.txt has entries, so nobody else is let in.",
    "busy": "limits.calls_at_once in lines/{line}/line.toml and MAX_CONCURRENT_CALLS in .env bound the calls at once.",
    "caller_limit": "It is in limits.calls_per_caller or limits.minutes_per_caller in lines/{line}/line.toml.",
    "line_limit": "It is in limits.calls or limits.minutes in lines/{line}/line.toml.",
}


def main(arguments: list[str]) -> int:
    """Run the command; the exit code is 0, 1 if the call is not answered, or 2 for wrong arguments."""
    match arguments:
        case []:
            told, is_answered = explain(json.load(sys.stdin), read_settings())
            _print(told)
            return 0 if is_answered else 1
        case ["records", count] if count.isdecimal():
            _print([json.dumps(record) for record in last_records(int(count))])
            return 0
    sys.stderr.write("usage: python -m agent.worker.explain [records COUNT]\n")
    return 2


def explain(asked: Mapping[str, Any], settings: Settings) -> tuple[list[str], bool]:
    """Say what becomes of a call that is sent to this agent, and whether a conversation begins."""
    if problem := health.problem():
        return [f"No call is answered now, because the agent is not ready ({problem}). {LOGS}"], False
    told: list[str] = []
    attributes = dict(asked["attributes"])
    if settings.trunk_account and asked["sends_account"] and ACCOUNT not in attributes:
        attributes[ACCOUNT] = settings.trunk_account
        told.append(ONE_ACCOUNT)
    sentence, is_answered = _judge(asked["metadata"], attributes, settings)
    return [*told, sentence], is_answered


def _judge(metadata: str, attributes: Mapping[str, str], settings: Settings) -> tuple[str, bool]:
    """Decide as `agent.answer` does."""
    lines = lines_of(settings)
    try:
        line = lines.dispatched(metadata)
        lines.read_words(line)
        admission = Admission(line, settings, calls_at_once(list(lines.all()), settings))
    except ValueError as error:
        return f"The agent refuses the call: {error}. {SOUNDS_BUSY}", False
    call, caller = read_incoming(attributes, line, settings)
    if objection := admission.objection(call, caller):
        cure = CURES.get(objection, "").format(line=line.name)
        return f"The line {line.name} refuses the call: {objection}.{cure} {SOUNDS_BUSY}", False
    try:
        rejection = admission.would_reject(caller)
    except (sqlite3.Error, OSError):
        rejection = None  # as for a real call: while the ledger cannot be used, everybody is let in
    if rejection:
        cure = CURES[rejection].format(line=line.name)
        return f"The line {line.name} answers only to say why it cannot talk: {REASONS[rejection]}. {cure}", False
    return f"The line {line.name} answers the call.", True


def last_records(count: int, data: Path = DATA) -> list[dict[str, Any]]:
    """Return what is known of the last calls that were recorded, the oldest first, without what cannot be read."""
    files = [file for line in lines_with_records(data) for file in (data / "calls" / line).glob("*/*/transcript.json")]
    newest = sorted(files, key=lambda file: file.parts[-3:])[-count:]
    return [record for file in newest if (record := _read_record(file))]


def _read_record(file: Path) -> dict[str, Any]:
    try:
        transcript = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: transcript.get(name, "") for name in TOLD_OF_A_RECORD} if isinstance(transcript, dict) else {}


def _print(rows: list[str]) -> None:
    sys.stdout.write("".join(f"{row}\n" for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
