"""`make doctor CALL=…` and LAST=…, with a script in Docker's place that writes down what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.unit.host.conftest import Clone

DOCKER = """
echo "$@" >> asked
case "$*" in
    *"ps --quiet --status running agent"*) echo {agent} ;;
    *"compose ps --quiet"*) echo {up} ;;
    *" bootstrap explain") cat > given; for row in {told}; do echo "$row"; done; exit {code} ;;
    *"agent.worker.explain records"*) echo '{{"call": "SCL_a"}}' ;;
    *" agent.worker.explain") cat > question; echo "The line coffee answers the call."; exit {agents_code} ;;
    *" logs "*) echo "agent-1  | a row" ;;
esac
"""
CALL = "+12025550131 -> +12025550100 from 54.172.60.1"
QUESTION = '{"metadata": ""}'


def doctor(
    clone: Clone,
    *,
    told: str = f"'A call.' '{QUESTION}'",
    code: int = 0,
    agents_code: int = 0,
    agent: str = "agent",
    up: str = "livekit",
    **shell: str,
) -> subprocess.CompletedProcess[str]:
    clone.docker(DOCKER.format(told=told, code=code, agents_code=agents_code, agent=agent, up=up))
    clone.env_file.write_text("")
    return clone.script("doctor", **shell)


def read(clone: Clone, name: str) -> str:
    return (clone.root / name).read_text()


@pytest.mark.parametrize("agents_code", [0, 1])
def test_the_agent_is_asked_what_bootstrap_hands_it_and_says_the_last_sentence(clone: Clone, agents_code: int) -> None:
    done = doctor(clone, agents_code=agents_code, CALL=CALL)
    assert done.returncode == agents_code, done.stderr
    assert done.stdout == "A call.\nThe line coffee answers the call.\n"
    assert read(clone, "given") == f"CALL={CALL}\nNUMBERS=\n\n"
    assert read(clone, "question") == f"{QUESTION}\n"
    assert "202555" not in read(clone, "asked")  # which docker inspect and ps would show


def test_numbers_and_rows_of_a_call_reach_bootstrap_as_one_row_each(clone: Clone) -> None:
    doctor(clone, CALL="1 -> 2\nLAST=3", NUMBERS="yes")
    assert read(clone, "given") == "CALL=1 -> 2 LAST=3\nNUMBERS=yes\n\n"


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_call_that_reaches_no_agent_is_not_put_to_it(clone: Clone, code: int) -> None:
    done = doctor(clone, told="'It rings out.'", code=code, CALL=CALL)
    assert done.returncode == code
    assert done.stdout == "It rings out.\n"
    assert "worker.explain" not in read(clone, "asked")


@pytest.mark.parametrize(("code", "exits_with"), [(1, 3), (2, 2), (3, 3)])
def test_if_compose_fails_nothing_is_said_of_the_call(clone: Clone, code: int, exits_with: int) -> None:
    done = doctor(clone, told="", code=code, CALL=CALL)
    assert done.returncode == exits_with
    assert done.stdout == ""


def test_an_agent_that_is_not_there_is_told_of(clone: Clone) -> None:
    done = doctor(clone, agent="", CALL=CALL)
    assert done.returncode == 1
    assert done.stdout.endswith("The agent is not running, so nobody answers the call: run make up.\n")


def test_the_last_calls_are_told_from_records_and_logs(clone: Clone) -> None:
    done = doctor(clone, told="'13:00  line coffee: answered.'", LAST="5")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "13:00  line coffee: answered.\n"
    assert read(clone, "given") == 'LAST=5\nNUMBERS=\n\nrecord | {"call": "SCL_a"}\nagent-1  | a row\n'


def test_a_network_in_use_is_kept_although_env_has_another_subnet(clone: Clone) -> None:
    """Compose replaces a network that has changed, and takes it from every service."""
    clone.docker(
        """
case "$*" in
    "network inspect "*landline_default) echo "172.29.53.0/24 " ;;
    *" bootstrap explain") echo "asked with SUBNET=$SUBNET" ;;
    *"ps --quiet"*) echo id ;;
esac
"""
    )
    clone.set(SUBNET="172.29.77")
    assert clone.script("doctor", CALL=CALL).stdout == "asked with SUBNET=172.29.53\n"


@pytest.mark.parametrize(
    ("shell", "told"),
    [
        ({"CALL": CALL, "LAST": "5"}, "say which call"),
        ({"CALL": CALL, "up": ""}, "the line is not up. Run make up first."),
        ({"CALL": CALL, "NUMBERS": "true"}, "NUMBERS is 'true'; it has to be yes or no."),
        ({"CALL": CALL, "JSON": "yes"}, "JSON=yes is for make doctor by itself; leave it out to explain calls."),
    ],
)
def test_what_is_missing_is_said(clone: Clone, shell: dict[str, str], told: str) -> None:
    done = doctor(clone, **shell)  # type: ignore[arg-type]
    assert done.returncode == 2
    assert told in done.stderr
