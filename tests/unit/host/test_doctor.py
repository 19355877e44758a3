"""`make doctor`: which facts the shell finds out and hands to the container, and what it says without one.

Docker is a script that says what the test wants, and writes down what it was asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bootstrap.doctor.facts import Facts

if TYPE_CHECKING:
    import subprocess

    from tests.unit.host.conftest import Clone

DOCKER = r"""
echo "$@" >> asked
case "$*" in
    *"compose version --short") echo 2.40.3 ;;
    "version --format {{.Server.Version}}") echo 28.5.1 ;;
    *OperatingSystem*) echo "Debian GNU/Linux 13 [name=seccomp,profile=builtin]" ;;
    *NCPU*) echo 4 ;;
    *MemTotal*) echo 8000000000 ;;
    *DockerRootDir*) echo / ;;
    "ps --filter publish=443/tcp "*) echo "other other-caddy-1" ;;
    "ps --filter publish="*) ;;
    "ps --all --quiet"*) echo "idsip idagent" ;;
    "ps --quiet"*"service=person"*) ;;
    "ps --quiet"*"service="*) echo "$*" | sed 's/.*compose.service=\([a-z]*\).*/id\1/' ;;
    "inspect --format"*)
        echo "SERVICE=sip state=running health=healthy restarts=0 address=172.29.53.4,10.9.0.2, advertises=54.1.2.3"
        echo "PUBLISHED=sip 5060/udp 0.0.0.0"
        echo
        echo "SERVICE=agent state=running health= restarts=4 address=172.29.53.5, advertises=" ;;
    *"--dry-run --progress plain create"*)
        echo ' DRY-RUN MODE -  Container landline-sip-1  Running' >&2
        echo ' DRY-RUN MODE -  Container landline-agent-1  Recreate' >&2
        echo ' DRY-RUN MODE -  Container landline-agent-1  Recreated' >&2 ;;
    *"date +%s") date +%s ;;
    "exec idredis"*)
        printf 'PONG\naof_enabled:1\r\naof_last_write_status:ok\r\nmaxmemory-policy\nnoeviction\n'
        printf 'id=3 addr=172.29.53.3:40000 laddr=172.29.53.2:6379 name=\nid=4 addr=127.0.0.1:1 x=\nST_a\nST_b\n' ;;
    "exec idcaddy"*) echo yes ;;
    "exec idagent python -m agent.worker.examine") echo '{"registered": true}' ;;
    "network ls"*) echo net ;;
    "network inspect --format"*) echo "other_default 172.29.0.0/16" ;;
    "logs "*) echo AUDIO_PROBE=10099 ;;
    *" doctor"*) cat > facts; echo "report of $*"; exit ${CODE:-0} ;;
esac
"""

WITHOUT_NETWORK = DOCKER.replace('"network ls"*)', '"network inspect landline_default") exit 1 ;;\n"network ls"*)')
IP = """
case "$*" in
    *"route get"*) echo "192.0.2.1 via 10.0.0.1 dev e src 10.0.0.5 uid 1000" ;;
    *route*) echo default via 10.0.0.1 ;;
    *) echo "2: e inet 10.0.0.5/24 x"; echo "3: tailscale0 inet 100.64.3.4/32 x" ;;
