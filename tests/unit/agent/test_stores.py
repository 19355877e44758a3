"""Every store on the data volume is listed, is brought up to date at the start, and is refused if it is newer."""

from __future__ import annotations

import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent import stores
from agent.appointments.embedded import VERSIONS, open_store
from agent.lines.webhook import Webhook
from agent.records.folders import Folders
from agent.records.retention import finish_what_was_left
from agent.records.transcript import Transcript
from agent.storage.private_files import make_folder
from agent.storage.schema import MARK
from agent.stores import STORES, bring_up_to_date, newer_than_known, problems, versions
from tests.support.house import ROOT
from tests.unit.agent.fakes import line
from tests.unit.agent.storage.test_schema import BEFORE_VERSIONS

AGENT = ROOT / "agent/src/agent"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BEFORE_VERSIONS, tmp_path / "data"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the databases and the marks."""
    there = (path for path in folder.rglob("*") if path.is_file() and ".db" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in there if path.name != MARK}


def set_version(data: Path, path: str, version: int) -> None:
    if path.endswith(".db"):
        with sqlite3.connect(data / path) as database:
            database.execute(f"PRAGMA user_version = {version}")
        database.close()
    else:
        (data / path / MARK).write_text(f"{version}\n")


def test_the_volume_of_the_release_without_versions_is_brought_up_to_date_and_loses_nothing(data: Path) -> None:
    before = contents(data)
    assert problems(data) == []
    assert set(versions(data).values()) == {0, 1}
    bring_up_to_date(data)
    assert versions(data) == {store.path: store.version for store in STORES if "*" not in store.path}
    assert contents(data) == before


def test_records_of_that_release_can_be_read_and_finished(data: Path) -> None:
    bring_up_to_date(data)
    folders = Folders("coffee", data)
    hooked = Webhook(url=SecretStr("http://localhost/hook"), secret=SecretStr("s" * 32))
    finish_what_was_left(folders, line(webhook=hooked))
    records = sorted(folders.calls.glob("2026-11-25/*/transcript.json"))
    read = [Transcript.model_validate_json(record.read_bytes()) for record in records]
    assert [transcript.call for transcript in read] == ["SCL_a", "SCL_b"]
    assert len(list(folders.outbox.glob("*.json"))) == 2


@pytest.mark.parametrize("store", [store.path for store in STORES if "*" not in store.path])
def test_a_store_of_a_newer_release_is_a_problem_and_nothing_is_changed(data: Path, store: str) -> None:
    bring_up_to_date(data)
    set_version(data, store, 99)
    before = contents(data), versions(data)
    [problem] = problems(data)
    assert f"{data / store} has version 99" in problem
    assert (contents(data), versions(data)) == before
    assert newer_than_known(versions(data)) == [store]


def test_each_line_s_appointments_are_a_store_of_the_same_version(data: Path) -> None:
    bring_up_to_date(data)
    folder = make_folder(data / "appointments")
    for name in ("coffee", "ledger"):
        open_store(folder / f"{name}.db").close()
    assert problems(data) == []
    assert versions(data)["appointments/coffee.db"] == len(VERSIONS)
    set_version(data, "appointments/coffee.db", 99)
    set_version(data, "appointments/ledger.db", 99)
    [problem] = problems(data)
    assert f"{data / 'appointments/coffee.db'} has version 99" in problem
    assert newer_than_known(versions(data)) == ["appointments/coffee.db", "appointments/ledger.db"]


def test_a_line_whose_name_is_that_of_another_store_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    [ledger] = (store for store in STORES if store.path == "ledger.db")
    others = [store for store in STORES if store is not ledger]
    monkeypatch.setattr(stores, "STORES", (replace(ledger, version=7), *others))
    assert newer_than_known({"ledger.db": 7, "appointments/ledger.db": 7}) == ["appointments/ledger.db"]


def test_the_page_for_operators_names_every_store_and_no_other() -> None:
    table = (ROOT / "docs/operations.md").read_text().split("\n## Stores\n")[1].split("\n## ")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {name.rstrip("/") for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)} - {"ledger.key"}
    assert named == {store.path for store in STORES}


def test_a_store_that_cannot_be_used_does_not_keep_the_others_from_being_opened(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "ledger.db").write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    assert problems(data) == []
    bring_up_to_date(data)
    assert (data / "good" / MARK).exists()
    [record] = caplog.records
    assert "ledger.db cannot be used: file is not a database" in record.getMessage()


def test_no_data_folder_is_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "none") == []
    assert versions(tmp_path / "none") == {}


def test_stores_of_which_nothing_is_known_count_as_newer() -> None:
    assert newer_than_known({"ledger.db": 0, "calls": 1}) == []
    assert newer_than_known({"other.db": 1, "ledger.db": 99}) == ["other.db", "ledger.db"]


def test_every_module_that_opens_a_store_is_listed() -> None:
    """A store that is not listed is neither brought up to date at the start nor known when a backup is restored."""
    listed = (AGENT / "stores.py").read_text()
    opening = {
        path.relative_to(AGENT).with_suffix("").as_posix()
        for path in AGENT.rglob("*.py")
        if re.search(r"\b(open_database|open_folder)\(", path.read_text())
    } - {"storage/schema", "stores"}
    assert "admission/ledger" in opening
    for module in opening:
        package, _, name = module.rpartition("/")
        imported = f"from agent.{package.replace('/', '.')} import"
        assert re.search(rf"{re.escape(imported)}.*\b{name}\b|from agent\.{module.replace('/', '.')} import", listed)
