"""The order of `make up`, and `make check`: Docker is a script that writes down what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.host.conftest import Clone

DOCKER = """
echo "$@" >> asked
case "$*" in
    *"bootstrap plan") exit {plan} ;;
    *"agent --check --probe"*) echo "{check}"; exit {checked} ;;
    *"bootstrap numbers") echo coffee +12025550100 ;;
    *"config --images") printf 'landline/agent:0.1.0\\nredis:8\\nlandline/bootstrap:0.1.0\\n' ;;
    "image inspect "*) exit {images} ;;
    "network inspect "*) exit {network} ;;
    "version "*) echo 28.0.0 ;;
    "compose version"*) echo 2.40.0 ;;
    *MemTotal*) echo 8000000000 ;;
    *DockerRootDir*) echo /not/here ;;
esac
"""


def docker(
    clone: Clone,
    plan: int = 0,
    check: str = "COMPOSE_PROFILES=local",
    checked: int = 0,
    images: int = 0,
    network: int = 0,
) -> None:
    clone.docker(DOCKER.format(plan=plan, check=check, checked=checked, images=images, network=network))


def asked(clone: Clone) -> list[str]:
    return [line.replace("--progress quiet ", "") for line in (clone.root / "asked").read_text().splitlines()]


def at(clone: Clone, what: str) -> int:
    [first, *_] = [number for number, line in enumerate(asked(clone)) if what in line]
    return first


def test_settings_are_checked_before_the_rest_is_built_and_anything_is_started(clone: Clone) -> None:
    docker(clone)
    done = clone.script("up")
    assert done.returncode == 0, done.stderr
    order = ["compose build bootstrap agent", "bootstrap plan", "agent --check", "compose up"]
    places = [at(clone, step) for step in order]
    assert places == sorted(places)
    assert places[2] < asked(clone).index("compose build") < places[3]
    assert "coffee     +12025550100" in done.stdout


@pytest.mark.parametrize("profile", ["local", ""])
def test_the_profile_that_the_agent_names_is_written_down(clone: Clone, profile: str) -> None:
    clone.set(COMPOSE_PROFILES="" if profile else "local", LIVEKIT_API_SECRET="s" * 40)
    docker(clone, check=f"COMPOSE_PROFILES={profile}")
    assert clone.script("up").returncode == 0
    assert clone.env()["COMPOSE_PROFILES"] == profile
    assert ("compose --profile local rm --stop --force speech" in asked(clone)) == (profile == "")
    assert "compose --profile metrics rm --stop --force prometheus" in asked(clone)
    before = clone.env_file.read_bytes()
    assert clone.make_env().returncode == 0
    assert clone.env_file.read_bytes() == before


@pytest.mark.parametrize(("profile", "on"), [("local", "local,metrics"), ("", "metrics")])
@pytest.mark.parametrize("port", ["", "9191"])
def test_prometheus_is_on_if_the_settings_say_so_and_told_of_at_the_end(
    clone: Clone, profile: str, on: str, port: str
) -> None:
    clone.set(METRICS="yes", METRICS_PORT=port, COMPOSE_PROFILES="local,metrics")
    docker(clone, check=f"COMPOSE_PROFILES={profile}")
    done = clone.script("up")
    assert done.returncode == 0, done.stderr
    assert clone.env()["COMPOSE_PROFILES"] == on
    assert not any("rm --stop --force prometheus" in command for command in asked(clone))
    assert ("http://127.0.0.1:9191, on this machine only" if port else "METRICS_PORT in .env opens it") in done.stdout
    assert ("embedded models, on this machine" in done.stdout) == (profile == "local")
    before = clone.env_file.read_bytes()
    assert clone.make_env().returncode == 0
    assert clone.env_file.read_bytes() == before


@pytest.mark.parametrize("verb", ["up", "check"])
def test_a_provider_that_does_not_answer_is_a_warning_and_no_failure(clone: Clone, verb: str) -> None:
    docker(clone, check='COMPOSE_PROFILES="; echo "warning: nobody answers" >&2; : "')
    done = clone.script(verb)
    assert done.returncode == 0, done.stderr
    assert "warning: nobody answers" in done.stderr


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"PUBLIC_IP": "54.1.2.3"}, True),
        ({"PUBLIC_IP": "54.1.2.3", "TWILIO_ACCOUNT_SID": "AC1"}, False),
        ({"PUBLIC_IP": "54.1.2.3", "TRUNK_PROVIDER": "telnyx"}, False),
        ({}, False),
    ],
)
def test_whoever_has_to_make_the_trunk_at_twilio_by_hand_is_told_how(
    clone: Clone, settings: dict[str, str], told: bool
) -> None:
    clone.set(**settings)
    docker(clone)
    done = clone.script("up")
    assert done.returncode == 0, done.stderr
    assert ("bootstrap console prints what to enter" in done.stdout) == told


@pytest.mark.parametrize(
    ("logged", "told"),
    [
        ("2026-11-27T09:30:00.123+00:00 WARNING bootstrap: Twilio did not answer.", "warning: Twilio did not answer."),
        ('{"time": "…", "level": "warning", "message": "a"}', '{"time": "…", "level": "warning", "message": "a"}'),
        ("2026-11-27T09:30:00.123+00:00 INFO    bootstrap: done: create trunk", ""),
    ],
)
def test_what_bootstrap_warns_of_is_seen(clone: Clone, logged: str, told: str) -> None:
    docker(clone)
    script = (clone.root / "bin/docker").read_text()
    (clone.root / "bin/docker").write_text(
        script.replace(
            "case",
            f"""case "$*" in
    *"{{{{.SystemTime}}}}"*) echo 2026-11-27T09:29:00Z; exit ;;
    *"--since 2026-11-27T09:29:00Z bootstrap") echo '{logged}'; exit ;;
