"""`make setup` on the host: Docker is a script that runs the questions on the folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT
from tests.support.terminal import ENTER, LEAVE, at_a_terminal

if TYPE_CHECKING:
    from tests.unit.host.conftest import Clone

# Runs bootstrap where the container would, and writes down what the questions and the steps after them were asked.
DOCKER = """
echo "$@" >> asked
case "$*" in
    "run "*" setup")
        for given in "$@"; do
            case $given in
                *:/host) host=${{given%:/host}} ;;
                ENV_FILE=* | EXAMPLE=* | GIVEN=* | UNATTENDED=* | MEMORY=* | NEEDED=*) export "${{given?}}" ;;
            esac
        done
        export ENV_FILE="$host/${{ENV_FILE#/host/}}" GIVEN="$host/${{GIVEN#/host/}}" EXAMPLE="$PWD/.env.example"
        cp "$GIVEN" given; ls -l "$GIVEN" | cut -c 1-10 > mode
        [ ! -e leaves ] || exit 130
        PYTHONPATH={path} exec {python} -m bootstrap setup ;;
    *"bootstrap plan") exit 0 ;;
    *"agent --check --probe") echo COMPOSE_PROFILES= ;;
    *"bootstrap numbers") echo coffee +12025550100 ;;
    *"bootstrap console") echo "In Twilio's console:" ;;
    *" phone call "*) [ ! -e silent ] || exit 11; echo "good: 1 of 1 answered" ;;
    *"ps --quiet --status running agent") echo 0123 ;;
    *"config --images") printf 'landline/agent:0.1.0\\nlandline/bootstrap:0.1.0\\n' ;;
    "version "*) echo 28.0.0 ;;
    "compose version"*) echo 2.40.0 ;;
    *MemTotal*) echo 8000000000 ;;
    *SystemTime*) date -u +%Y-%m-%dT%H:%M:%SZ ;;
    *DockerRootDir*) echo /not/here ;;
