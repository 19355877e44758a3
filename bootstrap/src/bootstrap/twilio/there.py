"""What an account has at Twilio, as far as it matters here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trunk:
    """An Elastic SIP trunk. Texts that Twilio does not have are empty."""

    sid: str
    account: str
    name: str
    created: str = ""  # when, in ISO 8601
    secure: bool = False  # only TLS and SRTP, which the gateway does not offer
    disaster_url: str = ""
    disaster_method: str = ""
    termination: str = ""  # the host name that takes calls of ours, such as example.pstn.twilio.com
    authentication: str = ""  # what termination asks for: IP_ACL, CREDENTIAL_LIST, both, or nothing


@dataclass(frozen=True)
class Uri:
    """An origination URI: where a trunk sends calls."""

    sid: str
    name: str
    address: str
    priority: int
    weight: int
    enabled: bool


@dataclass(frozen=True)
class Number:
    """A phone number that the account owns."""

    sid: str
    number: str  # in E.164 form
    trunk: str = ""  # the SID of the trunk that it is on
    application: str = ""  # the SID of the TwiML application that it is used by
    webhook: str = ""  # what Twilio asks when the number is called; while it is on a trunk, it is kept and not asked
    takes_calls: bool = True


@dataclass(frozen=True)
class There:
    """What was found; `uris` has the trunks that a Landline host made, by their SIDs."""

    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    uris: Mapping[str, tuple[Uri, ...]] = field(default_factory=dict)

    def numbers_on(self, trunk: Trunk) -> list[Number]:
        return [number for number in self.numbers if number.trunk == trunk.sid]