esac
"""


def doctor(
    clone: Clone, docker: str = DOCKER, settings: str | None = "", **shell: str
) -> subprocess.CompletedProcess[str]:
    clone.docker(docker)
    clone.command("ip", IP)
    clone.command("timedatectl", "echo yes")
    clone.command("systemctl", "echo enabled")
    if settings is not None:
        clone.make_env()
        rows = clone.env_file.read_text()
        for row in settings.split():
            name, _, _ = row.partition("=")
            rows = "\n".join(row if line.startswith(f"{name}=") else line for line in rows.splitlines()) + "\n"
        clone.env_file.write_text(rows)
        (clone.root / "asked").unlink(missing_ok=True)
    return clone.script("doctor", **shell)


def facts(clone: Clone) -> Facts:
    return Facts((clone.root / "facts").read_text())


def asked(clone: Clone, what: str) -> list[str]:
    return [line for line in (clone.root / "asked").read_text().splitlines() if what in line]


def test_the_container_gets_the_facts_and_its_report_is_all_that_is_printed(clone: Clone) -> None:
    done = doctor(clone)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "report of compose --progress quiet run --rm --no-deps -T bootstrap doctor\n"
    there = facts(clone)
    assert there.get("ENGINE_VERSION") == "28.5.1"
    assert there.get("COMPOSE_VERSION") == "2.40.3"
    assert there.get("ENGINE_KIND") == "linux"
    assert (there.number("CPUS"), there.number("MEMORY_MB")) == (4, 8000)
    assert there.number("DISK_FREE_MB")
    assert (there.get("ENV_FILE"), there.get("ENV_MODE"), there.get("ENV_ROWS_WRONG")) == ("yes", "-rw-------", "0")
    assert (there.get("SIP_PORT"), there.get("RTP_PORTS"), there.get("SITE")) == ("5060", "10000-10099", "localhost")
    assert (there.get("CLOCK_SYNCHRONIZED"), there.get("STARTS_AT_BOOT")) == ("yes", "yes")
    assert (there.get("IPV4_ROUTE"), there.all("HOST_ADDRESS")) == ("yes", ["10.0.0.5", "100.64.3.4"])
    assert there.get("OUTGOING_ADDRESS") == "10.0.0.5"
    assert there.get("SUBNET_TAKEN") == "other_default"
    assert there.get("ADDRESS_SERVICES").startswith("https://")
    assert (there.get("MIN_ENGINE"), there.number("MEMORY_NEEDED_MB")) == ("25.0", 1100)
    assert [(one.variable, one.port, one.by_container, one.holder) for one in there.taken] == [
        ("HTTPS_PORT", "443/tcp", True, "other-caddy-1")
    ]


def test_a_container_is_told_with_its_state_and_whether_it_has_the_settings_of_now(clone: Clone) -> None:
    doctor(clone)
    there = facts(clone)
    sip, agent = there.services["sip"], there.services["agent"]
    assert (sip.is_up, sip.addresses, sip.advertises) == (True, ("172.29.53.4", "10.9.0.2"), "54.1.2.3")
    assert (agent.is_up, agent.restarts, agent.health) == (True, 4, "")
    assert (there.get("COMPOSE_WAS_ASKED"), set(there.all("REPLACED"))) == ("yes", {"agent"})
    assert there.published == {("sip", "5060/udp", "0.0.0.0")}
    assert set(there.clocks) == {"redis", "livekit", "sip", "agent"}
    assert all(abs(ahead) <= 1 for ahead in there.clocks.values())
    assert (there.get("REDIS_PING"), there.get("REDIS_SAVES"), there.get("REDIS_POLICY")) == (
        *("PONG", "on ok"),
        "noeviction",
    )
    assert there.all("REDIS_CLIENT") == ["172.29.53.3", "127.0.0.1"]
    assert there.all("REDIS_TRUNK") == ["ST_a", "ST_b"]
    assert (there.get("CERTIFICATES"), there.get("AGENT")) == ("yes", '{"registered": true}')


def test_json_and_the_containers_exit_code_are_passed_on(clone: Clone) -> None:
    for code in (1, 2):
        done = doctor(clone, JSON="yes", CODE=str(code))
        assert (done.returncode, facts(clone).get("JSON")) == (code, "yes")
    assert "JSON is 'maybe'; it has to be yes or no" in doctor(clone, JSON="maybe").stderr


def test_nothing_is_changed_but_the_doctors_own_image(clone: Clone) -> None:
    doctor(clone)
    before = clone.env_file.read_text()
    doctor(clone, settings=None)
    assert clone.env_file.read_text() == before
    for command in asked(clone, ""):
        if "--dry-run" in command:
            continue
        assert not any(f" {verb} " in f" {command} " for verb in ("up", "down", "stop", "restart", "kill", "create"))
    assert all("bootstrap" in command for command in asked(clone, " build"))
    assert not asked(clone, "docker.sock")


def test_the_network_that_compose_would_leave_behind_is_removed(clone: Clone) -> None:
    doctor(clone)
    assert not asked(clone, "network rm")
    doctor(clone, docker=WITHOUT_NETWORK.replace('echo "other_default', 'echo "landline_default'))
    assert asked(clone, "network rm landline_default")


def test_a_second_container_listens_for_audio_only_if_the_line_is_open_to_others(clone: Clone) -> None:
    doctor(clone)
    assert not asked(clone, "bootstrap.doctor.echo")
    doctor(clone, settings="ADVERTISED_IP=54.1.2.3")
    [echo] = asked(clone, "bootstrap.doctor.echo")
    assert "--network container:idsip" in echo
    assert echo.endswith("-m bootstrap.doctor.echo 10000-10099")
    assert facts(clone).number("AUDIO_PROBE") == 10099
    name = echo.partition("--name ")[2].partition(" ")[0]
    assert asked(clone, f"rm --force {name}")
    doctor(clone, settings="ADVERTISED_IP=54.1.2.3")
    assert not asked(clone, f"--name {name} "), "the container of another doctor would be removed"


def test_no_secret_is_among_the_facts(clone: Clone) -> None:
    canary = "canary0123456789canary0123456789"
    names = ("LIVEKIT_API_SECRET", "REDIS_PASSWORD", "OPENAI_API_KEY", "SIP_PASSWORD", "API_TOKEN")
    done = doctor(clone, settings=" ".join(f"{name}={canary}" for name in names))
    assert canary in clone.env_file.read_text()
    assert canary not in (clone.root / "facts").read_text() + done.stdout + done.stderr
    assert canary not in (clone.root / "asked").read_text()


def test_rows_that_are_not_as_they_should_be_are_counted_and_not_shown(clone: Clone) -> None:
    doctor(clone, settings='PHONE_NUMBERS="+12025550123" NETWORK=bus SIP_PORT=many')
    assert facts(clone).number("ENV_ROWS_WRONG") == 3
    assert "2025550123" not in (clone.root / "facts").read_text()


@pytest.mark.parametrize(
    ("edited", "newer"),
    [
        ("OPENAI_API_KEY=sk-new", "yes"),
        ("RTP_PORT_RANGE=20000-20099", "yes"),
        ("PUBLIC_IP=54.1.2.3", "yes"),
        ("DOMAIN=line.example.com NETWORK=host", "yes"),
        ("", "no"),
    ],
)
def test_an_env_that_was_edited_after_make_up_is_newer_than_what_follows_from_it(
    clone: Clone, edited: str, newer: str
) -> None:
    doctor(clone, settings=edited)
    assert facts(clone).get("ENV_IS_NEWER") == newer


def test_a_public_address_that_was_taken_out_of_env_is_a_change(clone: Clone) -> None:
    clone.make_env()
    clone.env_file.write_text(clone.env_file.read_text().replace("PUBLIC_IP=\n", "PUBLIC_IP=54.1.2.3\n"))
    clone.make_env()
    doctor(clone, settings=None)
    assert (facts(clone).get("ADVERTISED_IP"), facts(clone).get("ENV_IS_NEWER")) == ("54.1.2.3", "no")
    clone.env_file.write_text(clone.env_file.read_text().replace("PUBLIC_IP=54.1.2.3\n", "PUBLIC_IP=\n"))
    doctor(clone, settings=None)
    assert facts(clone).get("ENV_IS_NEWER") == "yes"


def test_rows_are_counted_in_a_folder_with_a_space_in_its_name(clone: Clone) -> None:
    clone.make_env()
    (clone.root / "my lines").mkdir()
    (clone.root / "my lines/secrets.env").write_text('KEY="quoted"\n')
    clone.env_file.write_text(clone.env_file.read_text().replace("LINES_FOLDER=./lines\n", "LINES_FOLDER=./my lines\n"))
    doctor(clone, settings=None)
    assert facts(clone).number("ENV_ROWS_WRONG") == 1


def test_a_network_in_use_is_kept_although_env_has_another_subnet(clone: Clone) -> None:
    """Compose replaces a network that has changed, and takes it from every service."""
    tells = DOCKER.replace('echo "report of $*"', 'echo "report with SUBNET=$SUBNET"')
    there = '*"network inspect"*landline_default) echo "172.29.53.0/24 " ;;\n"network ls"*)'
    done = doctor(clone, docker=tells.replace('"network ls"*)', there), settings="SUBNET=172.29.77")
    assert done.stdout == "report with SUBNET=172.29.53\n"


def test_a_subnet_that_another_network_has_is_no_hindrance(clone: Clone) -> None:
    """Compose could not make the network in which the container looks."""
    done = doctor(clone, docker=WITHOUT_NETWORK)
    assert done.stdout.startswith("report of run --rm --interactive --network bridge ")
    assert (facts(clone).get("ENV_IS_USABLE"), facts(clone).get("SUBNET_TAKEN")) == ("no", "other_default")
    done = doctor(clone, docker=WITHOUT_NETWORK.replace('echo "other_default', 'echo "landline_default'))
    assert done.stdout.endswith("bootstrap doctor\n")


def test_without_env_the_container_gets_what_the_host_alone_tells(clone: Clone) -> None:
    done = doctor(clone, settings=None)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("report of run --rm --interactive --network landline_default ")
    assert (facts(clone).get("ENV_FILE"), facts(clone).get("ENGINE_VERSION")) == ("no", "28.5.1")
    assert not clone.env_file.exists()


def test_an_env_that_compose_cannot_read_is_no_hindrance(clone: Clone) -> None:
    broken = DOCKER.replace('"network ls"*)', '*"config --quiet"*) exit 1 ;;\n"network ls"*)')
    done = doctor(clone, docker=broken)
    assert done.stdout.startswith("report of run --rm --interactive --network landline_default ")
    assert (facts(clone).get("ENV_FILE"), facts(clone).get("ENV_IS_USABLE")) == ("yes", "no")
    done = doctor(clone, docker=broken, settings="NETWORK=host")
    assert " --network landline_default --add-host sip:172.29.53.1 " in done.stdout


def test_checks_that_cannot_be_run_are_no_warning(clone: Clone) -> None:
    broken = '*" doctor"*) echo "no space left on device" >&2; exit 1 ;;\n"network ls"*)'
    done = doctor(clone, docker=DOCKER.replace('"network ls"*)', broken))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "no space left on device",
        "error: the checks could not be run. The reason is above.",
    ]


def test_the_agent_is_asked_in_a_container_of_its_own_if_it_does_not_run(clone: Clone) -> None:
    gone = DOCKER.replace('"exec idagent python', '"exec idagent python"*) exit 1 ;;\n"exec nobody')
    report = '*"--entrypoint python agent -m agent.worker.examine") echo "{\\"registered\\": false}" ;;\n'
    doctor(clone, docker=gone.replace('"network ls"*)', report + '"network ls"*)'))
    assert facts(clone).get("AGENT") == '{"registered": false}'


@pytest.mark.parametrize(
    ("docker", "sentence"),
    [
        ('case "$1" in info) exit 1 ;; esac', "No Docker Engine answers."),
        (
            'case "$1" in info) echo permission denied >&2; exit 1 ;; esac',
            "The Docker Engine is running, but this user",
        ),
        ('case "$1" in compose) exit 1 ;; esac', "Docker is installed, but its compose plugin is not."),
    ],
)
def test_without_an_engine_the_one_thing_that_is_known_is_said_as_the_doctor_would(
    clone: Clone, docker: str, sentence: str
) -> None:
    done = doctor(clone, docker=docker, settings=None)
    assert done.returncode == 2
    assert f"FAIL host.engine                {sentence}" in done.stdout
    assert "-> " in done.stdout
    told = json.loads(doctor(clone, docker=docker, settings=None, JSON="yes").stdout)
    assert told["worst"] == "fail"
    [check] = told["checks"]
    assert (check["id"], check["level"]) == ("host.engine", "fail")
    assert check["sentence"].startswith(sentence)
    assert check["cure"]


def test_an_engine_that_hangs_is_not_waited_for(clone: Clone) -> None:
    clone.command("timeout", 'case "$*" in "20 docker info") exit 124 ;; esac; shift; exec "$@"')
    done = doctor(clone, settings=None)
    assert done.returncode == 2
    assert "FAIL host.engine                The Docker Engine does not answer within 20 s.\n" in done.stdout
    assert "-> Restart it (sudo systemctl restart docker, or quit and open Docker Desktop)" in done.stdout
