"""`make dial`, with a script in Docker's place that writes down what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.unit.host.conftest import Clone

DOCKER = """
echo "$@" >> asked
case "$*" in
    *"compose ps"*) echo {agent} ;;
    *" exec "*) echo "The call was placed."; exit {code} ;;
esac
"""
TO, PURPOSE = "+12025550123", "Her table is ready; say 'hello'."


def make_dial(clone: Clone, code: int = 0, agent: str = "agent", **shell: str) -> subprocess.CompletedProcess[str]:
    clone.docker(DOCKER.format(code=code, agent=agent))
    clone.env_file.write_text("")
    return clone.script("dial", **shell)


def asked(clone: Clone) -> str:
    return (clone.root / "asked").read_text()


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_agent_is_asked_in_its_own_container_and_its_exit_code_kept(clone: Clone, code: int) -> None:
    done = make_dial(clone, code, TO=TO, PURPOSE=PURPOSE, NAME="Anna", LINE="coffee")
    assert done.returncode == code
    assert done.stdout == "The call was placed.\n"
    given = f"--env TO={TO} --env PURPOSE={PURPOSE} --env NAME=Anna --env LINE=coffee"
    assert f"compose exec -T {given} agent python -m agent.worker.dial" in asked(clone)


@pytest.mark.parametrize(("to", "purpose", "missing"), [("", PURPOSE, "TO is not set"), (TO, "", "PURPOSE is not set")])
def test_what_is_missing_is_named_before_anything_is_asked(clone: Clone, to: str, purpose: str, missing: str) -> None:
    done = make_dial(clone, TO=to, PURPOSE=purpose)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {missing}")
    assert not (clone.root / "asked").exists()


def test_a_line_that_is_down_is_said_to_be(clone: Clone) -> None:
    done = make_dial(clone, agent="", TO=TO, PURPOSE=PURPOSE)
    assert done.returncode == 2
    assert "the line is not up. Run make up first." in done.stderr
