"""`make firewall`: the rules that it sets are set in a real kernel, in a network of the test's own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT

if TYPE_CHECKING:
    from tests.unit.host.conftest import Clone

# Docker, as far as the script asks it; bootstrap is this clone's own, without a container.
DOCKER = f"""
case "$*" in
    *" bootstrap firewall")
        while [ "$1" != firewall ]; do shift; done
        PYTHONPATH={ROOT}/bootstrap/src exec {sys.executable} -m bootstrap "$@" ;;
    *SecurityOptions*) echo "[name=seccomp{{0}}]" ;;
esac
"""
OWN_NETWORK = ["unshare", "--map-root-user", "--net"]
BEFORE = """iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER
iptables -A DOCKER-USER -s 9.9.9.9 -j DROP; iptables -A INPUT -i eth9 -j ACCEPT; ip6tables -A INPUT -i eth9 -j ACCEPT"""


def can_have_a_network() -> bool:
    if not shutil.which("unshare") or not shutil.which("iptables", path="/usr/sbin:/sbin:/usr/bin"):
        return False
    return subprocess.run([*OWN_NETWORK, "iptables", "-S"], capture_output=True).returncode == 0


needs_a_network = pytest.mark.skipif(not can_have_a_network(), reason="no network of our own with iptables here")


@pytest.fixture
def host(clone: Clone) -> Clone:
    """A host with a line, whose rules are kept in the test's own folder instead of /etc."""
    made = clone.make_env()
    assert made.returncode == 0, made.stderr
    clone.docker(DOCKER.format(""))
    for name in ("_firewall", "firewall"):
        script = clone.root / f"bootstrap/host/{name}.sh"
        text = script.read_text()
        for path in ("/etc/landline", "/etc/systemd/system", "/run/systemd/system"):
            text = text.replace(f"={path}", f"={clone.root}{path}")
        script.write_text(text)
    return clone


def with_systemd(host: Clone) -> None:
    for path in ("run/systemd/system", "etc/systemd/system"):
        (host.root / path).mkdir(parents=True)
    host.command("systemctl", f'echo "$@" >> {host.root}/systemctl')


def saved(host: Clone) -> Path:
    return host.root / "etc/landline/landline-firewall.sh"


def in_a_network(host: Clone, *steps: str) -> subprocess.CompletedProcess[str]:
    """Run the steps as root of a network that has Docker's chain, and rules of the operator's own."""
    env = {"PATH": f"{host.root}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"}
    script = "\n".join(["set -e", BEFORE, *steps])
    return subprocess.run([*OWN_NETWORK, "sh", "-c", script], cwd=host.root, env=env, capture_output=True, text=True)


APPLY, REMOVE = "APPLY=yes sh bootstrap/host/firewall.sh", "REMOVE=yes sh bootstrap/host/firewall.sh"


@needs_a_network
def test_what_it_sets_is_what_it_printed_and_a_second_time_changes_nothing(host: Clone) -> None:
    printed = host.script("firewall")
    assert printed.returncode == 0, printed.stderr
    wanted = [row for row in printed.stdout.splitlines() if row.startswith("-A LANDLINE")]
    assert len(wanted) > 10
    done = in_a_network(host, APPLY, "echo ==", "iptables -S LANDLINE", "echo ==", APPLY, "echo ==", "iptables -S")
    assert done.returncode == 0, done.stderr
    first, there, again, everything = done.stdout.split("==\n")
    assert "from the allowed addresses only" in first
    assert [row for row in there.splitlines() if row.startswith("-A")] == wanted
    assert "nothing changed" in again
    assert everything.count("-j LANDLINE") == 2
    assert saved(host).read_text() == printed.stdout


@needs_a_network
def test_only_our_own_rules_are_taken_back(host: Clone) -> None:
    done = in_a_network(host, "iptables -S", "echo ==", APPLY, REMOVE, "echo ==", "iptables -S", "echo ==", REMOVE)
    assert done.returncode == 0, done.stderr
    before, _, after, again = done.stdout.split("==\n")
    assert after == before
    assert "-s 9.9.9.9" in after
    assert "nothing changed" in again
    assert not saved(host).exists()


