"""The folder of the lines, as the first `make up` makes it and as every later one leaves it."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT
from tests.support.lines import ABILITIES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.host.conftest import Clone

EXAMPLE = ROOT / "agent/example"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_first_run_makes_a_line_from_the_example(clone: Clone) -> None:
    done = clone.make_env()
    assert done.returncode == 0
    lines = clone.root / "lines"
    assert snapshot(lines / "coffee") == snapshot(EXAMPLE / "coffee")
    assert (lines / "README.md").read_bytes() == (EXAMPLE / "README.md").read_bytes()
    assert "lines/coffee" in done.stdout
    assert mode(lines / "secrets.env") == 0o600


def test_a_line_that_is_there_is_left_alone(clone: Clone) -> None:
    clone.make_env()
    (clone.line / "persona.md").write_text("You are mine.")
    (clone.line / "goodbye.md").unlink()
    before = snapshot(clone.root / "lines")
    assert clone.make_env().returncode == 0
    assert snapshot(clone.root / "lines") == before


def test_an_operator_with_other_lines_gets_no_example_among_them(clone: Clone) -> None:
    dentist = clone.root / "lines/dentist"
    dentist.mkdir(parents=True)
    assert clone.make_env().returncode == 0
    assert not clone.line.exists()
    assert list(dentist.iterdir()) == []


def test_a_run_that_was_broken_off_is_completed_and_what_somebody_wrote_is_kept(clone: Clone) -> None:
    (clone.line / "facts").mkdir(parents=True)
    (clone.line / "facts/menu.md").write_text("We have tea.")
    assert clone.make_env().returncode == 0
    assert (clone.line / "facts/menu.md").read_text() == "We have tea."
    assert set(snapshot(clone.line)) == set(snapshot(EXAMPLE / "coffee"))


def test_words_of_ones_own_are_kept_and_get_no_facts_of_another_business(clone: Clone) -> None:
    clone.line.mkdir(parents=True)
    (clone.line / "persona.md").write_text("You are mine.")
    assert clone.make_env().returncode == 0
    assert (clone.line / "persona.md").read_text() == "You are mine."
    example = {name for name in snapshot(EXAMPLE / "coffee") if not name.startswith("facts/")}
    assert set(snapshot(clone.line)) == example


def test_the_folder_may_be_elsewhere(clone: Clone, tmp_path: Path) -> None:
    clone.set(LINES_FOLDER=str(tmp_path / "my lines"))
    assert clone.make_env().returncode == 0
    assert (tmp_path / "my lines/coffee/line.toml").is_file()
    assert not (clone.root / "lines").exists()


def test_a_clone_under_a_strict_umask_can_be_read_by_the_containers_but_for_the_secrets(clone: Clone) -> None:
    for path in [clone.root, *clone.root.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert clone.sh("-c", "umask 077; sh bootstrap/host/make_env.sh").returncode == 0
    lines = clone.root / "lines"
    unreadable = {path.name for path in lines.rglob("*") if mode(path) & 0o044 != 0o044}
    assert unreadable == {"secrets.env"}
    assert mode(lines) == 0o755
    assert mode(clone.env_file) == 0o600
    mounted = re.findall(r"- \./(.*?):.*:ro", (clone.root / "compose.yaml").read_text())
    assert len(mounted) > 5
    assert all(mode(clone.root / name) & 0o444 == 0o444 for name in mounted)


def test_what_an_editor_left_of_the_secrets_and_what_is_hidden_stays_private(clone: Clone) -> None:
    clone.make_env()
    private = [clone.root / "lines" / name for name in ("secrets.env~", ".secrets.env.swp", ".git/config")]
    for path in private:
        path.parent.mkdir(exist_ok=True)
        path.write_text("TOKEN=x")
        path.chmod(0o600)
    assert clone.make_env().returncode == 0
    assert {mode(path) for path in private} == {0o600}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('CRM_TOKEN="abc"', "quotes"),
        ("CRM_TOKEN=a$b", "a $ in its value"),
        ("crm-token=abc", "the name crm-token has characters other than"),
        ("CRM_TOKEN", "without ="),
        ("CRM_TOKEN=a\nCRM_TOKEN=b", "a second time"),
        ("CRM_TOKEN=a\r", "carriage return"),
    ],
)
def test_a_line_of_the_secrets_that_would_be_read_wrongly_is_refused(clone: Clone, line: str, complaint: str) -> None:
    clone.make_env()
    secrets = clone.root / "lines/secrets.env"
    with secrets.open("a", newline="") as file:
        file.write(f"{line}\n")
    before = clone.env_file.read_bytes()
    done = clone.make_env()
    assert done.returncode == 2
    assert "lines/secrets.env" in done.stderr
    assert complaint in done.stderr
    assert "abc" not in done.stderr
    assert clone.env_file.read_bytes() == before


def test_the_example_sets_nothing_but_what_its_business_can_do_and_shows_only_keys_that_there_are(clone: Clone) -> None:
    text = (EXAMPLE / "coffee/line.toml").read_text()
    assert text.startswith("#:schema ../../docs/line.schema.json\n")
    assert {name for name, value in tomllib.loads(text).items() if value} == {*ABILITIES}
    shown = tomllib.loads(re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.M))
    for name in ("language", "timezone", "models", "turns", "handling", "limits", "recording", "lookup", "webhook"):
        assert shown[name]
    assert "=" not in re.sub(r"^#.*", "", (EXAMPLE / "secrets.env").read_text(), flags=re.M)


def test_another_business_than_the_examples_gets_nothing_of_what_that_one_can_do(clone: Clone) -> None:
    clone.line.mkdir(parents=True)
    (clone.line / "persona.md").write_text("You answer the phone of a dentist.\n")
    assert clone.make_env().returncode == 0
    text, example = (clone.line / "line.toml").read_text(), (EXAMPLE / "coffee/line.toml").read_text()
    assert not [name for name, value in tomllib.loads(text).items() if value]
    assert len(text.splitlines()) == len(example.splitlines())
    assert '# monday = ["07:00-18:00"]' in text  # it can still be switched on


def test_the_translations_have_the_words_of_the_example() -> None:
    words = {name for name in snapshot(EXAMPLE / "coffee") if name.endswith(".md")}
    assert {"persona.md", "facts/menu.md"} < words
    for language in ("de", "es", "fr"):
        assert set(snapshot(EXAMPLE / "translations" / language)) == words


def test_git_tracks_nothing_of_the_lines(clone: Clone) -> None:
    clone.make_env()
    git = f"{os.environ['PATH']}"
    done = clone.sh("-c", "git init -q . && git status --short --untracked-files=all -- lines .env", PATH=git)
    assert (done.returncode, done.stdout) == (0, "")


def test_another_certificate_of_ones_own_authorities_makes_compose_replace_the_agent(clone: Clone) -> None:
    assert clone.make_env().returncode == 0
    assert clone.env()["AUTHORITIES"] == ""
    file = clone.root / "lines/ca.pem"
    seen = set()
    for certificate in ("one", "another"):
        file.write_text(certificate)
        file.chmod(0o600)
        assert clone.make_env().returncode == 0
        seen.add(clone.env()["AUTHORITIES"])
    assert len(seen - {""}) == 2
    assert mode(file) & 0o044 == 0o044  # the container's user reads it
    file.unlink()
    assert clone.make_env().returncode == 0
    assert clone.env()["AUTHORITIES"] == ""
