"""The user data of deploy/aws: cloud-init runs it in a clean Debian, which then has a line that answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.stack.test_lifecycle import own_address
from tests.support.aws import user_data
from tests.support.containers import docker
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line

HOST = "landline-test-aws-host"
PROJECT = "landline-test-aws"
SOCKET = "/var/run/docker.sock"
# What a real instance has besides: another test's line, and the ports and the network of this one, are on this machine.
ON_THIS_MACHINE = {
    "SIP_PORT": "31060",
    "HTTP_PORT": "31061",
    "HTTPS_PORT": "31062",
    "RTC_TCP_PORT": "31063",
    "RTC_UDP_PORT": "31064",
    "TURN_PORT": "31066",
    "API_PORT": "31065",
    "RTP_PORT_RANGE": "32060-32079",
    "SUBNET": "172.29.63",
}
# Only the modules that the user data needs: the others set up disks, users and networks, which a container has not.
CLOUD_CFG = """\
datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: [write_files]
cloud_config_modules: [runcmd]
cloud_final_modules: [package_update_upgrade_install, scripts_user]
"""


@pytest.fixture
def instance(line: Line, tmp_path: Path) -> Iterator[str]:
    """A container with Debian, cloud-init and the way to this machine's engine, while the other line rests."""
    if not Path(SOCKET).exists():
        pytest.skip(f"the engine is not reached at {SOCKET} here")
    line.compose("stop")
    docker("rm", "--force", HOST, check=False)
    # The engine mounts the clone's files, so the clone has the same path for both.
    options = ["--volume", f"{SOCKET}:{SOCKET}", "--volume", f"{tmp_path}:{tmp_path}"]
    options += ["--env", f"COMPOSE_PROJECT_NAME={PROJECT}", "--env", "DEBIAN_FRONTEND=noninteractive"]
    # Root clones what belongs to whoever runs the tests.
    options += ["--env", "GIT_CONFIG_COUNT=1", "--env", "GIT_CONFIG_KEY_0=safe.directory"]
    options += ["--env", "GIT_CONFIG_VALUE_0=*"]
    try:
        docker("run", "--detach", "--name", HOST, *options, "--entrypoint", "sleep", debian(), "infinity")
        yield HOST
    finally:
        home = f"cd {tmp_path}/landline && docker compose --profile '*' down --volumes --timeout 3"
        docker("exec", HOST, "sh", "-c", home, check=False)
        docker("exec", HOST, "sh", "-c", f"rm -rf {tmp_path}/*", check=False)  # it belongs to root
        docker("rm", "--force", HOST, check=False)
        line.wait_until_healthy()


def debian() -> str:
    """The image of Debian 13 that our own images are made from."""
    [image, *_] = re.findall(r"^FROM (\S+trixie)", (ROOT / "bootstrap/Dockerfile").read_text(), re.MULTILINE)
    return str(image)


@pytest.mark.slow
def test_the_user_data_makes_a_line_that_answers(instance: str, tmp_path: Path) -> None:
    text = prepared_user_data(tmp_path)
    seed = tmp_path / "seed"
    seed.mkdir()
    (seed / "user-data").write_text(text)
    (seed / "meta-data").write_text("instance-id: landline\n")
    (seed / "99.cfg").write_text(CLOUD_CFG)
    inside(instance, "apt-get update -qq && apt-get install -qq --no-install-recommends cloud-init")
    inside(instance, f"mkdir -p /var/lib/cloud/seed && cp -R {seed} /var/lib/cloud/seed/nocloud")
    inside(instance, f"cp {seed}/99.cfg /etc/cloud/cloud.cfg.d/")
    assert "Valid schema" in inside(instance, f"cloud-init schema --config-file {seed}/user-data")

    for stage in ("init --local", "init", "modules --mode=config", "modules --mode=final"):
        inside(instance, f"cloud-init {stage}")
    log = inside(instance, "cat /var/log/cloud-init-output.log")
    assert "These lines answer:" in log, log[-6000:]
    assert f"origination URI is sip:{own_address()}" in log, log[-6000:]

    call = inside(instance, f"cd {tmp_path}/landline && make call SAY='When are you open?'")
    assert "good: 1 of 1 answered" in call, call


def prepared_user_data(folder: Path) -> str:
    """The template's own, for a clone of this repository in this folder and beside other lines on this machine."""
    origin = folder / "origin"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(origin)], check=True)
    subprocess.run(["git", "-C", str(origin), "branch", "--force", "tested", "HEAD"], check=True)
    text = user_data(
        Domain="auto",
        ElasticIp=own_address(),
        PhoneNumbers="+12025550100",
        TrunkAccount="",
        Revision="tested",
        Repository=f"file://{origin}",
    )
    text = text.replace("/opt/landline", f"{folder}/landline").replace("DOMAIN=auto", "DOMAIN=")
    address = re.search(r"^( *)PUBLIC_IP=.*\n", text, re.MULTILINE)
    assert address
    rows = "".join(f"{address[1]}{name}={value}\n" for name, value in ON_THIS_MACHINE.items())
    return text[: address.end()] + rows + text[address.end() :]


def inside(host: str, script: str) -> str:
    return docker("exec", host, "sh", "-ec", f"({script}) 2>&1")
