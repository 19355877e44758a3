"""What the account should have at Twilio, made from the settings and the lines. Pure functions.

Twilio has no field for a mark, so the trunk's friendly name is the mark: it contains the AGENT_NAME, by which a host
is known on a LiveKit server, too.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from bootstrap import numbers
from bootstrap.lines import Lines
from bootstrap.settings import Settings

MARK = "Landline"
LONGEST_NAME = 64  # characters, at Twilio
PRIORITY = WEIGHT = 10
DISASTER_METHOD = "GET"  # so that the document can be a plain file on any web server


@dataclass(frozen=True)
class Desired:
    """What this host, identified by its AGENT_NAME, wants at Twilio."""

    account: str
    name: str  # the trunk's
    uri: str  # where calls are sent
    numbers: tuple[str, ...]  # in E.164 form; those that the account owns are put on the trunk
    disaster_url: str = ""  # empty: whatever is there stays
    termination: str = ""  # the termination URI that OUTBOUND_ADDRESS names; empty if it names another carrier
    knows_the_lines: bool = False  # whether `numbers` has all that the lines answer


def want(settings: Settings, lines: Lines | None = None) -> Desired:
    """Say what the settings lead to. `lines` adds the numbers that only a line's own file names.

    The settings must have the account and the host's public name; a ValueError otherwise.
    """
    if not settings.twilio_account_sid:
        raise ValueError("TWILIO_ACCOUNT_SID is not set")
    return Desired(
        account=settings.twilio_account_sid,
        name=trunk_name(settings.agent_name),
        uri=origination_uri(settings),
        numbers=wanted_numbers(settings.phone_numbers, (lines or {}).values()),
        disaster_url=settings.twilio_disaster_url or "",
        termination=termination(settings.outbound_address or ""),
        knows_the_lines=lines is not None,
    )


def trunk_name(agent: str) -> str:
    """Name the trunk of the host with this AGENT_NAME; a long one is cut, and stays different from others."""
    name = f"{MARK} {agent}"
    if len(name) <= LONGEST_NAME:
        return name
    checksum = hashlib.sha256(agent.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - len(checksum) - 1]}~{checksum}"


def origination_uri(settings: Settings) -> str:
    """Return where Twilio sends calls, such as sip:line.example.com:5060;transport=udp."""
    if not settings.public_host:
        raise ValueError("neither DOMAIN nor PUBLIC_IP is set")
    return f"sip:{settings.public_host}:{settings.sip_port};transport=udp"


def wanted_numbers(phone_numbers: Iterable[str], of_lines: Iterable[Iterable[str]]) -> tuple[str, ...]:
    answered = [form for forms in of_lines for form in forms if numbers.E164.fullmatch(form)]
    return tuple(dict.fromkeys([*phone_numbers, *answered]))


def termination(address: str) -> str:
    """Return the host name in OUTBOUND_ADDRESS if it is Twilio's."""
    host = address.partition(":")[0].lower()
    return host if ".pstn." in host and host.endswith(".twilio.com") else ""
