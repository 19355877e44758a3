"""What the stack's tests and the benches write into a line's folder."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from agent.lines.line import parse
from tests.bench.turns.line import apply
from tests.stack.line import Line
from tests.support.lines import EXAMPLE, abilities, make_folder, table_of, write_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"HOOK": SecretStr("https://example.com/"), "SIGNED": SecretStr("s" * 32)}


def test_a_setting_is_written_into_its_table_whichever_that_is(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "coffee", language="de")
    webhook = {"url": "HOOK", "secret": "SIGNED"}
    write_settings(folder, language="de", filler_after=4, enabled=True, webhook=webhook, numbers=["+12025550101"])
    written = (folder / "line.toml").read_text()
    line = parse(written, "coffee", SECRETS)
    assert (line.language, line.handling.filler_after, line.recording.enabled) == ("de", 4, True)
    assert line.webhook.url == SECRETS["HOOK"]
    assert line.numbers == ["+12025550101"]
    assert "# wait_done = 0.6" in written  # the comments are still there
    assert "Landline Coffee" in (folder / "greeting.md").read_text()
    assert "kann ich" in (folder / "greeting.md").read_text()


def test_a_line_of_the_tests_can_do_nothing_that_it_is_not_told_to(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "coffee")
    written = (folder / "line.toml").read_text()
    assert parse(written, "coffee", {}) == parse("", "coffee", {})
    write_settings(folder, **abilities())
    written = (folder / "line.toml").read_text()
    assert parse(written, "coffee", {}) == parse((EXAMPLE / "coffee/line.toml").read_text(), "coffee", {})


def test_a_setting_that_becomes_none_is_removed(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "coffee")
    write_settings(folder, calls=2, timezone="Europe/Berlin")
    write_settings(folder, calls=None, minutes=1, timezone=None)
    assert tomllib.loads((folder / "line.toml").read_text())["limits"] == {"minutes": 1}
    assert parse((folder / "line.toml").read_text(), "coffee", {}).timezone == "UTC"


@pytest.mark.parametrize("setting", ["url", "filler_afer"])
def test_a_setting_of_several_tables_or_of_none_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} stands in "):
        table_of(setting)


def test_a_bench_is_given_settings_of_the_host_and_of_the_line(tmp_path: Path) -> None:
    line = Line("landline-unit", tmp_path, subnet="172.29.99", first_port=30060)
    for setting in ("IDLE_PROCESSES=3", "wait_done=0.5", "vad=silero", "prepare_greeting=false"):
        apply(line, setting)
    assert line.value("IDLE_PROCESSES") == "3"
    turns = tomllib.loads((line.words / "line.toml").read_text())["turns"]
    assert turns == {"wait_done": 0.5, "vad": "silero", "prepare_greeting": False}