esac
"""


@pytest.fixture(autouse=True)
def _docker(clone: Clone) -> None:
    clone.docker(DOCKER.format(path=ROOT / "bootstrap/src", python=sys.executable))


def make(clone: Clone, *arguments: str, **exported: str) -> subprocess.CompletedProcess[str]:
    """Run make without a terminal."""
    env = {"PATH": f"{clone.root}/bin:{os.environ['PATH']}", **exported}
    command = ["make", "setup", *arguments]
    return subprocess.run(command, cwd=clone.root, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def asked(clone: Clone) -> list[str]:
    file = clone.root / "asked"
    return file.read_text().splitlines() if file.exists() else []


def files(clone: Clone) -> set[str]:
    return {str(path.relative_to(clone.root)) for path in clone.root.rglob("*")} - {"asked", "given", "mode"}


def test_a_fresh_clone_is_set_up_started_and_called_without_a_question(clone: Clone) -> None:
    done = make(clone, "YES=yes")
    assert done.returncode == 0, done.stderr
    steps = ["setup", "compose up --detach --wait", "phone call"]
    places = [next(at for at, command in enumerate(asked(clone)) if step in command) for step in steps]
    assert places == sorted(places)
    assert "good: 1 of 1 answered" in done.stdout
    assert clone.env()["PHONE_NUMBERS"] == "+12025550100"
    assert clone.env_file.stat().st_mode & 0o777 == 0o600


def test_without_a_terminal_it_says_so_and_changes_nothing(clone: Clone) -> None:
    before = files(clone)
    done = make(clone)
    assert done.returncode == 2
    assert "there is no terminal here. Nothing was changed." in done.stderr
    assert "YES=yes" in done.stderr
    assert files(clone) == before
    assert asked(clone) == []


@pytest.mark.parametrize("given", ["YES=maybe", "PHONE_NUMBERS=2025550111", "DOMIAN=x", "PHONE_NUMBERS=1\n2"])
def test_what_is_wrong_is_refused_and_changes_nothing(clone: Clone, given: str) -> None:
    before = files(clone)
    done = make(clone, *dict.fromkeys(["YES=yes", given]))
    assert done.returncode == 2
    assert "hanged" in done.stderr  # nothing was
    assert files(clone) == before
    assert not [command for command in asked(clone) if "compose up" in command or " rm " in command]


def test_an_env_that_is_wrong_is_refused_before_anything_is_built(clone: Clone) -> None:
    clone.set(PHONE_NUMBERS='"+12025550111"')
    before = clone.env_file.read_bytes()
    done = make(clone, "YES=yes")
    assert done.returncode == 2
    assert "PHONE_NUMBERS has quotes in its value" in done.stderr
    assert clone.env_file.read_bytes() == before
    assert not [command for command in asked(clone) if "build" in command]


def test_answers_in_advance_are_private_and_reach_no_command_line(clone: Clone) -> None:
    key = "sk-known-to-nobody"
    done = make(clone, "YES=yes", "PHONE_NUMBERS=+12025550111", OPENAI_API_KEY=key, LOG_LEVEL="debug", HOME="/")
    assert done.returncode == 0, done.stderr
    given = (clone.root / "given").read_text().splitlines()
    assert "make PHONE_NUMBERS=+12025550111" in given
    assert f"shell OPENAI_API_KEY={key}" in given
    assert (clone.root / "mode").read_text().strip() == "-rw-------"
    assert clone.env()["OPENAI_API_KEY"] == key
    assert clone.env()["LOG_LEVEL"] == "info"  # it is none of those that are asked for
    assert key not in done.stdout + done.stderr + "\n".join(asked(clone))
    assert not (clone.root / ".env.given").exists()


@pytest.mark.parametrize(("user", "may"), [("1000", ""), ("0", "--cap-add DAC_OVERRIDE ")])
def test_what_the_container_may_do_is_little(clone: Clone, user: str, may: str) -> None:
    """It writes into the folder of whoever typed this; as root, also into one that belongs to somebody else."""
    clone.command("id", f"echo {user}")
    make(clone, "YES=yes")
    [run] = [command for command in asked(clone) if command.startswith("run ") and command.endswith(" setup")]
    assert f"--user {user}:{user} --cap-drop ALL {may}--security-opt no-new-privileges:true" in run
    assert "docker.sock" not in run
    assert "--network" not in run
    assert "--tty" not in run
    assert "--interactive" not in run  # what stands on make's standard input is for somebody else


@pytest.mark.parametrize(("settings", "more"), [({}, ""), ({"NO_PROXY_FOR": "llm.example.com"}, ",llm.example.com")])
def test_a_server_beside_the_container_is_asked_without_dockers_proxy(
    clone: Clone, settings: dict[str, str], more: str
) -> None:
    if settings:
        clone.set(**settings)
    make(clone, "YES=yes")
    [run] = [command for command in asked(clone) if command.startswith("run ") and command.endswith(" setup")]
    for name in ("NO_PROXY", "no_proxy"):
        assert f"--env {name}=localhost,127.0.0.1,host.docker.internal{more} " in run


def test_an_env_that_is_a_link_is_not_taken_for_a_missing_one(
    clone: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "settings"
    elsewhere.write_text("PHONE_NUMBERS=+12025550111\n")
    clone.env_file.symlink_to(elsewhere)
    done = make(clone, "YES=yes", "PHONE_NUMBERS=+12025550122")
    assert done.returncode == 2
    assert ".env is a link. Nothing was changed." in done.stderr
    assert clone.env_file.is_symlink()
    assert not [command for command in asked(clone) if "build" in command]


def test_after_an_interrupted_restore_nothing_is_asked(clone: Clone) -> None:
    clone.set(PHONE_NUMBERS="+12025550111")
    (clone.root / ".env.restore").mkdir()
    done = make(clone, "YES=yes", "PHONE_NUMBERS=+12025550122")
    assert done.returncode == 2
    assert "make restore was interrupted" in done.stderr
    assert clone.env_file.read_text() == "PHONE_NUMBERS=+12025550111\n"


def test_an_interruption_without_questions_starts_nothing(clone: Clone) -> None:
    (clone.root / "leaves").touch()
    done = make(clone, "YES=yes")
    assert done.returncode == 2
    assert "goes on from there" not in done.stdout  # nothing was written
    assert not [command for command in asked(clone) if "compose up" in command]
    assert not (clone.root / ".env.given").exists()


def test_a_call_that_was_not_answered_well_is_a_failure(clone: Clone) -> None:
    (clone.root / "silent").touch()
    done = clone.script("setup", YES="yes")
    assert done.returncode == 11
    assert "the line is up, but its first call did not go well" in done.stderr


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ""),
        ({"PUBLIC_IP": "198.51.100.7"}, "In Twilio's console:"),
        (
            {"PUBLIC_IP": "198.51.100.7", "TRUNK_PROVIDER": "generic", "ALLOWED_ADDRESSES": "192.88.99.1"},
            "What is left: at your trunk provider",
        ),
    ],
)
def test_it_ends_with_what_is_left_to_do_by_hand(clone: Clone, settings: dict[str, str], told: str) -> None:
    done = make(clone, "YES=yes", *[f"{name}={value}" for name, value in settings.items()])
    assert done.returncode == 0, done.stderr
    after_the_call = done.stdout.partition("good: 1 of 1 answered\n")[2]
    assert told in after_the_call
    assert told or not after_the_call.strip()


def test_leaving_is_told_and_starts_nothing(clone: Clone) -> None:
    environment = {"PATH": f"{clone.root}/bin:{os.environ['PATH']}"}
    with at_a_terminal(["sh", "bootstrap/host/setup.sh"], clone.root, environment) as terminal:
        terminal.read_until("This host's name")
        terminal.type(LEAVE)
        assert terminal.wait() == 130, terminal.shown
    assert "make setup goes on from there" in terminal.shown
    assert not [command for command in asked(clone) if "compose up" in command]
    assert not (clone.root / ".env.given").exists()


def test_a_terminal_that_is_closed_ends_the_questions(clone: Clone) -> None:
    """Docker passes the signal on to the container, whose first process would ignore it by default."""
    given = clone.root / "given-in-advance"
    given.touch()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bootstrap/src"), "UNATTENDED": "no", "MEMORY": "8000"}
    environment |= {"NEEDED": "3000", "ENV_FILE": ".env", "EXAMPLE": ".env.example", "GIVEN": str(given)}
    program = [sys.executable, "-m", "bootstrap", "setup"]
    with at_a_terminal(program, clone.root, environment) as terminal:
        terminal.read_until("This host's name")
        terminal.signal(signal.SIGHUP)
        assert terminal.wait() == 130, terminal.shown


def test_at_a_terminal_the_container_gets_it(clone: Clone) -> None:
    environment = {"PATH": f"{clone.root}/bin:{os.environ['PATH']}"}
    with at_a_terminal(["sh", "bootstrap/host/setup.sh"], clone.root, environment) as terminal:
        for question in ("This host's name", "Who hears", "Its numbers"):
            terminal.read_until(question)
            terminal.type(ENTER)
        assert terminal.wait() == 0, terminal.shown
    assert "good: 1 of 1 answered" in terminal.shown
    [run] = [command for command in asked(clone) if command.startswith("run ") and command.endswith(" setup")]
    assert "--interactive --tty" in run
