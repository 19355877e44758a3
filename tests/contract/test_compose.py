"""What compose.yaml promises, checked on the file itself and, where Docker is, on what Compose makes of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.house import ROOT, compose_file, example_variables, settings_variables

COMPOSE = compose_file()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"bootstrap"}
ON_REQUEST = {"phone"}
SECRETS = {name.upper() for name in COMPOSE["secrets"]}


def interpolated() -> set[str]:
    texts = [(ROOT / name).read_text() for name in ("compose.yaml", "livekit/host-network.yaml")]
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", "".join(texts)))


def read_by_make() -> set[str]:
    scripts = "".join(p.read_text() for p in (ROOT / "bootstrap/host").glob("*.sh"))
    return set(re.findall(r"value_of ([A-Z_]+)", scripts)) | set(re.findall(r"for name in ([A-Z_ ]+);", scripts))


def derived() -> set[str]:
    [line] = re.findall(r'^DERIVED="(.*)"$', (ROOT / "bootstrap/host/_lib.sh").read_text(), re.M)
    return set(line.split())


def test_every_variable_compose_fills_in_is_in_the_example_or_written_by_make() -> None:
    assert interpolated() <= set(example_variables()) | derived()


def test_every_variable_of_the_example_reaches_a_service_or_make() -> None:
    used = interpolated() | SECRETS | read_by_make()
    assert set(example_variables()) <= used


@pytest.mark.parametrize("room", ["agent", "bootstrap", "speech"])
def test_a_rooms_settings_and_what_compose_gives_it_are_the_same(room: str) -> None:
    service = SERVICES[room]
    given = set(service["environment"]) | {secret["source"].upper() for secret in service.get("secrets", [])}
    assert given == settings_variables(room)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_given_as_environment(name: str) -> None:
    assert not SECRETS & set(SERVICES[name].get("environment", {}))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_rotates_its_log_and_has_no_capability_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOTS - ON_REQUEST))
def test_every_lasting_service_has_a_health_check_and_comes_back_by_itself(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_every_one_shot_is_adopted_by_a_lasting_service(name: str) -> None:
    waiting = [
        other
        for other, service in SERVICES.items()
        if service.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
    ]
    assert set(waiting) - ONE_SHOTS - ON_REQUEST


def test_services_wait_for_health_and_never_for_a_mere_start() -> None:
    conditions = {
        dependency["condition"]
        for service in SERVICES.values()
        for dependency in service.get("depends_on", {}).values()
    }
    assert conditions == {"service_healthy", "service_completed_successfully"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_by_an_exact_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_redis_is_not_published() -> None:
    assert "ports" not in SERVICES["redis"]


@pytest.mark.parametrize("profile", ["", "local", "phone", "local,phone"])
@pytest.mark.parametrize("files", ["compose.yaml", "compose.yaml:livekit/host-network.yaml"])
def test_compose_renders_with_every_profile_and_every_file(files: str, profile: str) -> None:
    assert compose_config("--quiet", files=files, COMPOSE_PROFILES=profile) == ""


@pytest.mark.parametrize("service", ["redis", "livekit", "sip", "agent"])
def test_a_changed_secret_makes_compose_replace_the_container(service: str) -> None:
    changed = "KEY_SECRET" if service == "agent" else "SERVER_SECRETS"
    assert compose_config("--hash", service) != compose_config("--hash", service, **{changed: "2"})


def compose_config(*arguments: str, files: str = "compose.yaml", **variables: str) -> str:
    """What `docker compose config` prints with the example's settings; it has to be silent about everything else."""
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    given = {name: "" for name in derived() if not name.startswith("COMPOSE_")} | variables
    command = ["docker", "compose", "--env-file", str(ROOT / ".env.example")]
    for file in files.split(":"):
        command += ["--file", str(ROOT / file)]
    env = {"PATH": os.environ["PATH"], **given}
    done = subprocess.run([*command, "config", *arguments], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_readme_has_a_row_for_every_variable_with_its_default_and_meaning() -> None:
    readme = (ROOT / "README.md").read_text().replace("`<", "<").replace(">`", ">")
    meaning = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("#"):
            meaning = line.removeprefix("# ")
        elif line:
            name, value = line.split("=", 1)
            default = f"`{value}` " if value else ""
            assert f"| `{name}` | {default}| {meaning} |" in readme
            meaning = "one line of meaning for each variable, and there is none"
