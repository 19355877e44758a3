"""`make clean`: what it says it deletes is what it deletes, and the calls' recordings survive it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    import subprocess

    from tests.unit.host.conftest import Clone

VOLUMES = set(compose_file()["volumes"])
DOCKER = """
echo "$@" >> asked
case "$*" in
    *"config --images") printf 'landline/agent:0.1.0\\nredis:8\\n' ;;
    "volume ls "*) echo "${*##*volume=}" | sed 's/^/ours_/' ;;
esac
"""


def make_clean(clone: Clone, **shell: str) -> subprocess.CompletedProcess[str]:
    clone.docker(DOCKER)
    clone.set()
    return clone.script("clean", **shell)


def told(stdout: str) -> tuple[set[str], set[str]]:
    """The volumes that are named above and below the line that says what is kept."""
    deleted, kept = stdout.split("It keeps:")
    return tuple(set(re.findall(r"^  the volume (\w+): .", part, re.M)) for part in (deleted, kept))  # type: ignore[return-value]


def asked(clone: Clone) -> str:
    return (clone.root / "asked").read_text()


def test_every_volume_is_named_and_the_data_of_the_calls_is_kept(clone: Clone) -> None:
    done = make_clean(clone, YES="yes")
    assert (done.returncode, done.stderr) == (0, "")
    deleted, kept = told(done.stdout)
    assert deleted | kept == VOLUMES
    assert kept == {"data"}
    assert set(re.findall(r"volume rm ours_(\w+)", asked(clone))) == deleted
    assert "down --volumes" not in asked(clone)
    assert "lines" in done.stdout.split("It keeps:")[1]


def test_the_data_is_deleted_when_it_is_asked_for_by_name(clone: Clone) -> None:
    done = make_clean(clone, YES="yes", DATA="yes")
    deleted, kept = told(done.stdout)
    assert deleted == VOLUMES
    assert kept == set()
    assert set(re.findall(r"volume rm ours_(\w+)", asked(clone))) == VOLUMES


def test_what_is_said_of_a_volume_is_what_compose_says_of_it(clone: Clone) -> None:
    done = make_clean(clone, YES="yes")
    block = (ROOT / "compose.yaml").read_text().split("\nvolumes:\n")[1]
    for name in VOLUMES:
        [comment] = re.findall(rf"^  {name}: +# (?:keep: )?(.+)$", block, re.M)
        assert f"the volume {name}: {comment}" in done.stdout


def test_only_volumes_of_this_project_are_looked_for(clone: Clone) -> None:
    make_clean(clone, YES="yes", COMPOSE_PROJECT_NAME="mine")
    looked = [line for line in asked(clone).splitlines() if line.startswith("volume ls")]
    assert looked
    assert all("--filter label=com.docker.compose.project=mine " in line for line in looked)


@pytest.mark.parametrize("shell", [{}, {"DATA": "yes"}])
def test_without_a_yes_nothing_is_deleted(clone: Clone, shell: dict[str, str]) -> None:
    done = make_clean(clone, **shell)
    assert done.returncode == 1
    assert "Nothing was deleted." in done.stdout
    assert not re.search(r" rm | down", asked(clone))


def test_another_word_than_yes_for_the_data_is_refused(clone: Clone) -> None:
    done = make_clean(clone, YES="yes", DATA="please")
    assert done.returncode == 2
    assert "DATA is 'please'" in done.stderr
    assert not (clone.root / "asked").exists()