esac
case""",
            1,
        )
    )
    done = clone.script("up")
    assert done.returncode == 0
    assert done.stderr.strip() == told


@pytest.mark.parametrize("wrong", [{"plan": 2}, {"checked": 2}, {"check": "something else"}])
@pytest.mark.parametrize("verb", ["up", "check"])
def test_wrong_settings_touch_nothing_that_runs(clone: Clone, verb: str, wrong: dict[str, int]) -> None:
    docker(clone, **wrong)  # type: ignore[arg-type]
    done = clone.script(verb)
    assert done.returncode == 2
    assert "agent --check" in "".join(asked(clone))  # both check, so that one report has everything
    touching = ("compose up", "compose stop", "compose --profile local rm")
    assert not [line for line in asked(clone) if line.startswith(touching)]
    assert "compose build" not in asked(clone)


def test_the_watcher_rests_from_the_checks_on_until_everything_else_is_up(clone: Clone) -> None:
    docker(clone)
    assert clone.script("up").returncode == 0
    order = ["agent --check", "compose stop watch", "compose up --detach --wait"]
    places = [at(clone, step) for step in order]
    assert places == sorted(places)
    assert not [line for line in asked(clone) if line.startswith("start ")]  # it comes up with the others


WATCHER = '"compose ps --all --quiet watch") echo 1f2e3d ;;'


def docker_whose_compose_up(clone: Clone, *cases: str) -> None:
    """A Docker with these answers before the usual ones."""
    script = DOCKER.replace("*MemTotal*)", "\n    ".join([*cases, WATCHER, "*MemTotal*)"]))
    clone.docker(script.format(plan=0, check="COMPOSE_PROFILES=", checked=0, images=0, network=0))


def test_what_still_runs_is_watched_as_before_when_the_line_does_not_come_up(clone: Clone) -> None:
    states = "printf 'agent unhealthy 0 running\\nwatch  0 exited\\ncaddy  0 created\\n'"
    docker_whose_compose_up(clone, '"compose up "*) exit 1 ;;', f'"compose ps --all --format"*) {states} ;;')
    done = clone.script("up")
    assert done.returncode == 2
    assert "what failed are above (agent)" in done.stderr
    assert "compose logs --tail 30 --no-color agent" in [row.strip() for row in asked(clone)]
    # Not by Compose, which would wait for the agent to be healthy, and for bootstrap to run again.
    assert at(clone, "compose up") < at(clone, "start 1f2e3d")
    assert "compose start watch" not in asked(clone)


def test_what_still_runs_is_watched_as_before_when_make_up_is_interrupted(clone: Clone) -> None:
    docker_whose_compose_up(clone, '"compose up "*) kill -TERM "$PPID"; exit 130 ;;')
    assert clone.script("up").returncode == 130
    assert at(clone, "compose up") < at(clone, "start 1f2e3d")


def test_a_rootless_engine_is_refused_ports_of_roots_before_anything_is_built(clone: Clone) -> None:
    preflight = clone.root / "bootstrap/host/_preflight.sh"
    first = clone.root / "first"
    first.write_text("1024\n")
    script = preflight.read_text()
    preflight.write_text(script.replace("/proc/sys/net/ipv4/ip_unprivileged_port_start", str(first)))
    rootless = '*SecurityOptions*) echo "Ubuntu [name=seccomp name=rootless]" ;;'
    clone.docker(
        DOCKER.replace("case", 'case "$*" in {options} esac\ncase', 1).format(
            plan=0, check="COMPOSE_PROFILES=", checked=0, images=0, network=0, options=rootless
        )
    )
    for verb in ("up", "check"):
        done = clone.script(verb)
        assert done.returncode == 2
        assert "cannot publish: HTTP_PORT=80 HTTPS_PORT=443" in done.stderr
    assert not [line for line in asked(clone) if "build" in line]
    clone.set(**clone.env() | {"HTTP_PORT": "8080", "HTTPS_PORT": "8443"})
    assert clone.script("up").returncode == 0
    assert at(clone, "compose build bootstrap agent") < at(clone, "compose up")


def test_check_starts_nothing_and_checks_by_this_clones_code(clone: Clone) -> None:
    docker(clone)
    done = clone.script("check")
    assert done.returncode == 0, done.stderr
    assert "are valid" in done.stdout
    assert not [line for line in asked(clone) if line.startswith(("compose up", "compose stop"))]
    assert [line for line in asked(clone) if "build" in line] == ["compose build bootstrap agent"]


@pytest.mark.parametrize("plan", [0, 2])
@pytest.mark.parametrize("network", [0, 1])
def test_check_leaves_no_network_behind_that_was_not_there(clone: Clone, network: int, plan: int) -> None:
    docker(clone, network=network, plan=plan)
    assert clone.script("check").returncode == plan
    removed = [row for row in asked(clone) if row.startswith("network rm")]
    assert removed == (["network rm landline_default"] if network else [])
    assert not removed or at(clone, "network rm") > at(clone, "agent --check")
