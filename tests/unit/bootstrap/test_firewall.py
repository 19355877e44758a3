"""Who may come in, as rules for iptables and for a security group of AWS."""

import io
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import asdict
from ipaddress import ip_address, ip_network

import pytest

from bootstrap import firewall, trunks
from bootstrap.firewall import FactsError, Host
from bootstrap.settings import ServerSettings
from tests.support.house import ROOT
from tests.unit.bootstrap.conftest import Environment
from tests.unit.bootstrap.test_command import Run, run

Load = Callable[..., ServerSettings]
HOST = Host(
    network="bridge",
    subnet="172.29.53",
    chain="LANDLINE",
    sip_port="5060",
    rtp_ports="10000-10099",
    http_port="80",
    https_port="443",
    rtc_tcp_port="7881",
    rtc_udp_port="7882",
    turn_udp_port="443",
)
FACTS = [f"{name.upper()}={value}" for name, value in asdict(HOST).items()]
__all__ = ["run"]  # a fixture


def passes(rows: list[str], source: str, protocol: str, port: int) -> bool:
    """What a chain of these rules makes of the first packet from an address, as the kernel goes through them."""
    for row in rows:
        words = shlex.split(row)
        given = dict(zip(words[0::2], words[1::2], strict=True))
        if "-i" in given or "--ctdir" in given:
            continue  # neither from this host, nor an answer
        first, _, last = given.get("--dport", "0:65535").partition(":")
        if (
            ip_address(source) in ip_network(given.get("-s", "0.0.0.0/0"))
            and given.get("-p", protocol) == protocol
            and int(first) <= port <= int(last or first)
        ):
            return given["-j"] == "RETURN"
    return True


def chain(settings: ServerSettings, host: Host = HOST, version: int = 4) -> list[str]:
    return firewall.rules(settings, host, version)


@pytest.mark.parametrize(
    ("source", "protocol", "port", "let_in"),
    [
        ("54.172.60.1", "udp", 5060, True),
        ("177.71.206.195", "tcp", 5060, True),
        ("54.172.60.4", "udp", 5060, False),  # the first one behind Twilio's range
        ("54.172.60.1", "udp", 10000, False),  # signalling sends no audio
        ("168.86.128.1", "udp", 10000, True),
        ("168.86.191.255", "udp", 10099, True),
        ("168.86.192.0", "udp", 10099, False),
        ("168.86.128.1", "udp", 5060, False),
        ("8.8.8.8", "tcp", 5060, False),
        ("8.8.8.8", "udp", 10050, False),
        ("8.8.8.8", "udp", 10100, True),  # not one of the line's ports
        ("8.8.8.8", "tcp", 10050, True),
        ("8.8.8.8", "tcp", 443, True),
        ("8.8.8.8", "udp", 7882, True),
        ("172.29.53.10", "udp", 5060, True),
    ],
)
def test_calls_come_from_the_trunk_providers_addresses_only(
    settings: Load, source: str, protocol: str, port: int, let_in: bool
) -> None:
    assert passes(chain(settings()), source, protocol, port) == let_in


def test_addresses_of_the_operators_own_replace_the_providers_and_may_send_audio_too(settings: Load) -> None:
    rows = chain(settings(ALLOWED_ADDRESSES="9.9.9.9"))
    assert passes(rows, "9.9.9.9", "udp", 5060)
    assert passes(rows, "9.9.9.9", "udp", 10000)
    assert passes(rows, "168.86.128.1", "udp", 10000)
    assert not passes(rows, "54.172.60.1", "udp", 5060)


def test_the_carrier_of_calls_that_go_out_may_send_both_if_it_is_an_address(settings: Load) -> None:
    rows = chain(settings(OUTBOUND_ADDRESS="9.9.9.9:5080"))
    assert passes(rows, "9.9.9.9", "udp", 5060)
    assert passes(rows, "9.9.9.9", "udp", 10000)
    assert chain(settings(OUTBOUND_ADDRESS="sip.example.com")) == chain(settings(OUTBOUND_ADDRESS=""))


@pytest.mark.parametrize(("media", "let_in"), [("", True), ("9.9.9.0/24", False)])
def test_audio_comes_from_anywhere_if_the_provider_publishes_no_ranges(
    settings: Load, media: str, let_in: bool
) -> None:
    rows = chain(settings(TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="9.9.9.9", MEDIA_ADDRESSES=media))
    assert passes(rows, "8.8.8.8", "udp", 10000) == let_in
    assert passes(rows, "9.9.9.7", "udp", 10000)
    assert not passes(rows, "8.8.8.8", "udp", 5060)


def test_each_version_of_ip_has_the_ranges_of_its_own(settings: Load) -> None:
    its = settings(ALLOWED_ADDRESSES="2600:1f00::/24,9.9.9.9")
    rows = chain(its)
    assert not any("2600" in row for row in rows)
    assert not passes(rows, "8.8.8.8", "udp", 5060)
    over_ipv6 = chain(its, version=6)
    assert not any("." in row for row in over_ipv6)
    assert [row for row in over_ipv6 if "2600:1f00::/24 -p tcp -m tcp --dport 5060 -j RETURN" in row]
    assert [row for row in over_ipv6 if row == "-A LANDLINE -p udp -m udp --dport 5060 -j DROP"]


