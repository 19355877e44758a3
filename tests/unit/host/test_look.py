"""What `make up` looks at before it changes anything; Docker is a script that says what the test wants."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def look(folder: Path, command: str, docker: str = ":", settings: str = "") -> subprocess.CompletedProcess[str]:
    """Run `command` among the functions of _preflight.sh, with `docker` as the body of a script of that name."""
    (folder / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    (folder / "docker").chmod(0o755)
    (folder / ".env").write_text(settings)
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "COMPOSE_ENV_FILES": str(folder / ".env")}
    script = f"set -eu; . bootstrap/host/_lib.sh; . bootstrap/host/_preflight.sh; {command}"
    return subprocess.run(["sh", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("found", "enough"),
    [("25.0", True), ("25.0.3", True), ("28.5.2+dfsg4", True), ("v29.1", True), ("24.0.9", False), ("9.99", False)],
)
def test_an_engine_is_compared_by_its_numbers(tmp_path: Path, found: str, enough: bool) -> None:
    done = look(tmp_path, f'new_enough "Docker Engine" {found} 25.0')
    assert (done.returncode == 0) == enough
    if not enough:
        assert f"Docker Engine is {found} here, but 25.0 or newer is needed" in done.stderr


def test_a_port_that_a_program_holds_is_told_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = look(tmp_path, f'port_is_free {port} tcp "set SIP_PORT"')
    assert done.returncode == 2
    assert f"port {port}/tcp is taken by" in done.stderr
    assert "set SIP_PORT" in done.stderr
    assert look(tmp_path, f'port_is_free {port} tcp "set SIP_PORT"').returncode == 0


def test_a_port_in_the_range_for_audio_is_found(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        done = look(tmp_path, f'port_is_free {port - 1}-{port + 1} udp "set RTP_PORT_RANGE"')
    assert f"port {port}/udp is taken by" in done.stderr


def test_the_port_of_prometheus_is_looked_at_only_if_it_is_published(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"METRICS_PORT={server.getsockname()[1]}\n"
        only_that = "names_of_ports() { :; }; ports_are_free"
        assert look(tmp_path, only_that, settings=f"{port}METRICS=no\nRTP_PORTS=1-2\n").returncode == 0
        done = look(tmp_path, only_that, settings=f"{port}METRICS=yes\nRTP_PORTS=1-2\n")
    assert done.returncode == 2
    assert "set METRICS_PORT in .env to a free port, or leave it empty." in done.stderr.replace(str(tmp_path) + "/", "")


@pytest.mark.parametrize(
    ("profiles", "size", "megabytes"),
    [
        ("", "default", 1100),
        ("local", "small", 2100),
        ("local", "", 3100),
        ("metrics", "small", 1300),
        ("local,metrics", "default", 3300),
    ],
)
def test_the_memory_that_is_needed_is_that_of_what_is_on(
    tmp_path: Path, profiles: str, size: str, megabytes: int
) -> None:
    settings = f"COMPOSE_PROFILES={profiles}\nSPEECH_SIZE={size}\n"
    assert look(tmp_path, "needed_memory", settings=settings).stdout == f"{megabytes}\n"
    assert look(tmp_path, "needed_memory local default", settings=settings).stdout == "3100\n"


@pytest.mark.parametrize("project", ["other", "''"])
def test_a_port_that_a_container_of_somebody_else_publishes_is_told_by_its_name(tmp_path: Path, project: str) -> None:
    done = look(tmp_path, 'port_is_free 5060 udp "set SIP_PORT"', docker=f"echo {project} pbx-1")
    assert "taken by the container pbx-1" in done.stderr


def test_a_port_that_this_line_publishes_is_no_hindrance(tmp_path: Path) -> None:
    assert look(tmp_path, 'port_is_free 5060 udp "set SIP_PORT"', docker="echo landline landline-sip-1").returncode == 0


def engine(options: str, drivers: str = "", system: str = "Ubuntu") -> str:
    """Docker's answers about an engine: its security options, and RootlessKit's drivers for network and ports."""
    return f"""case "$1" in info) echo '{system} [{options}]' ;; version) echo '{drivers}' ;; esac"""


ROOTLESS = "name=seccomp,profile=builtin name=rootless name=cgroupns"


def fits(folder: Path, docker: str, settings: str = "", first: str = "1024") -> subprocess.CompletedProcess[str]:
    (folder / "first").write_text(f"{first}\n")
    return look(folder, f"UNPRIVILEGED_PORTS={folder}/first; fits_this_engine", docker, settings)


def test_a_rootless_engine_is_asked_for_no_port_that_only_root_may_use(tmp_path: Path) -> None:
    done = fits(tmp_path, engine(ROOTLESS))
    assert done.returncode == 2
    assert "leaves only ports from 1024 on to it, so it cannot publish: HTTP_PORT=80 HTTPS_PORT=443." in done.stderr
    assert "(HTTP_PORT=8080, HTTPS_PORT=8443)" in done.stderr
    assert "sudo sysctl net.ipv4.ip_unprivileged_port_start=80\n" in done.stderr


@pytest.mark.parametrize(
    ("settings", "first", "refused"),
    [
        ("HTTP_PORT=8080\nHTTPS_PORT=8443\n", "1024", ""),
        ("HTTPS_PORT=8443\n", "1024", "HTTP_PORT=80."),
        ("", "80", ""),
        ("", "0", ""),
        ("", "100", "HTTP_PORT=80."),
        ("SIP_PORT=506\nHTTP_PORT=8080\nHTTPS_PORT=8443\n", "1024", "SIP_PORT=506."),
        ("TURN_UDP_PORT=443\nHTTP_PORT=8080\nHTTPS_PORT=8443\n", "1024", "TURN_PORT=443."),
        ("HTTP_PORT=8080\nHTTPS_PORT=8443\n", "6000", "SIP_PORT=5060."),
    ],
)
def test_which_ports_those_are_is_the_hosts_to_say(tmp_path: Path, settings: str, first: str, refused: str) -> None:
    done = fits(tmp_path, engine(ROOTLESS), settings, first)
    assert done.returncode == (2 if refused else 0), done.stderr
    assert f"cannot publish: {refused}" in done.stderr or not refused


def test_an_engine_of_roots_publishes_every_port(tmp_path: Path) -> None:
    done = fits(tmp_path, engine("name=seccomp,profile=builtin"), "ADVERTISED_IP=203.0.113.7\nNETWORK=host\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_rootless_engine_whose_helper_has_the_right_publishes_every_port(tmp_path: Path) -> None:
    (tmp_path / "getcap").write_text("#!/bin/sh\necho /usr/bin/rootlesskit cap_net_bind_service=ep\n")
    (tmp_path / "getcap").chmod(0o755)
    (tmp_path / "first").write_text("1024\n")
    done = look(tmp_path, f"UNPRIVILEGED_PORTS={tmp_path}/first; fits_this_engine", engine(ROOTLESS))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("drivers", "hidden"),
    [
        ("slirp4netns/builtin", True),
        ("gvisor-tap-vsock/builtin", True),
        ("pasta/builtin", True),
        ("", True),  # the engine does not say
        ("slirp4netns/slirp4netns", False),
        ("pasta/implicit", False),
        ("pasta/", False),
        ("pasta/pesto", False),
    ],
)
def test_a_rootless_engine_that_hides_callers_addresses_is_warned_of(
    tmp_path: Path, drivers: str, hidden: bool
) -> None:
    done = fits(tmp_path, engine(ROOTLESS, drivers), "ADVERTISED_IP=203.0.113.7\n", first="0")
    assert done.returncode == 0, done.stderr
    assert ("a rootless engine hides callers' addresses" in done.stderr) == hidden
    assert (done.stderr == "") != hidden
    assert fits(tmp_path, engine(ROOTLESS, drivers), first="0").stderr == ""  # a line for this machine only


def test_docker_desktop_hides_callers_addresses_and_has_its_own_ports(tmp_path: Path) -> None:
    done = fits(tmp_path, engine("name=seccomp", system="Docker Desktop"), "ADVERTISED_IP=203.0.113.7\n")
    assert done.returncode == 0
    assert "Docker Desktop hides callers' addresses" in done.stderr
    assert "run it on a Linux engine" in done.stderr


@pytest.mark.parametrize("docker", [engine(ROOTLESS), engine("name=seccomp", system="Docker Desktop")])
def test_the_hosts_own_network_needs_an_engine_of_roots(tmp_path: Path, docker: str) -> None:
    done = fits(tmp_path, docker, "NETWORK=host\n")
    assert done.returncode == 2
    assert "NETWORK=host needs a Docker Engine that root runs on Linux" in done.stderr


@pytest.mark.parametrize(
    ("networks", "free"),
    [
        ("bridge 172.17.0.0/16", True),
        ("other_default 172.29.53.0/24", False),
        ("other_default 172.29.0.0/16", False),
        ("landline_default 172.29.53.0/24", True),
        ("other_default fd00::/64 172.29.52.0/24", True),
    ],
)
def test_a_network_that_overlaps_is_named(tmp_path: Path, networks: str, free: bool) -> None:
    docker = f'case "$2" in ls) echo id ;; inspect) echo "{networks} " ;; esac'
    done = look(tmp_path, "subnet_is_free", docker)
    assert (done.returncode == 0) == free, done.stderr
    if not free:
        assert "other_default" in done.stderr
        assert "SUBNET" in done.stderr


def test_too_little_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    docker = f'case "$1" in image) exit 1 ;; info) echo {tmp_path} ;; esac'
    (tmp_path / "df").write_text("#!/bin/sh\nprintf 'h\\n/dev/x 100 50 50 50%% /\\n'\n")
    (tmp_path / "df").chmod(0o755)
    done = look(tmp_path, 'room_on_the_disk "landline/agent:0.1.0 redis:8"', docker)
    assert "about 900 MB of images to fetch and build: agent:0.1.0 redis:8" in done.stdout
    assert done.returncode == 2
    assert "50 MB free" in done.stderr