@needs_a_network
@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_on_the_hosts_own_network_it_filters_ipv6_too_until_that_is_no_longer_so(host: Clone) -> None:
    bridge = host.env_file.read_text()
    text = bridge.replace("NETWORK=bridge", "NETWORK=host")
    host.env_file.write_text(text)
    (host.root / "bridge").write_text(bridge)
    (host.root / "host").write_text(text)
    tables, split = ["iptables -S", "ip6tables -S"], "echo =="
    steps = [*tables, split, APPLY, *tables, split, APPLY, split, REMOVE, split, *tables]
    done = in_a_network(host, *steps, split, APPLY, "cp bridge .env", APPLY, split, *tables)
    assert done.returncode == 0, done.stderr
    before, there, again, _, after, _, on_the_bridge = done.stdout.split("==\n")
    assert there.count("-A INPUT -j LANDLINE") == 2
    assert there.count("-A LANDLINE -p udp -m udp --dport 5060 -j DROP") == 2
    assert "nothing changed" in again
    assert after == before
    assert on_the_bridge.count("-A INPUT -j LANDLINE") == 1


@needs_a_network
def test_other_ports_and_another_subnet_leave_none_of_the_old_rules(host: Clone) -> None:
    text = host.env_file.read_text()
    changed = text.replace("SIP_PORT=5060", "SIP_PORT=5070").replace("SUBNET=172.29.53", "SUBNET=172.29.99")
    (host.root / "changed").write_text(changed)
    done = in_a_network(host, APPLY, "cp changed .env", APPLY, "echo ==", "iptables -S")
    assert done.returncode == 0, done.stderr
    _, after = done.stdout.split("==\n")
    assert "172.29.53" not in after
    assert "dport 5060" not in after
    assert "-A DOCKER-USER -d 172.29.99.0/24 -j LANDLINE" in after
    assert "dport 5070 -j DROP" in after


@needs_a_network
def test_the_saved_rules_bring_everything_back_after_a_restart_of_the_host(host: Clone) -> None:
    done = in_a_network(host, APPLY, "iptables -S | sort")
    assert done.returncode == 0, done.stderr
    before = [row for row in done.stdout.splitlines() if row.startswith("-")]
    # A new network, in which Docker has not started yet.
    script = f"sh {saved(host)} && iptables -S | sort"
    after = subprocess.run([*OWN_NETWORK, "sh", "-c", script], capture_output=True, text=True)
    assert after.returncode == 0, after.stderr
    ours = [row for row in before if "LANDLINE" in row]
    assert [row for row in after.stdout.splitlines() if "LANDLINE" in row] == ours


@needs_a_network
def test_systemd_sets_the_rules_before_docker_starts_and_forgets_them_when_they_are_taken_back(host: Clone) -> None:
    with_systemd(host)
    done = in_a_network(host, APPLY)
    assert done.returncode == 0, done.stderr
    unit = host.root / "etc/systemd/system/landline-firewall.service"
    assert f"ExecStart=/bin/sh {saved(host)}" in unit.read_text()
    assert "Before=docker.service" in unit.read_text()
    assert "enable landline-firewall.service" in (host.root / "systemctl").read_text()
    done = in_a_network(host, REMOVE)
    assert done.returncode == 0, done.stderr
    assert not unit.exists()
    assert "disable landline-firewall.service" in (host.root / "systemctl").read_text()


@needs_a_network
def test_without_systemd_it_says_what_has_to_run_when_the_host_starts(host: Clone) -> None:
    assert f"sh {saved(host)}" in in_a_network(host, APPLY).stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"APPLY": "maybe"}, "APPLY is 'maybe'"),
        ({"REMOVE": "1"}, "REMOVE is '1'"),
        ({"CLOUD": "gcp"}, "CLOUD is 'gcp'"),
        ({"APPLY": "yes", "REMOVE": "yes"}, "only one can be given"),
        ({"APPLY": "yes", "CLOUD": "aws"}, "only one can be given"),
    ],
)
def test_a_wrong_argument_changes_nothing(host: Clone, given: dict[str, str], told: str) -> None:
    host.command("iptables", "echo touched >> touched")
    done = host.script("firewall", **given)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (host.root / "touched").exists()


