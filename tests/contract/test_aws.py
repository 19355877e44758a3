"""deploy/aws: the template is one, its firewall is the line's, and its user data is what cloud-init understands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from bootstrap import firewall
from bootstrap.settings import Settings
from tests.support.aws import TEMPLATE, template, user_data
from tests.support.house import ROOT, example_variables

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GIVEN = {
    "Domain": "line.example.com",
    "ElasticIp": "203.0.113.7",
    "PhoneNumbers": "+12025550100",
    "TrunkAccount": "",
    "Revision": "main",
    "Repository": "https://git.example.com/landline.git",
}


def wanted() -> list[dict[str, Any]]:
    """What `make firewall CLOUD=aws` has for a host with the example's settings and TURN."""
    example = example_variables()
    host = firewall.Host(
        network=example["NETWORK"],
        subnet=example["SUBNET"],
        chain="LANDLINE",
        sip_port=example["SIP_PORT"],
        rtp_ports="10000-10099",
        http_port=example["HTTP_PORT"],
        https_port=example["HTTPS_PORT"],
        rtc_tcp_port=example["RTC_TCP_PORT"],
        rtc_udp_port=example["RTC_UDP_PORT"],
        turn_udp_port=example["TURN_PORT"],
    )
    return firewall.ingress(firewall.openings(Settings(), host))


def test_cfn_lint_has_nothing_to_say_about_the_template() -> None:
    from cfnlint.api import lint_file  # type: ignore[import-untyped]

    assert [str(match) for match in lint_file(TEMPLATE)] == []


def test_the_security_group_is_the_firewall_of_the_trunk_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # without the .env of whoever works here
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    written = template()["Resources"]["SecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert written == wanted()
    assert len(written) <= 60  # as many as a security group has by default


def test_the_user_data_is_a_cloud_config_and_ends_in_make_up() -> None:
    text = user_data(**GIVEN)
    assert text.startswith("#cloud-config\n")
    data = yaml.safe_load(text)
    assert {"docker.io", "docker-compose", "git", "make"} <= set(data["packages"])
    [_, script] = data["write_files"]
    assert script["content"].splitlines()[-1] == "make up"
    assert data["runcmd"] == [["sh", script["path"]]]
    assert "${" not in text


def test_the_user_data_sets_only_variables_of_the_host_and_no_secret() -> None:
    [settings, _] = yaml.safe_load(user_data(**GIVEN))["write_files"]
    rows = dict(row.split("=", 1) for row in settings["content"].splitlines())
    assert rows.keys() <= example_variables().keys()
    assert rows["PUBLIC_IP"] == GIVEN["ElasticIp"]
    assert not [name for name in rows if re.search("KEY|SECRET|PASSWORD|TOKEN", name)]


def test_every_value_that_the_user_data_is_given_can_hold_nothing_that_a_shell_reads() -> None:
    parameters = template()["Parameters"]
    text = (ROOT / "deploy/aws/landline.yaml").read_text()
    given = set(re.findall(r"\$\{([A-Za-z]+)\}", text[text.index("UserData") : text.index("Outputs")])) - {"ElasticIp"}
    assert given == GIVEN.keys() - {"ElasticIp"}
    for name in given:
        pattern = re.compile(parameters[name]["AllowedPattern"])
        for hostile in ("$(reboot)", "a b", "a\nb", "a;b", "`a`", "a'b", 'a"b', "a|b", "a&b", "a>b", "-x"):
            assert not pattern.fullmatch(hostile), f"{name} accepts {hostile!r}"


def test_the_pages_command_gives_every_parameter_that_has_no_default_a_value_that_is_accepted() -> None:
    parameters = template()["Parameters"]
    page = (ROOT / "docs/reachable.md").read_text()
    command = page[page.index("aws cloudformation deploy") : page.index("aws cloudformation describe")]
    given = dict(re.findall(r"\b([A-Z][A-Za-z]+)=(\S+)", command))
    assert {name for name, one in parameters.items() if "Default" not in one} <= given.keys() <= parameters.keys()
    for name, value in given.items():
        assert re.fullmatch(parameters[name].get("AllowedPattern", ".*"), value), name
