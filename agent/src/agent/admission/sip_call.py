"""A SIP call as the gateway describes it: the attributes of its participant, read into one typed value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
TEL_NUMBER = re.compile(r"\+?[().-]*[0-9][0-9().-]*")  # RFC 3966, section 3
NO_HOST = "tel"  # stands in for the host of a From header such as <tel:+12025550123>, which has none


@dataclass(frozen=True, slots=True)
class SipCall:
    """One call. Who is calling whom is left out of `repr`, so that it cannot slip into a log.

    The attribute names are the gateway's and the server's: `livekit/attrs.go` in github.com/livekit/protocol,
    `pkg/sip/participant.go` in github.com/livekit/sip.
    """

    call_id: str  # the gateway's own id, SCL_…; of a call by browser, the caller's identity
    trunk_id: str  # empty when no trunk matched
    rule_id: str
    from_host: str  # host part of the From header, or NO_HOST; empty when the rule hides it
    caller: str = field(repr=False)  # user part of the From header, as sent: a number, a name or "anonymous"
    dialled: str = field(repr=False)
    sip_call_id: str = field(repr=False)  # the Call-ID header; carriers put addresses into it
    account: str = field(repr=False)  # the trunk provider's account, if it is sent (X-Twilio-AccountSid)

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> "SipCall":
        """Read a SIP participant's attributes; what is missing becomes the empty string.

        The gateway takes the number of `From: <tel:+12025550123>` for a host, and reports no user.
        """
        caller, host = attributes.get("sip.phoneNumber", ""), attributes.get("sip.hostname", "")
        if not caller and TEL_NUMBER.fullmatch(host) and not _is_address(IPv4Address, host):
            caller, host = host, NO_HOST
        return cls(
            call_id=attributes.get("sip.callID", ""),
            trunk_id=attributes.get("sip.trunkID", ""),
            rule_id=attributes.get("sip.ruleID", ""),
            from_host=host,
            caller=caller,
            dialled=attributes.get("sip.trunkPhoneNumber", ""),
            sip_call_id=attributes.get("sip.callIDFull", ""),
            account=attributes.get("trunk.account", ""),
        )

    @classmethod
    def to(cls, number: str) -> "SipCall":
        """Return a call that the agent is about to make, of which the gateway knows nothing yet."""
        return cls.from_attributes({"sip.phoneNumber": number})

    @classmethod
    def by_browser(cls, identity: str) -> "SipCall":
        """Return a call that no gateway knows, because the caller came by browser; its id is their identity."""
        return cls.from_attributes({"sip.callID": identity})

    def objection(self, account: str | None = None) -> str | None:
        """Return why this call must not be answered, or None; with `account`, only calls of that account are answered.

        The gateway lets a call in when its address is within `allowed_addresses`, but also when its From host *is*,
        letter by letter, one of the entries: a stranger who writes `From: <sip:x@54.172.60.0/30>` passes. Every
        entry that `bootstrap` writes has a slash, which no host has, so a call whose From host is not a host is
        refused. A call whose From host the gateway does not report cannot be judged, and is refused too.
        """
        if not self.trunk_id:
            return "it did not come in through a trunk: the dispatch rule must name its trunks"
        if not self.from_host:
            return "its From host is not known: the dispatch rule must not hide phone numbers"
        if not _is_host(self.from_host):
            return "its From host is neither a host name nor an address, so it is forged"
        if account and not self.account:
            return "its trunk account is not known: TRUNK_ACCOUNT works only with a trunk provider that sends it"
        if account and self.account != account:
            return "it belongs to a trunk account other than TRUNK_ACCOUNT"
        return None


def _is_host(text: str) -> bool:
    return bool(HOST_NAME.fullmatch(text)) or _is_address(IPv6Address, text.removeprefix("[").removesuffix("]"))


def _is_address(kind: type[IPv4Address | IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