@pytest.mark.parametrize("given", ["APPLY", "REMOVE"])
def test_only_root_may_change_it_and_printing_is_for_everybody(host: Clone, given: str) -> None:
    host.command("id", "echo 1000")
    host.command("iptables", "echo touched >> touched")
    done = host.script("firewall", **{given: "yes"})
    assert done.returncode == 2
    assert f"sudo make firewall {given}=yes" in done.stderr
    assert not (host.root / "touched").exists()
    assert host.script("firewall").returncode == 0


@pytest.mark.parametrize(
    ("engine", "iptables", "told"),
    [
        (" name=rootless", "", "this engine is rootless"),
        (" Docker Desktop", "", "this engine is Docker Desktop"),
        ("", "exit 1", "uses no chain DOCKER-USER of iptables"),
    ],
)
def test_an_engine_without_the_chain_is_refused_before_anything_is_set(
    host: Clone, engine: str, iptables: str, told: str
) -> None:
    host.command("id", "echo 0")
    host.command("iptables", f'echo "$@" >> asked\n{iptables}')
    host.docker(DOCKER.format(engine))
    done = host.script("firewall", APPLY="yes")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Nothing was changed" in done.stderr
    asked = host.root / "asked"
    assert not asked.exists() or asked.read_text() == "--wait -C FORWARD -j DOCKER-USER\n"
    assert not saved(host).exists()


def test_wrong_settings_set_nothing(host: Clone) -> None:
    host.command("id", "echo 0")
    host.command("iptables", 'echo "$@" >> asked')
    host.env_file.write_text(host.env_file.read_text().replace("ALLOWED_ADDRESSES=", "ALLOWED_ADDRESSES=1.2.3.4/73"))
    done = host.script("firewall", APPLY="yes")
    assert done.returncode == 2
    assert "ALLOWED_ADDRESSES" in done.stderr
    assert "-I" not in (host.root / "asked").read_text()
    assert not saved(host).exists()


def test_what_is_no_script_of_rules_is_neither_run_nor_saved(host: Clone) -> None:
    host.command("id", "echo 0")
    host.command("iptables", 'echo "$@" >> asked')
    host.docker('case "$*" in *" bootstrap firewall") echo "touch run" ;; esac')
    done = host.script("firewall", APPLY="yes")
    assert done.returncode == 2
    assert "printed no rules" in done.stderr
    assert not (host.root / "run").exists()
    assert not saved(host).exists()


def test_printing_leaves_no_network_behind_that_was_not_there(host: Clone) -> None:
    asked = 'echo "$@" >> docker-asked; case "$*" in "network inspect "*) exit 1 ;; esac\n'
    host.docker(asked + DOCKER.format(""))
    assert host.script("firewall").returncode == 0
    assert "network rm landline_default" in (host.root / "docker-asked").read_text().splitlines()


@pytest.mark.parametrize("root", [True, False])
def test_make_up_has_the_firewall_follow_the_settings(host: Clone, root: bool) -> None:
    host.command("id", f"echo {0 if root else 1000}")
    saved(host).parent.mkdir(parents=True)
    saved(host).write_text("# old\n")
    host.command("iptables", 'echo "$@" >> asked')
    host.command("ip6tables", "")
    host.command("iptables-restore", "cat > restored")
    follow = ". bootstrap/host/_lib.sh; . bootstrap/host/_preflight.sh; . bootstrap/host/_settings.sh"
    # Another program's variable of the same name, which the shell exports.
    done = host.sh("-euc", f"{follow}; . bootstrap/host/_firewall.sh; umask 077; follow_the_firewall", CLOUD="aws")
    assert done.returncode == 0, done.stderr
    assert (saved(host).read_text() != "# old\n") == root
    assert not root or stat.S_IMODE(saved(host).stat().st_mode) == 0o644
    assert ("sudo make firewall APPLY=yes" in done.stderr) != root
    assert (host.root / "restored").exists() == root


def test_make_up_leaves_a_firewall_alone_that_nobody_has_set(host: Clone) -> None:
    follow = ". bootstrap/host/_lib.sh; . bootstrap/host/_preflight.sh; . bootstrap/host/_firewall.sh"
    done = host.sh("-euc", f"{follow}; follow_the_firewall")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not saved(host).exists()
