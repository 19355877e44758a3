"""What compose.yaml promises, checked on the file itself and, where Docker is, on what Compose makes of it."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import ROOT, compose_file, example_variables, settings_variables

COMPOSE = compose_file()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"bootstrap"}
ON_REQUEST = {"phone", "person"}
SECRETS = {secret["environment"] for secret in COMPOSE["secrets"].values()}
DIRECT = {"NO_PROXY", "no_proxy"}  # for every program in a container that may speak HTTP
FILES = ("compose.yaml", "livekit/turn.yaml", "metrics/published.yaml", "livekit/host-network.yaml")


def interpolated() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", "".join((ROOT / name).read_text() for name in FILES)))


def handed_on() -> set[str]:
    """What a service gets as it stands in .env: a name without a value."""
    environments = [service.get("environment", {}) for service in SERVICES.values()]
    return {name for environment in environments for name, value in environment.items() if value is None}


def read_by_make() -> set[str]:
    scripts = "".join(p.read_text() for p in (ROOT / "bootstrap/host").glob("*.sh"))
    return set(re.findall(r"(?:value_of|one_of) ([A-Z_]+)", scripts)) | {
        name for names in re.findall(r"for name in ([A-Z_ ]+);", scripts) for name in names.split()
    }


def host_function(call: str) -> str:
    script = f". bootstrap/host/_lib.sh; {call}"
    return subprocess.run(["sh", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def derived() -> set[str]:
    return set(host_function("derived_names").split())


def test_every_variable_compose_fills_in_is_in_the_example_or_written_by_make() -> None:
    assert interpolated() | handed_on() | SECRETS <= set(example_variables()) | derived()


def test_every_variable_of_the_example_reaches_a_service_or_make() -> None:
    keys = {name for name in example_variables() if name.endswith("_API_KEY")}  # make packs them into PROVIDER_KEYS
    assert "PROVIDER_KEYS" in SECRETS
    assert set(example_variables()) <= interpolated() | handed_on() | SECRETS | read_by_make() | keys


def test_every_variable_that_make_writes_reaches_compose() -> None:
    assert derived() - {"COMPOSE_FILE", "COMPOSE_PROFILES"} <= interpolated() | handed_on() | SECRETS


def test_make_sees_which_service_has_which_secret_and_which_file_mounted() -> None:
    seen = {tuple(line.split()) for line in host_function("given_to_services").splitlines()}
    given = set()
    for name, service in SERVICES.items():
        for secret in service.get("secrets", []):
            given.add(("SECRETS", name.upper(), COMPOSE["secrets"][secret]["environment"]))
        for volume in service.get("volumes", []):
            if volume.startswith("./") and volume.endswith(":ro"):
                given.add(("FILES", name.upper(), volume.split(":")[0]))
    assert seen == given


@pytest.mark.parametrize(("kind", "part"), [("secrets", "SECRETS"), ("files", "FILES")])
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_a_label_for_what_compose_would_not_see_change(name: str, kind: str, part: str) -> None:
    service = SERVICES[name]
    mounts = any(volume.startswith("./") and volume.endswith(":ro") for volume in service.get("volumes", []))
    label = f"${{{part}_OF_{name.upper()}:-}}" if (mounts if part == "FILES" else service.get("secrets")) else None
    assert service.get("labels", {}).get(f"landline.{kind}") == label


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_script_of_more_than_three_lines_is_in_the_wiring(name: str) -> None:
    service = SERVICES[name]
    parts = [service.get("command"), service.get("entrypoint"), service.get("healthcheck", {}).get("test")]
    words = [word for part in parts if part for word in (part if isinstance(part, list) else [part])]
    assert all(word.count("\n") < 3 for word in words)


def test_speech_stands_before_the_agent_that_waits_for_it() -> None:
    assert list(SERVICES).index("speech") < list(SERVICES).index("agent")


def test_a_default_in_compose_is_the_one_that_people_see_in_the_example() -> None:
    example = example_variables()
    texts = "".join((ROOT / name).read_text() for name in FILES)
    defaults = set(re.findall(r"\$\{([A-Z_]+):-([^}]+)\}", texts))
    assert {name for name, _ in defaults} & set(example)
    for name, default in defaults:
        assert example.get(name) in ("", None, default), name


def as_written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ",".join(value)
        case Path():
            return f"./{value}"
    return str(value)


@pytest.mark.parametrize("room", ["agent", "bootstrap", "desk", "speech"])
def test_what_the_example_shows_is_the_default_that_the_room_has(room: str) -> None:
    fields = importlib.import_module(f"{room}.settings").Settings.model_fields
    example = example_variables()
    # Its default is a provider that is loaded, and here is the name of its file.
    names = {name for name in fields if example.get(name.upper()) and name != "trunk_provider"}
    assert names
    assert {name: as_written(fields[name].default) for name in names} == {name: example[name.upper()] for name in names}


@pytest.mark.parametrize("room", ["agent", "bootstrap", "desk", "speech"])
def test_a_rooms_settings_and_what_compose_gives_it_are_the_same(room: str) -> None:
    service = SERVICES[room]
    given = set(service["environment"]) - DIRECT | {secret.upper() for secret in service.get("secrets", [])}
    compared = {"ENV_CHECKSUMS", "PROVIDER_KEYS", "LINE_SECRETS"} if room == "bootstrap" else set()  # and not used
    assert given == settings_variables(room) | compared


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


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_inside_is_asked_through_a_proxy_of_the_engines_configuration(name: str) -> None:
    environment = SERVICES[name]["environment"]
    for variable in DIRECT:
        direct = environment[variable].split(",")
        assert {*SERVICES, "localhost", "127.0.0.1", "host.docker.internal"} <= set(direct)
        assert "${SUBNET:-172.29.53}.0/24" in direct
        assert direct[-1] == "${NO_PROXY_FOR:-}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_health_check_goes_through_a_proxy(name: str) -> None:
    test = SERVICES[name].get("healthcheck", {}).get("test", "")
    command = test if isinstance(test, str) else " ".join(test)
    assert "curl" not in command
    assert command.count("wget") == command.count("wget -Y off")  # busybox's does not know NO_PROXY


def asks_an_address_that_a_person_sets(service: dict[str, Any]) -> bool:
    given = service.get("environment", {})
    return bool({"LIVEKIT_URL", "LIVEKIT_WS_URL", "OPENAI_BASE_URL", "LINES_FOLDER", "ALERTMANAGER"} & set(given))


@pytest.mark.parametrize("files", [FILES[0], ":".join(FILES)])
def test_whoever_asks_an_address_that_a_person_sets_knows_the_machine_that_runs_docker(files: str) -> None:
    asking = {name for name, service in SERVICES.items() if asks_an_address_that_a_person_sets(service)}
    assert asking == {"sip", "bootstrap", "agent", "watch", "desk", "prometheus"}
    rendered = json.loads(compose_config("--format", "json", files=files, COMPOSE_PROFILES="metrics"))["services"]
    for name in asking:
        assert any(re.match("host.docker.internal[:=]host-gateway", host) for host in rendered[name]["extra_hosts"])
        assert "host.docker.internal:host-gateway" in SERVICES[name]["extra_hosts"]


@pytest.mark.parametrize("room", ["agent", "bootstrap", "desk"])
def test_an_image_knows_that_localhost_is_itself(room: str) -> None:
    assert re.search(r"^ENV .*\bIN_CONTAINER=yes\b", (ROOT / room / "Dockerfile").read_text(), re.MULTILINE)


def test_a_changed_authority_makes_compose_replace_the_agent() -> None:
    assert compose_config("--hash", "agent") != compose_config("--hash", "agent", AUTHORITIES="2")


def test_turn_adds_one_port_to_those_that_are_published_on_the_bridge_and_none_on_the_hosts_network() -> None:
    def published(files: str) -> set[str]:
        rendered = json.loads(compose_config("--format", "json", files=files, TURN_UDP_PORT="443"))
        ports = rendered["services"]["livekit"].get("ports", [])
        return {f"{port['published']}/{port['protocol']}" for port in ports}

    assert published(":".join(FILES[:2])) - published(FILES[0]) == {"443/udp"}
    assert published(":".join(FILES)) == set()


@pytest.mark.parametrize(("file", "port"), [(FILES[0], set()), (FILES[2], {"127.0.0.1:9191:9090"})])
def test_prometheus_is_published_if_it_has_a_port_and_to_this_machine_alone(file: str, port: set[str]) -> None:
    files = FILES[0] if file == FILES[0] else f"{FILES[0]}:{file}"
    given = {"COMPOSE_PROFILES": "metrics", "METRICS_PORT": "9191", "BIND_ADDRESS": "0.0.0.0"}
    rendered = json.loads(compose_config("--format", "json", files=files, **given))
    ports = rendered["services"]["prometheus"].get("ports", [])
    assert {f"{its['host_ip']}:{its['published']}:{its['target']}" for its in ports} == port


def test_a_changed_profile_makes_compose_replace_prometheus() -> None:
    """Prometheus is told when it starts whether speech is there."""
    hashes = [compose_config("--hash", "prometheus", COMPOSE_PROFILES=on) for on in ("metrics", "local,metrics")]
    assert len(set(hashes)) == 2


@pytest.mark.parametrize(("given", "account"), [("", "AC2"), ("AC1", "AC1")])
def test_the_agent_takes_the_account_at_twilio_for_the_trunks_unless_another_is_named(given: str, account: str) -> None:
    rendered = compose_config("--format", "json", TRUNK_ACCOUNT=given, TWILIO_ACCOUNT_SID="AC2")
    assert json.loads(rendered)["services"]["agent"]["environment"]["TRUNK_ACCOUNT"] == account


def test_redis_is_not_published() -> None:
    assert "ports" not in SERVICES["redis"]


@pytest.mark.parametrize("profile", ["", "local", "phone", "local,phone", "metrics", "local,metrics"])
@pytest.mark.parametrize("files", ["compose.yaml", ":".join(FILES[:2]), ":".join(FILES[:3]), ":".join(FILES)])
def test_compose_renders_with_every_profile_and_every_file(files: str, profile: str) -> None:
    assert compose_config("--quiet", files=files, COMPOSE_PROFILES=profile) == ""


@pytest.mark.parametrize("service", [name for name in SERVICES if "secrets" in SERVICES[name]])
def test_a_changed_secret_makes_compose_replace_the_container(service: str) -> None:
    changed = {f"SECRETS_OF_{service.upper()}": "2", "COMPOSE_PROFILES": "phone"}
    assert compose_config("--hash", service, COMPOSE_PROFILES="phone") != compose_config("--hash", service, **changed)


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


def test_a_row_of_the_readme_has_the_variables_default_and_meaning() -> None:
    text = (ROOT / ".env.example").read_text()
    meanings = {name: meaning for meaning, name in re.findall(r"^# (.*)\n([A-Z_]+)=", text, re.MULTILINE)}
    readme = (ROOT / "README.md").read_text().replace("`<", "<").replace(">`", ">")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)` )?\| (.*) \|$", readme, re.MULTILINE)
    assert 8 <= len(rows) <= 12  # those of the first day
    assert set(meanings) == set(example_variables())
    for name, default, meaning in rows:
        assert (default, meaning) == (example_variables()[name], meanings[name])


def test_no_two_services_of_a_line_build_the_same_image() -> None:
    """Each build labels the image with its service, so `make up` would replace the other one's containers."""
    built = [service["image"] for name, service in SERVICES.items() if "build" in service and name not in ON_REQUEST]
    assert len(built) == len(set(built))