def test_over_ipv6_the_ports_of_calls_are_closed_if_no_range_of_it_is_given(settings: Load) -> None:
    rows = chain(settings(TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="9.9.9.9"), version=6)
    closed = [row.removeprefix("-A LANDLINE ") for row in rows if row.endswith("DROP")]
    assert closed == [
        "-p udp -m udp --dport 5060 -j DROP",
        "-p tcp -m tcp --dport 5060 -j DROP",
        "-p udp -m udp --dport 10000:10099 -j DROP",
    ]


def test_what_everybody_may_reach_has_no_rule(settings: Load) -> None:
    rows = chain(settings(ALLOWED_ADDRESSES="0.0.0.0/0", ALLOW_ANY_ADDRESS="yes"))
    assert not any("--dport 5060" in row for row in rows)


@pytest.mark.parametrize("provider", [name for name in trunks.available() if trunks.load(name).media])
def test_a_provider_with_ranges_for_audio_closes_the_ports_of_audio_to_others(settings: Load, provider: str) -> None:
    rows = chain(settings(TRUNK_PROVIDER=provider))
    [first, *_] = trunks.load(provider).media[0].addresses
    assert passes(rows, str(ip_network(first)[0]), "udp", 10000)
    assert not passes(rows, "8.8.8.8", "udp", 10000)


def test_the_page_shows_the_end_of_what_is_printed_with_the_default_settings(settings: Load) -> None:
    page = (ROOT / "docs/reachable.md").read_text()
    [shown] = [block for block in re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "COMMIT" in block]
    assert firewall.script(settings(), HOST).endswith(shown)


def test_docker_forwards_on_the_bridge_and_the_host_receives_with_its_own_network(settings: Load) -> None:
    bridge = firewall.script(settings(), HOST)
    assert "lead iptables DOCKER-USER '-d 172.29.53.0/24 -j LANDLINE'" in bridge
    assert "lead ip6tables INPUT ''" in bridge
    host = firewall.script(settings(), Host(**asdict(HOST) | {"network": "host"}))
    assert "lead iptables DOCKER-USER ''" in host
    assert "lead ip6tables INPUT '-j LANDLINE'" in host
    assert "lead iptables INPUT '-j LANDLINE'" in bridge
    assert "lead iptables INPUT '-j LANDLINE'" in host


def test_a_security_group_lets_in_the_same_and_what_is_for_anybody(settings: Load) -> None:
    made = firewall.permissions(firewall.openings(settings(), HOST))
    ports = {(one["IpProtocol"], one["FromPort"], one["ToPort"]): one["IpRanges"] for one in made}
    assert {source["CidrIp"] for source in ports["udp", 5060, 5060]} == set(trunks.load("twilio").allowed_addresses)
    assert [source["CidrIp"] for source in ports["udp", 10000, 10099]] == ["168.86.128.0/18"]
    for_anybody = {port for port, sources in ports.items() if [one["CidrIp"] for one in sources] == ["0.0.0.0/0"]}
    assert for_anybody == {
        ("tcp", 80, 80),
        ("tcp", 443, 443),
        ("tcp", 7881, 7881),
        ("udp", 7882, 7882),
        ("udp", 443, 443),
    }


def test_without_turn_its_port_is_in_no_rule(settings: Load) -> None:
    without = Host(**asdict(HOST) | {"turn_udp_port": ""})
    made = firewall.permissions(firewall.openings(settings(), without))
    assert ("udp", 443) not in {(one["IpProtocol"], one["FromPort"]) for one in made}


@pytest.fixture
def print_rules(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, which is given rows about the host on standard input."""

    def print_rules(*facts: str, **variables: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{fact}\n" for fact in facts)))
        return run("firewall", **variables)

    return print_rules


def test_the_command_prints_a_script_or_the_rules_of_a_cloud(print_rules: Run, settings: Load) -> None:
    code, out, err = print_rules(*FACTS)
    assert (code, err) == (0, "")
    assert out == firewall.script(settings(), HOST)
    code, out, _ = print_rules(*FACTS, "CLOUD=aws")
    assert code == 0
    *_, rules = shlex.split(out)
    assert json.loads(rules) == firewall.permissions(firewall.openings(settings(), HOST))


def test_the_command_says_that_audio_may_come_from_anywhere(print_rules: Run) -> None:
    _, _, err = print_rules(*FACTS, TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="9.9.9.9")
    assert "set MEDIA_ADDRESSES" in err


@pytest.mark.parametrize("wrong", ["SIP_PORT=5060;reboot", "SIP_PORT=", "CHAIN=INPUT -j", "NETWORK=both", "SUBNET=10"])
def test_wrong_facts_about_the_host_end_with_2_and_no_rules(print_rules: Run, wrong: str) -> None:
    code, out, err = print_rules(*FACTS, wrong)
    assert (code, out) == (2, "")
    assert wrong.partition("=")[0] in err
    with pytest.raises(FactsError):
        firewall.read_facts([*FACTS, wrong])


def test_wrong_addresses_of_audio_are_refused(report: Callable[..., list[str]], environment: Environment) -> None:
    assert any("MEDIA_ADDRESSES" in row for row in report(MEDIA_ADDRESSES="9.9.9.0/73"))
