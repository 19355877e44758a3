"""`make backup` during a call, then `make restore` on a host that has nothing: nothing is lost, and it answers."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.calls import STAYS, eventually
from tests.stack.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

SECRETS = "WEBHOOK_URL=http://nobody.invalid/ended\nWEBHOOK_SECRET=thirty-two-letters-are-a-secret!\n"
WEBHOOK = {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"}
OPENING = ("--say", "When are you open?")
# A record is here when its call is over; the ledger also has the calls that are in progress.
KEPT = """
import hashlib, json, pathlib, sqlite3
data = pathlib.Path("/data")
kinds = [data / kind for kind in ("calls", "outbox", "good", "ledger.key")]
paths = [path for kind in kinds for path in [kind, *kind.rglob("*")]]
files = {str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
         if path.is_file() and ".work" not in path.parts}
calls = sqlite3.connect(data / "ledger.db").execute("SELECT call, caller, day, began, line FROM calls ORDER BY call")
print(json.dumps({"files": files, "calls": calls.fetchall()}))
"""


@dataclass(frozen=True)
class Restored:
    line: Line
    file: Path
    before: Outcome
    during: Outcome
    after: Outcome
    still_going: bool  # whether the call was in progress when the backup was written
    kept: dict[str, Any]  # when the backup was written
    kept_after: dict[str, Any]  # when the restored line was up
    own_files: dict[str, bytes]  # .env and the lines, when the backup was written
    own_files_after: dict[str, bytes]
    restoring: str  # what make restore printed


def kept(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line.compose("exec", "-T", "agent", "python", "-c", KEPT))
    return found


def events(found: dict[str, Any]) -> list[str]:
    return [name for name in found["files"] if name.startswith("outbox/") and name.endswith(".json")]


def own_files(line: Line) -> dict[str, bytes]:
    files = [line.env_file, *(path for path in line.lines.rglob("*") if path.is_file())]
    return {path.relative_to(line.env_file.parent).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def restored(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    """A host with two calls, one of which was in progress during the backup; then everything of it was deleted."""
    line.compose("stop")  # two lines would share the CPU
    home = tmp_path_factory.mktemp("backup")
    host = Line("landline-test-backup", home, subnet="172.29.57", first_port=23060)
    (host.lines / "secrets.env").write_text(SECRETS)
    host.change(recording={"enabled": True, "notice": "no", "summary": False}, webhook=WEBHOOK)
    host.change(silent_caller_after=120)  # the caller during the backup says nothing
    try:
        with host.running():
            yield come_back(host, home / "one.tar")
    finally:
        line.wait_until_healthy()


def come_back(host: Line, file: Path) -> Restored:
    before = host.call(*OPENING)
    eventually(lambda: len(events(kept(host))) == 1)  # written before the record's folder appears
    eventually(lambda: any("transcript.json" in name for name in kept(host)["files"]))
    with ThreadPoolExecutor() as pool:
        call = pool.submit(host.call, *STAYS[:-1], "60")
        eventually(lambda: len(kept(host)["calls"]) == 2)
        host.run("make", "backup", f"FILE={file}")
        there, files, still_going = kept(host), own_files(host), host.active_jobs() == 1
        during = call.result(timeout=120)
    host.clean()
    host.env_file.unlink()
    shutil.rmtree(host.lines)
    restoring = host.run("make", "restore", f"FILE={file}", timeout=1200).stdout
    there_again, files_again = kept(host), own_files(host)
    after = host.call(*OPENING)
    return Restored(
        host, file, before, during, after, still_going, there, there_again, files, files_again, restoring
    )  # fmt: skip


def test_a_backup_disturbs_no_call_that_is_in_progress(restored: Restored) -> None:
    assert restored.before.code == 0, restored.before.printed
    assert restored.still_going
    assert restored.during.code == 0, restored.during.printed
    assert not restored.during.hung_up, restored.during.printed
    assert restored.file.stat().st_mode & 0o777 == 0o600


def test_a_host_that_had_nothing_has_every_record_count_event_and_good_version_again(restored: Restored) -> None:
    files, after = restored.kept["files"], restored.kept_after["files"]
    for what in ("audio.ogg", "transcript.json", "outbox/coffee/call-ended-", "good/coffee/line.toml", "ledger.key"):
        assert [name for name in files if what in name], what
    assert {name: after.get(name) for name in files} == files
    assert len(restored.kept["calls"]) == 2
    assert restored.kept_after["calls"] == restored.kept["calls"]
    assert restored.own_files_after == restored.own_files
    assert "These lines answer:" in restored.restoring


def test_the_call_that_was_in_progress_is_reported_as_one_that_broke_off(restored: Restored) -> None:
    eventually(lambda: len(events(kept(restored.line))) >= 2)
    told = [
        json.loads(restored.line.compose("exec", "-T", "agent", "cat", f"/data/{name}"))["data"]["outcome"]
        for name in events(kept(restored.line))
        if name not in restored.kept["files"]
    ]
    assert "the agent broke off" in told


def test_a_restored_line_answers(restored: Restored) -> None:
    assert restored.after.code == 0, restored.after.printed
    assert restored.after.said
