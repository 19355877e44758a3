"""The trunk providers' files."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import trunks

RIGHT: dict[str, Any] = {
    "name": "x",
    "allowed_addresses": ["54.172.60.0/30"],
    "account_header": None,
    "headers_to_attributes": {},
    "sends_credentials": True,
}


def test_the_folder_is_the_list() -> None:
    assert {"generic", "pbx", "telnyx", "twilio"} <= set(trunks.available())


@pytest.mark.parametrize("name", trunks.available())
def test_every_file_in_it_is_right(name: str) -> None:
    assert trunks.load(name).name


def test_twilio_is_all_of_its_published_ranges() -> None:
    ranges = trunks.load("twilio").allowed_addresses
    assert len(ranges) == len(set(ranges)) == 8
    assert {ip_network(text).prefixlen for text in ranges} == {30}


def test_a_provider_with_published_ranges_has_those_of_its_audio_too() -> None:
    assert trunks.load("twilio").media == [trunks.Media(addresses=["168.86.128.0/18"], ports="10000-60000")]
    [media] = trunks.load("telnyx").media
    assert len(media.addresses) == len(set(media.addresses)) == 16
    for provider in map(trunks.load, trunks.available()):
        assert bool(provider.allowed_addresses) == bool(provider.media), provider.name


def test_telnyx_is_both_addresses_of_each_region() -> None:
    addresses = trunks.load("telnyx").allowed_addresses
    assert len(addresses) == len(set(addresses)) == 12
    assert {ip_network(text).prefixlen for text in addresses} == {32}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name: x", "allowed_addresses"),
        ("name: [", "x.yaml"),
        ("{allowed_addresses: [54.172.60.0/73]}", "'73'"),
        ("{allowed_addresses: [10.0.0.1]}", "private"),
        ("{extra: 1}", "extra"),
        ("{account_header: 1}", "account_header"),
        ("{number_forms: [local]}", "is 'local'; expected one of international_00, international_011"),
        ("{media: [{addresses: [10.0.0.0/8], ports: 10000-20000}]}", "private"),
        (
            "{media: [{addresses: [54.172.60.0/30], ports: '10000'}]}",
            "is '10000'; write the first and the last UDP port",
        ),
        ("{media: [{addresses: [54.172.60.0/30], ports: 20000-10000}]}", "is '20000-10000'; write the first"),
        ("{media_encryption: always}", "'disable', 'allow' or 'require'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    edit = yaml.safe_load(content) if content.startswith("{") else None
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(RIGHT | edit) if edit else content)
    with pytest.raises(ValueError, match=r"x\.yaml") as caught:
        trunks.load("x", tmp_path)
    assert reason in str(caught.value)


def test_the_account_has_one_attribute_whatever_the_providers_header() -> None:
    twilio = trunks.load("twilio")
    assert twilio.attributes() == {"X-Twilio-AccountSid": "trunk.account", "X-Twilio-CallSid": "sip.twilio.callSid"}
    assert trunks.load("generic").attributes() == {}


@pytest.mark.parametrize("name", trunks.available())
def test_a_shell_script_can_read_the_account_header(name: str) -> None:
    lines = (trunks.FOLDER / f"{name}.yaml").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("account_header: ")]
    assert line == f"account_header: {trunks.load(name).account_header or 'null'}"
