"""What is settled before the first request: settings, weights, cores, and what the image is built from."""

import json
import logging
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from speech import health
from speech.cores import MOST, usable_cores
from speech.logs import JsonEvents, TextEvents
from speech.models.weights import MissingWeightsError, find_weights, names_of
from speech.settings import Settings, Size, explain

ROOM = Path(__file__).parents[3] / "speech"
SMALL = names_of("small")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPEECH_SIZE", "SPEECH_QUEUE", "SPEECH_THREADS", "LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.setenv(name, "")
    settings = Settings()
    assert (settings.speech_size, settings.speech_queue, settings.speech_threads) == ("default", 4, None)


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_SIZE", "tiny")
    monkeypatch.setenv("SPEECH_THREADS", "0")
    with pytest.raises(ValidationError) as error:
        Settings()
    size, threads = explain(error.value)
    assert size == "SPEECH_SIZE is 'tiny': Input should be 'default' or 'small'"
    assert threads.startswith("SPEECH_THREADS is '0'")


def test_weights_are_found_where_the_image_keeps_them(tmp_path: Path) -> None:
    (tmp_path / SMALL.stt).mkdir()
    (tmp_path / SMALL.llm).mkdir()
    gguf = tmp_path / SMALL.llm / "x.gguf"
    gguf.touch()
    assert find_weights(tmp_path, "small").llm == gguf


def test_another_size_than_the_image_was_built_for_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / SMALL.stt).mkdir()
    (tmp_path / SMALL.llm).mkdir()
    program = [sys.executable, "-m", "speech", "--models", str(tmp_path)]
    environment = {"PYTHONPATH": str(ROOM / "src"), "SPEECH_SIZE": "default"}
    run = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert names_of("default").llm in run.stderr
    assert "--build-arg SPEECH_SIZE=default" in run.stderr


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="which has nothing"):
        find_weights(tmp_path / "models", "default")


@pytest.mark.parametrize("size", get_args(Size))
def test_the_manifest_has_one_model_for_each_role_of_a_size(size: Size) -> None:
    manifest = tomllib.loads((ROOM / "models" / "manifest.toml").read_text())
    roles = [model["role"] for model in manifest.values() if size in model.get("sizes", [])]
    assert sorted(roles) == ["llm", "stt"]


def test_the_manifest_has_no_other_sizes_than_the_setting() -> None:
    manifest = tomllib.loads((ROOM / "models" / "manifest.toml").read_text())
    assert {size for model in manifest.values() for size in model.get("sizes", [])} == set(get_args(Size))


def test_the_dockerfile_fetches_what_each_size_loads() -> None:
    assert 'fetch.py --size "$SPEECH_SIZE" --to /models' in (ROOM / "Dockerfile").read_text()


def test_only_the_manifest_names_the_models() -> None:
    names = {name for size in get_args(Size) for name in (names_of(size).stt, names_of(size).llm)}
    files = [ROOM / "Dockerfile", ROOM / "models" / "fetch.py", *(ROOM / "src").rglob("*.py")]
    assert [(file, name) for file in files for name in names if name in file.read_text()] == []


@pytest.mark.parametrize(
    ("quota", "cores"), [("50000 100000", 1), ("150000 100000", 2), ("max 100000", MOST), ("", MOST)]
)
def test_cores_are_those_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path / "cpu.max") == cores


def test_without_a_cgroup_the_affinity_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert usable_cores(tmp_path / "none") == 3


def test_nobody_at_the_port_is_unhealthy(unused_port: int) -> None:
    assert "no answer" in (health.problem(("127.0.0.1", unused_port)) or "")


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_log_line_is_readable_and_its_json_has_the_facts() -> None:
    record = logging.makeLogRecord({"name": "speech", "levelname": "INFO", "msg": "chat status=200", "status": 200})
    assert TextEvents().format(record).endswith("INFO    speech: chat status=200")
    event = json.loads(JsonEvents().format(record))
    assert list(event) == ["time", "level", "logger", "message", "status"]
    assert (event["level"], event["message"], event["status"]) == ("info", "chat status=200", 200)


def test_the_time_of_an_event_is_utc_with_milliseconds_in_both_forms() -> None:
    record = logging.makeLogRecord(
        {"name": "speech.api", "levelname": "WARNING", "msg": "x", "created": 1795339800.123}
    )
    assert TextEvents().format(record) == "2026-11-22T09:30:00.123+00:00 WARNING speech: x"
    assert json.loads(JsonEvents().format(record))["time"] == "2026-11-22T09:30:00.123+00:00"


@pytest.mark.parametrize("form", [TextEvents, JsonEvents])
def test_a_failure_is_named_by_kind_and_place_on_one_line_and_its_words_are_not_logged(
    form: type[logging.Formatter],
) -> None:
    try:
        json.loads('{"my number is": 5550123')
    except ValueError:
        record = logging.LogRecord("speech", logging.ERROR, __file__, 1, "chat\nfailed", None, sys.exc_info())
    line = form().format(record)
    assert "JSONDecodeError at decoder.py:" in line
    assert "\n" not in line
    assert "5550123" not in line
    assert "Traceback" not in line


def test_all_problems_are_reported_under_one_head() -> None:
    environment = {"PYTHONPATH": str(ROOM / "src"), "SPEECH_SIZE": "tiny", "SPEECH_THREADS": "0"}
    run = subprocess.run([sys.executable, "-m", "speech"], env=environment, capture_output=True, text=True, check=False)
    head, *problems = run.stderr.splitlines()
    assert run.returncode == 2
    assert head == "The configuration is not usable (2 problems); nothing was changed."
    assert [problem.split(" is ")[0] for problem in problems] == ["  SPEECH_SIZE", "  SPEECH_THREADS"]


def test_a_clone_made_under_a_strict_umask_gives_an_image_that_its_user_can_read() -> None:
    for room in (ROOM, ROOM.with_name("phone")):
        stage = (room / "Dockerfile").read_text().split("AS build\n")[1].split("\nFROM ")[0]
        copied, _, after = stage.rpartition("\nCOPY ")
        assert copied
        assert "chmod -R a+rX /app" in after
