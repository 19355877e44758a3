"""An operator of release 0.1.0 updates: settings, words and lists of the line are in its folder afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.house import ROOT
from tests.unit.host.conftest import Clone, copy_house

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = "131d8a525820429e90b9fca9dc3d26254d51f520"
TABLE = [
    line.split()
    for line in (ROOT / "bootstrap/host/moved.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
SECRET = "whsec-" + "s" * 40


def released(path: str) -> str:
    done = subprocess.run(["git", "show", f"{RELEASE}:{path}"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the release's commit {RELEASE[:9]} is not in this clone")
    return done.stdout


def comments(clone: Clone) -> list[str]:
    return [line for line in clone.env_file.read_text().splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("settings", "moved"),
    [
        ({"LANGUAGE": "de"}, {"language": "de"}),
        ({"TIMEZONE": "Europe/Berlin"}, {"timezone": "Europe/Berlin"}),
        ({"STT": "openai/whisper-1"}, {"models": {"stt": "openai/whisper-1"}}),
        ({"VOICE": r"a\b"}, {"models": {"voice": r"a\b"}}),
        ({"END_OF_TURN": "melody"}, {"turns": {"end_of_turn": "prosody"}}),
        ({"END_OF_TURN": "words"}, {"turns": {"end_of_turn": "words"}}),
        ({"PREEMPTIVE_GENERATION": "no"}, {"turns": {"preemptive_generation": "no"}}),
        ({"PREPARE_GREETING": "False"}, {"turns": {"prepare_greeting": False}}),
        ({"BARGE_IN_WITHIN": "9"}, {"turns": {"barge_in_level": 9}}),
        ({"BARGE_IN": ".25"}, {"turns": {"barge_in": 0.25}}),
        ({"FILLER_AFTER": "04"}, {"handling": {"filler_after": 4}}),
        ({"FILLER_AFTER": "4."}, {"handling": {"filler_after": 4.0}}),
        ({"DIGITS_END": "*"}, {"handling": {"digits_end": "*"}}),
        ({"CALL_WARNING": "90"}, {"handling": {"call_warning": 90}}),
        ({"RECORD_CALLS": "yes"}, {"recording": {"enabled": True}}),
        ({"REDACT": "no", "KEEP_DAYS": "7"}, {"recording": {"redact": False, "keep_days": 7}}),
        ({"CALLER_LOOKUP_TIMEOUT": "2"}, {"lookup": {"timeout": 2}}),
        ({"WEBHOOK_SECRET": SECRET}, {"webhook": {"secret": "WEBHOOK_SECRET"}}),
    ],
)
def test_a_setting_of_a_line_moves_into_its_file(clone: Clone, settings: dict[str, str], moved: dict[str, Any]) -> None:
    clone.set(**settings)
    done = clone.make_env()
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: value for name, value in clone.line_settings().items() if value != {}} == moved
    for name in settings:
        assert len(re.findall(rf"^moved {name} from .env to lines/", done.stdout, re.M)) == 1
        assert name not in clone.env()
        assert [line for line in comments(clone) if line.startswith("# moved to lines/") and f": {name}" in line]


def test_a_secret_moves_into_the_file_of_secrets_and_is_shown_nowhere(clone: Clone) -> None:
    clone.set(WEBHOOK_URL="https://example.com/hook?key=abc", WEBHOOK_SECRET=SECRET)
    done = clone.make_env()
    secrets = (clone.root / "lines/secrets.env").read_text().splitlines()
    assert {"WEBHOOK_URL=https://example.com/hook?key=abc", f"WEBHOOK_SECRET={SECRET}"} <= set(secrets)
    assert clone.line_settings()["webhook"] == {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"}
    shown = done.stdout + done.stderr + (clone.line / "line.toml").read_text() + clone.env_file.read_text()
    assert SECRET not in shown
    assert "key=abc" not in shown


def test_what_had_its_default_is_commented_out_and_sets_nothing(clone: Clone) -> None:
    clone.set(FILLER_AFTER="3", RECORD_CALLS="false", DIGITS_END="#", WEBHOOK_URL="", VOICE="")
    done = clone.make_env()
    assert all(value == {} for value in clone.line_settings().values())
    assert "5 variables" in done.stdout
    assert not {"FILLER_AFTER", "RECORD_CALLS", "DIGITS_END", "WEBHOOK_URL", "VOICE"} & set(clone.env())


def test_a_key_that_is_there_is_never_overwritten(clone: Clone) -> None:
    clone.make_env()
    toml = clone.line / "line.toml"
    toml.write_text(toml.read_text().replace("# filler_after = 3", "filler_after = 5"))
    clone.env_file.write_text(clone.env_file.read_text() + "FILLER_AFTER=4\n")
    done = clone.make_env()
    assert done.returncode == 0
    assert clone.line_settings()["handling"] == {"filler_after": 5}
    assert "FILLER_AFTER in .env is not used" in done.stderr
    assert "FILLER_AFTER" not in clone.env()


def test_a_secret_that_is_there_is_never_overwritten_nor_is_the_other_lost(clone: Clone) -> None:
    clone.make_env()
    secrets = clone.root / "lines/secrets.env"
    secrets.write_text("WEBHOOK_SECRET=another\n")
    clone.env_file.write_text(clone.env_file.read_text() + f"WEBHOOK_SECRET={SECRET}\n")
    done = clone.make_env()
    assert secrets.read_text() == "WEBHOOK_SECRET=another\n"
    assert SECRET in clone.env_file.read_text()
    assert "WEBHOOK_SECRET in .env is not used" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("at", range(1, 23, 2))
def test_a_run_that_is_broken_off_and_begun_again_ends_in_the_same_state(clone: Clone, tmp_path: Path, at: int) -> None:
    settings = {"LANGUAGE": "de", "RULES": "./mine", "FILLER_AFTER": "4", "WEBHOOK_SECRET": SECRET, "VAD": "builtin"}
    mine = clone.root / "mine"
    mine.mkdir()
    (mine / "limits.toml").write_text("calls = 5 # a day\n# minutes = 3\n")
    (mine / "contacts.csv").write_text("number,name,notes\n+12025550123,Ann,\n")
    clone.set(**settings)
    other = Clone(tmp_path / "other")
    shutil.copytree(clone.root, other.root)
    assert other.make_env().returncode == 0
    break_off_at_the_rename(clone, at)
    assert clone.make_env().returncode == 0
    assert outcome(clone) == outcome(other)


def break_off_at_the_rename(clone: Clone, number: int) -> None:
    """Run make_env, and let it die before its `number`th renaming of a file."""
    mv = clone.root / "bin/mv"
    mv.parent.mkdir()
    real = shutil.which("mv")
    mv.write_text(f'#!/bin/sh\necho x >> renamed\n[ "$(wc -l < renamed)" -lt {number} ] || exit 1\nexec {real} "$@"\n')
    mv.chmod(0o755)
    assert clone.make_env().returncode == 1
    shutil.rmtree(mv.parent)


def outcome(clone: Clone) -> tuple[dict[str, str], list[str]]:
    files = {str(path): path.read_text() for path in sorted((clone.root / "lines").rglob("*")) if path.is_file()}
    names = {name.replace(str(clone.root), ""): text for name, text in files.items() if not name.endswith(".new")}
    return names, sorted(comments(clone)) + sorted(set(clone.env()))


def test_folders_of_an_operators_own_are_copied_with_the_words_in_the_lines_language(clone: Clone) -> None:
    words, rules = clone.root / "words", clone.root / "rules"
    (words / "de").mkdir(parents=True)
    rules.mkdir()
    (words / "persona.md").write_text("English persona")
    (words / "greeting.md").write_text("English greeting")
    (words / "de/persona.md").write_text("German persona")
    (rules / "blocked.txt").write_text("+1900*\n")
    (rules / "limits.toml").write_text("calls = 100\nminutes = 200\n")
    clone.set(PROMPTS="./words", RULES="./rules", LANGUAGE="de")
    assert clone.make_env().returncode == 0
    assert (clone.line / "persona.md").read_text() == "German persona"
    assert (clone.line / "greeting.md").read_text() == "English greeting"
    translated = ROOT / "agent/example/translations/de/goodbye.md"
    assert (clone.line / "goodbye.md").read_bytes() == translated.read_bytes()
    assert (clone.line / "blocked.txt").read_text() == "+1900*\n"
    assert clone.line_settings()["limits"] == {"calls": 100, "minutes": 200}
    assert not {"PROMPTS", "RULES", "LANGUAGE"} & set(clone.env())


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"FILLER_AFTER": "soon"}, "FILLER_AFTER is 'soon' in .env; it has to be a number"),
        ({"RECORD_CALLS": "perhaps"}, "RECORD_CALLS is 'perhaps' in .env; it has to be yes or no"),
        ({"PROMPTS": "./gone"}, "PROMPTS is './gone' in .env; it has to be a folder"),
    ],
)
def test_a_value_that_has_no_place_is_refused_before_anything_is_changed(
    clone: Clone, settings: dict[str, str], complaint: str
) -> None:
    clone.set(**settings)
    before = clone.env_file.read_bytes()
    done = clone.make_env()
    assert done.returncode == 2
    assert complaint in done.stderr
    assert clone.env_file.read_bytes() == before
    assert not (clone.root / "lines").exists()


def test_with_other_lines_alone_it_is_for_the_operator_to_say_which_is_meant(clone: Clone) -> None:
    (clone.root / "lines/dentist").mkdir(parents=True)
    clone.set(FILLER_AFTER="4", VAD="builtin")
    done = clone.make_env()
    assert done.returncode == 2
    assert "FILLER_AFTER" in done.stderr
    assert "VAD" not in done.stderr
    clone.set(VAD="builtin")
    assert clone.make_env().returncode == 0
    assert "VAD" not in clone.env()


def test_the_table_has_every_variable_that_left_the_example_with_the_default_it_had() -> None:
    lines = released(".env.example").splitlines()
    old = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))
    new = {line.split("=")[0] for line in (ROOT / ".env.example").read_text().splitlines()}
    table = {row[0]: "" if row[1] == "-" else row[1] for row in TABLE if row[3] != "made"}
    assert table == {name: value for name, value in old.items() if name not in new}


def commands_of_the_changelog() -> str:
    [commands] = re.findall(r"^```\n(.*?)^```", (ROOT / "CHANGELOG.md").read_text(), re.M | re.S)[:1]
    return str(commands)


def test_the_changelogs_commands_bring_an_operators_edits_and_settings_along(tmp_path: Path) -> None:
    released("README.md")  # or skip
    origin, operator = tmp_path / "origin", Clone(tmp_path / "operator")
    origin.mkdir()
    git = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null"}
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com"]

    def run(folder: Path, *command: str) -> None:
        done = subprocess.run(command, cwd=folder, env=git, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    run(origin, "git", "init", "-q", "-b", "main")
    kept = "agent/prompts agent/rules .env.example .gitignore bootstrap/host"
    run(ROOT, "sh", "-c", f"git archive {RELEASE} {kept} | tar -x -C {origin}")
    run(origin, "git", "add", "-A")
    run(origin, "git", *author, "commit", "-qm", "0.1.0")
    run(tmp_path, "git", "clone", "-q", str(origin), str(operator.root))
    shutil.copy(operator.root / ".env.example", operator.env_file)
    with (operator.root / "agent/prompts/persona.md").open("a") as persona:
        persona.write("- We are closed in August.\n")
    with (operator.root / "agent/rules/contacts.csv").open("a") as contacts:
        contacts.write("+12025550123,Ann Smith,\n")
    with (operator.root / "agent/rules/limits.toml").open("a") as limits:
        limits.write("calls_per_caller = 3\n")
    settings = operator.env_file.read_text().replace("FILLER_AFTER=3", "FILLER_AFTER=4")
    operator.env_file.write_text(settings.replace("END_OF_TURN=both", "END_OF_TURN=melody"))

    for name in ("agent", "bootstrap", ".env.example", ".gitignore"):
        run(origin, "git", "rm", "-rq", name)
    copy_house(origin)
    run(origin, "git", "add", "-A")
    run(origin, "git", *author, "commit", "-qm", "0.2.0")
    commands = commands_of_the_changelog()
    assert commands.endswith("git pull\nmake up\n")
    run(operator.root, "sh", "-ec", commands.removesuffix("make up\n"))
    done = operator.make_env()

    assert (done.returncode, done.stderr) == (0, "")
    assert (operator.line / "persona.md").read_text().endswith("- We are closed in August.\n")
    assert "Ann Smith" in (operator.line / "contacts.csv").read_text()
    assert operator.line_settings()["handling"] == {"filler_after": 4}
    assert operator.line_settings()["turns"] == {"end_of_turn": "prosody"}
    assert operator.line_settings()["limits"] == {"calls_per_caller": 3}
    assert not {row[0] for row in TABLE} & set(operator.env())
    run(operator.root, "sh", "-c", 'test -z "$(git status --porcelain)"')
