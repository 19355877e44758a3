"""`make backup` and `make restore`: Docker is a script that runs the agent's part on folders of the test."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.unit.host.conftest import Clone

# `compose up` and `agent --check` succeed unless a file says that they fail; `state` has a row for each of them.
DOCKER = """
echo "$@" >> asked
case "$*" in
    *" -m agent.backup "*)
        for given in "$@"; do
            case $given in
                *:/data) export DATA="$PWD/volumes/${{given%:/data}}" ;;
                *:/app/lines:ro) export LINES="${{given%:/app/lines:ro}}" ;;
                *:/restored) export RESTORED="${{given%:/restored}}" ;;
            esac
        done
        while [ "$1" != agent.backup ]; do shift; done
        shift
        [ ! -e "fails-$1" ] || exit 2
        PYTHONPATH={path} exec {python} archiver.py "$@" ;;
    "volume inspect "*) [ -d "volumes/$3" ] ;;
    "volume create "*) mkdir -p "volumes/$3" ;;
    *"bootstrap plan") [ ! -e wrong-settings ] ;;
    *"agent --check"*) cat .env >> checked; [ ! -e wrong-settings ] && echo "COMPOSE_PROFILES=" ;;
    *"bootstrap numbers") echo coffee +12025550100 ;;
    "compose up "*) cat .env > started; [ ! -e port-taken ] ;;
    *"ps --quiet --status running agent") [ ! -e up ] || echo 0123 ;;
    *"config --images") echo landline/agent:0.1.0; echo landline/bootstrap:0.1.0 ;;
    "version "*) echo 28.0.0 ;;
    "compose version"*) echo 2.40.0 ;;
    *MemTotal*) echo 8000000000 ;;
    *DockerRootDir*) echo /not/here ;;
esac
"""
ARCHIVER = """
import os, pathlib, sys
from agent.storage import private_files
from agent.backup import __main__ as archiver
private_files.DATA = pathlib.Path(os.environ.get("DATA", "/not/here"))
archiver.LINES_FOLDER = pathlib.Path(os.environ.get("LINES", "/not/here"))
archiver.RESTORED = pathlib.Path(os.environ.get("RESTORED", "/not/here"))
sys.exit(archiver.main())
"""


@pytest.fixture
def host(clone: Clone) -> Clone:
    """A host with settings, a line, and data."""
    prepare(clone)
    assert clone.make_env().returncode == 0
    write(clone.root / "volumes/landline_data/calls/coffee/2026-11-25/142233-1f2e3d/transcript.json", "{}")
    write(clone.root / "volumes/landline_data/good/coffee/line.toml", "# good")
    return clone


def prepare(clone: Clone) -> None:
    clone.docker(DOCKER.format(path=f"{ROOT}/agent/src", python=sys.executable))
    (clone.root / "archiver.py").write_text(ARCHIVER)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def asked(clone: Clone) -> str:
    file = clone.root / "asked"
    return file.read_text() if file.exists() else ""


def contents(clone: Clone) -> dict[str, bytes]:
    """Everything that a backup has, and whatever a restore leaves beside it."""
    here = [path for path in clone.root.iterdir() if path.name.startswith((".env", "lines", "volumes"))]
    files = [file for path in here for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return {str(file.relative_to(clone.root)): file.read_bytes() for file in files if file.name != ".env.example"}


def back_up(clone: Clone, file: str = "backups/one.tar") -> str:
    done = clone.script("backup", FILE=file)
    assert done.returncode == 0, done.stdout + done.stderr
    return file


def restore(clone: Clone, file: str = "backups/one.tar", **shell: str) -> subprocess.CompletedProcess[str]:
    return clone.script("restore", FILE=file, **{"YES": "yes", **shell})


def edit(clone: Clone) -> None:
    """What a day of work changes."""
    clone.env_file.write_text(f"# another day\n{clone.env_file.read_text()}")
    (clone.line / "line.toml").write_text("# another day\n")
    write(clone.line / "facts/new.md", "new")
    write(clone.root / "volumes/landline_data/calls/coffee/2026-11-26/1/transcript.json", "{}")
    (clone.root / "volumes/landline_data/good/coffee/line.toml").unlink()


def empty(clone: Clone) -> None:
    """Leave nothing but the clone, as on a new host."""
    clone.sh("-c", "rm -rf .env lines volumes started asked")


def test_a_backup_is_private_whole_and_says_what_is_in_it(host: Clone) -> None:
    done = host.script("backup", FILE="elsewhere/one.tar")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Wrote elsewhere/one.tar: a backup of" in done.stdout
    assert "1 line (coffee), 1 call record" in done.stdout
    assert "secrets" in done.stdout
    [file] = (host.root / "elsewhere").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    with tarfile.open(file) as tar:
        names = tar.getnames()
    assert {".env", "lines/coffee/line.toml", "lines/secrets.env", "data/good/coffee/line.toml"} < set(names)


def test_a_backup_has_a_name_of_its_own_without_file_and_git_ignores_it(host: Clone) -> None:
    assert host.script("backup").returncode == 0
    [file] = (host.root / "backups").iterdir()
    assert file.name.startswith("landline-20")
    assert "/backups/" in (host.root / ".gitignore").read_text().splitlines()


def test_a_backup_changes_nothing_and_stops_nothing(host: Clone) -> None:
    before = contents(host)
    back_up(host)
    assert contents(host) == before
    assert not [row for row in asked(host).splitlines() if " down" in row or " stop" in row or "compose up" in row]


def test_a_backup_overwrites_nothing(host: Clone) -> None:
    write(host.root / "backups/one.tar", "another")
    done = host.script("backup", FILE="backups/one.tar")
    assert done.returncode == 2
    assert "FILE is 'backups/one.tar', which exists" in done.stderr
    assert (host.root / "backups/one.tar").read_text() == "another"


@pytest.mark.parametrize("step", ["pack-files", "pack", "check"])
def test_a_backup_that_fails_leaves_no_file(host: Clone, step: str) -> None:
    (host.root / f"fails-{step}").touch()
    assert host.script("backup", FILE="backups/one.tar").returncode == 2
    assert list((host.root / "backups").iterdir()) == []


@pytest.mark.parametrize("missing", [".env", "lines"])
def test_a_backup_of_what_is_not_there_is_refused(host: Clone, missing: str) -> None:
    host.sh("-c", f"rm -r {missing}")
    done = host.script("backup")
    assert done.returncode == 2
    assert f"there is no {missing}" in done.stderr or "there is no such folder" in done.stderr


def test_a_link_out_of_the_lines_is_refused_since_its_file_could_not_be_read(host: Clone) -> None:
    (host.line / "facts/all.md").symlink_to("/etc/hostname")
    done = host.script("backup")
    assert done.returncode == 2
    assert "lines/coffee/facts/all.md is a link to /etc/hostname" in done.stderr


def test_a_new_host_gets_everything_and_the_line_is_started(host: Clone) -> None:
    file = back_up(host)
    before = contents(host)
    empty(host)
    done = restore(host, file, YES="")  # nothing is there, so nothing is asked
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(host) == before
    assert (host.root / "started").read_bytes() == host.env_file.read_bytes()
    assert (host.line.parent / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert host.env_file.stat().st_mode & 0o777 == 0o600
    assert "com.docker.compose.project=landline" in asked(host)  # so that Compose takes the volume for its own
    assert f"Restored {file}." in done.stdout


def test_what_is_here_is_replaced_after_a_yes(host: Clone) -> None:
    file = back_up(host)
    before = contents(host)
    edit(host)
    done = restore(host, file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(host) == before
    for named in (".env", "the folder lines", "the volume data"):
        assert f"  {named}" in done.stdout
    rows = asked(host).splitlines()
    down, replaced, up = (
        next(i for i, row in enumerate(rows) if step in row) for step in (" down", "replace-data", "compose up")
    )
    assert down < replaced < up


def test_without_a_yes_nothing_is_changed(host: Clone) -> None:
    file = back_up(host)
    edit(host)
    before = contents(host)
    done = restore(host, file, YES="")
    assert done.returncode == 1
    assert "Nothing was changed." in done.stdout
    assert contents(host) == before
    assert " down" not in asked(host)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "FILE has to name a backup"),
        ("backups/two.tar", "there is no such file"),
        ("README.md", "README.md is damaged or incomplete"),
        ("backups/cut.tar", "backups/cut.tar is damaged or incomplete"),
    ],
)
def test_a_file_that_is_no_backup_is_refused_before_anything_is_changed(host: Clone, given: str, told: str) -> None:
    file = host.root / back_up(host)
    (host.root / "backups/cut.tar").write_bytes(file.read_bytes()[: -20_480 - 100])
    write(host.root / "README.md", "# A page\n" * 100)
    before = contents(host)
    done = restore(host, given)
    assert done.returncode == 2
    assert told in done.stderr
    assert contents(host) == before
    assert " down" not in asked(host)


def test_settings_that_cannot_be_used_here_are_refused_before_the_line_is_stopped(host: Clone) -> None:
    file = back_up(host)
    edit(host)
    before = contents(host)
    (host.root / "wrong-settings").touch()
    done = restore(host, file)
    assert done.returncode == 2
    assert "the backup's settings cannot be used here" in done.stderr
    assert contents(host) == before
    assert " down" not in asked(host)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("failing", ["fails-replace-data", "port-taken"])
def test_if_anything_fails_what_was_here_is_put_back(host: Clone, failing: str, up: bool) -> None:
    file = back_up(host)
    edit(host)
    before = contents(host)
    (host.root / failing).touch()
    if up:
        (host.root / "up").touch()
    done = restore(host, file)
    assert done.returncode == 2
    assert "Putting back what was here before." in done.stdout
    assert strip_derived(contents(host)) == strip_derived(before)
    if up:
        assert "# another day" in (host.root / "started").read_text()


def strip_derived(files: dict[str, bytes]) -> dict[str, bytes]:
    """What a person wrote: `make up` writes what follows from it anew."""
    return {name: text.split(b"# Below")[0] if name == ".env" else text for name, text in files.items()}


def test_on_a_new_host_a_setting_that_does_not_fit_can_be_corrected(host: Clone) -> None:
    file = back_up(host)
    before = contents(host)
    empty(host)
    (host.root / "port-taken").touch()
    done = restore(host, file)
    assert done.returncode == 2
    assert "everything was restored, but the line did not come up" in done.stderr
    assert contents(host) == before
    (host.root / "port-taken").unlink()
    assert host.script("up").returncode == 0


def test_a_new_host_on_which_data_cannot_be_restored_is_as_empty_as_before(host: Clone) -> None:
    file = back_up(host)
    empty(host)
    (host.root / "fails-replace-data").touch()
    assert restore(host, file).returncode == 2
    assert contents(host) == {}
    (host.root / "fails-replace-data").unlink()
    assert restore(host, file).returncode == 0


@pytest.mark.parametrize("place", ["replace-data", "compose up"])
def test_an_interrupted_restore_is_undone_first_and_make_up_says_so(host: Clone, place: str) -> None:
    """The machine loses its power at that place."""
    file = back_up(host)
    edit(host)
    before = contents(host)
    script = (host.root / "bin/docker").read_text()
    killed = script.replace('case "$*" in', f'case "$*" in *"{place}"*) kill -9 -"$(cat pgid)";; esac\ncase "$*" in', 1)
    (host.root / "bin/docker").write_text(killed)
    host.sh("-c", f"FILE={file} YES=yes setsid sh -c 'echo $$ > pgid; exec sh bootstrap/host/restore.sh'")
    assert (host.root / ".env.restore").exists()
    assert contents(host) != before
    (host.root / "bin/docker").write_text(script)
    refused = host.script("up")
    assert refused.returncode == 2
    assert "make restore was interrupted" in refused.stderr
    unsaved = host.script("backup", FILE="backups/two.tar")  # it might lack the data, of which a part is set aside
    assert unsaved.returncode == 2
    assert "make restore was interrupted" in unsaved.stderr
    assert not (host.root / "backups/two.tar").exists()
    host.sh("-c", "touch fails-replace-data")  # so that only the undoing is seen
    again = restore(host, file)
    assert "an earlier make restore was interrupted" in again.stderr
    assert strip_derived(contents(host)) == strip_derived(before)


@pytest.mark.parametrize("folder", ["../elsewhere/mine", "./lines/"])
def test_the_lines_are_restored_into_the_folder_that_the_restored_settings_name(host: Clone, folder: str) -> None:
    lines = host.root / folder
    if not lines.exists():
        lines.parent.mkdir()
        (host.root / "lines").rename(lines)
    env = host.env_file.read_text().replace("LINES_FOLDER=./lines", f"LINES_FOLDER={folder}")
    host.env_file.write_text(env)
    file = back_up(host)
    (lines / "coffee/line.toml").write_text("# another day\n")
    empty(host)
    done = restore(host, file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# another day" not in (lines / "coffee/line.toml").read_text()
    assert not [path for path in lines.parent.iterdir() if path.name.endswith((".replaced", ".restored"))]
