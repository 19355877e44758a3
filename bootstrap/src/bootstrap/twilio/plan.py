"""The smallest change from what the account has at Twilio to what it should have. Pure functions.

Nothing is taken away from another trunk, and no number is taken off ours. What is in the way raises BlockedError.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bootstrap.ownership import BlockedError
from bootstrap.twilio.desired import DISASTER_METHOD, MARK, PRIORITY, WEIGHT, Desired
from bootstrap.twilio.there import Number, There, Trunk, Uri

TWILIOS_EXAMPLE = "https://demo.twilio.com/"  # the webhook of a number that was just bought
NEW_TRUNK = "<trunk>"  # stands for the SID of a trunk that does not exist yet


@dataclass(frozen=True)
class Change:
    """One request to Twilio. `fields` are the arguments of the client's method, and are never printed."""

    action: Literal["create", "update", "delete", "attach"]
    kind: Literal["trunk", "origination URI", "number"]
    sid: str  # of what is changed; empty for what is created
    trunk: str  # the SID of the trunk that it belongs to; empty for a trunk
    why: str
    fields: dict[str, str | int | bool] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        where = f" {'to' if self.action == 'attach' else 'of'} Twilio trunk {self.trunk}" if self.trunk else ""
        what = f"Twilio trunk {self.sid}" if self.kind == "trunk" else f"{self.kind} {self.sid}"
        return f"{self.action} {what.strip()}{where}: {self.why}"


def next_changes(want: Desired, there: There) -> list[Change]:
    """Decide the next step; [] when there is nothing to change. What is done to trunks comes alone and first."""
    planned = changes(want, there)
    return [change for change in planned if change.kind == "trunk"][:1] or planned


def changes(want: Desired, there: There) -> list[Change]:
    """List every difference; BlockedError if somebody else's trunk or application is in the way."""
    ours = find_our_trunks(want, there)
    refuse_another_account(want, there)
    refuse_another_host(want, there, ours[:1])
    refuse_numbers_in_use(want, there, ours)
    trunk = ours[0] if ours else None
    return [
        *removals(want, there, ours),
        *trunk_changes(want, trunk),
        *uri_changes(want, trunk, there.uris.get(trunk.sid, ()) if trunk else ()),
        *attachments(want, trunk, there.numbers),
    ]


def find_our_trunks(want: Desired, there: There) -> list[Trunk]:
    """Find the trunks of this host's name, the one that stays first: one that carries our numbers, then the oldest."""

    def rank(trunk: Trunk) -> tuple[bool, str, str]:
        carries = any(number.number in want.numbers for number in there.numbers_on(trunk))
        return not carries, trunk.created, trunk.sid

    return sorted((trunk for trunk in there.trunks if trunk.name == want.name), key=rank)


def refuse_another_account(want: Desired, there: There) -> None:
    if others := {trunk.account for trunk in there.trunks} - {want.account, ""}:
        raise BlockedError(
            f"TWILIO_API_KEY is a key of the account {others.pop()}, and not of TWILIO_ACCOUNT_SID, {want.account}: "
            "create a key in that account, then run make up"
        )


def refuse_another_host(want: Desired, there: There, ours: Sequence[Trunk]) -> None:
    """Recognise another host with the same AGENT_NAME by the numbers on its trunk, none of which is ours."""
    for trunk in ours:
        carried = {number.number for number in there.numbers_on(trunk)}
        sent_to = [uri.address for uri in there.uris.get(trunk.sid, ()) if uri.name == MARK]
        if carried and not carried & set(want.numbers) and sent_to and want.uri not in sent_to:
            raise BlockedError(
                f"the Twilio trunk {trunk.sid} ({trunk.name!r}) carries other numbers to {sent_to[0]}: if it is "
                "another host's, set AGENT_NAME to a name of this host's own; if it was this host's, remove its "
                "numbers in Twilio's console; then run make up"
            )


def refuse_numbers_in_use(want: Desired, there: There, ours: Sequence[Trunk]) -> None:
    names = {trunk.sid: trunk.name for trunk in there.trunks}
    for number in there.numbers:
        if number.number not in want.numbers:
            continue
        if number.trunk and number.trunk not in [trunk.sid for trunk in ours]:
            name = f" ({names[number.trunk]!r})" if number.trunk in names else ""
            raise BlockedError(
                f"the number {number.sid} is on another Twilio trunk, {number.trunk}{name}, and was left there: remove "
                "it from that trunk in Twilio's console, or from PHONE_NUMBERS and the line, then run make up"
            )
        if number.application:
            raise BlockedError(
                f"the number {number.sid} is used by the TwiML application {number.application} at Twilio, and was "
                "left there: remove the application from the number in Twilio's console, or the number from "
                "PHONE_NUMBERS and the line, then run make up"
            )


def removals(want: Desired, there: There, ours: Sequence[Trunk]) -> list[Change]:
    """Delete what bootstraps that ran at once made twice. What somebody uses by now is theirs to clean up."""
    for spare in ours[1:]:
        others = [uri for uri in there.uris.get(spare.sid, ()) if (uri.name, uri.address) != (MARK, want.uri)]
        if there.numbers_on(spare) or spare.termination or others:
            raise BlockedError(
                f"two Twilio trunks are called {spare.name!r}, and both are in use: {ours[0].sid} and {spare.sid}; "
                "rename or delete one of them in Twilio's console, then run make up"
            )
    return [Change("delete", "trunk", spare.sid, "", f"it duplicates {ours[0].sid}") for spare in ours[1:]]


def trunk_changes(want: Desired, trunk: Trunk | None) -> list[Change]:
    disaster = {"disaster_recovery_url": want.disaster_url, "disaster_recovery_method": DISASTER_METHOD}
    if trunk is None:
        fields = {"friendly_name": want.name, **(disaster if want.disaster_url else {})}
        return [Change("create", "trunk", "", "", f"the account has none called {want.name!r}", {**fields})]
    if want.disaster_url and (trunk.disaster_url, trunk.disaster_method) != (want.disaster_url, DISASTER_METHOD):
        return [Change("update", "trunk", trunk.sid, "", "its disaster recovery URL is another", {**disaster})]
    return []


def uri_changes(want: Desired, trunk: Trunk | None, found: Sequence[Uri]) -> list[Change]:
    """Bring the origination URI that is ours to what it should be. One made by hand for the same address is adopted."""
    fields: dict[str, str | int | bool] = {
        "friendly_name": MARK,
        "sip_url": want.uri,
        "priority": PRIORITY,
        "weight": WEIGHT,
        "enabled": True,
    }
    of_trunk = trunk.sid if trunk else NEW_TRUNK
    ours = our_uris(want, found)
    if not ours:
        return [Change("create", "origination URI", "", of_trunk, f"no call is sent to {want.uri}", fields)]
    first, *spare = ours
    deletions = [Change("delete", "origination URI", uri.sid, of_trunk, f"it duplicates {first.sid}") for uri in spare]
    have = (first.name, first.address, first.priority, first.weight, first.enabled)
    differing = [(name, old, fields[name]) for name, old in zip(fields, have, strict=True) if old != fields[name]]
    if not differing:
        return deletions
    why = "; ".join(f"{name} {old!r} -> {new!r}" for name, old, new in differing)
    changed = {name: new for name, _, new in differing}
    return [*deletions, Change("update", "origination URI", first.sid, of_trunk, why, changed)]


def our_uris(want: Desired, found: Sequence[Uri]) -> list[Uri]:
    """Find the URIs with our mark, the one that stays first."""
    marked = [uri for uri in found if uri.name == MARK] or [uri for uri in found if uri.address == want.uri][:1]
    return sorted(marked, key=lambda uri: (uri.address != want.uri, uri.sid))


def attachments(want: Desired, trunk: Trunk | None, owned: Sequence[Number]) -> list[Change]:
    sid = trunk.sid if trunk else NEW_TRUNK
    return [
        Change("attach", "number", number.sid, sid, why_attach(number), {"phone_number_sid": number.sid})
        for number in owned
        if number.number in want.numbers and not number.trunk
    ]


def why_attach(number: Number) -> str:
    if not number.webhook or number.webhook.startswith(TWILIOS_EXAMPLE):
        return "it is on no trunk"
    return "it is on no trunk; while it is on one, Twilio keeps its webhook and does not ask it"


def warnings(want: Desired, there: There) -> list[str]:
    """Describe what no change of ours repairs, one sentence each, without phone numbers."""
    found = [*of_numbers(want, there.numbers)]
    for trunk in find_our_trunks(want, there)[:1]:
        found += of_trunk(want, trunk)
        found += of_other_uris(want, trunk, there.uris.get(trunk.sid, ()))
        unanswered = [number.sid for number in there.numbers_on(trunk) if number.number not in want.numbers]
        if unanswered and want.knows_the_lines:
            found.append(
                f"no line answers {' and '.join(unanswered)} on the Twilio trunk {trunk.sid}: callers hear ringing and "
                "no answer; add each number to a line, or remove it from the trunk in Twilio's console"
            )
    return found


def of_numbers(want: Desired, owned: Sequence[Number]) -> list[str]:
    ours = [number for number in owned if number.number in want.numbers]
    found = []
    if missing := len(want.numbers) - len(ours):
        found.append(
            f"the Twilio account does not own {missing} of the {len(want.numbers)} numbers in PHONE_NUMBERS and the "
            "lines: buy each in Twilio's console, or correct it"
        )
    deaf = [number.sid for number in ours if not number.takes_calls]
    if deaf:
        found.append(f"Twilio says that {' and '.join(deaf)} cannot take voice calls: use a number with Voice")
    return found


def of_trunk(want: Desired, trunk: Trunk) -> list[str]:
    found = []
    if trunk.secure:
        found.append(
            f"secure trunking is on for the Twilio trunk {trunk.sid}, and this host takes calls without TLS alone: "
            "switch it off in Twilio's console, or no call arrives"
        )
    if want.termination and name_of(want.termination) != name_of(trunk.termination):
        found.append(
            f"OUTBOUND_ADDRESS is {want.termination}, but the termination URI of the Twilio trunk {trunk.sid} is "
            f"{trunk.termination or 'not set'}: calls that go out are not this trunk's"
        )
    elif want.termination and not trunk.authentication:
        found.append(
            f"the Twilio trunk {trunk.sid} has neither a credential list nor an access control list, so Twilio refuses "
            "every call that goes out: add one under Termination in Twilio's console"
        )
    return found


def name_of(termination: str) -> str:
    """Return what is the same in a termination URI and its forms for single regions."""
    return termination.partition(".")[0].lower()


def of_other_uris(want: Desired, trunk: Trunk, uris: Sequence[Uri]) -> list[str]:
    ours = our_uris(want, uris)
    before = [uri.sid for uri in uris if uri not in ours and uri.enabled and uri.priority <= PRIORITY]
    if not before:
        return []
    return [
        f"the Twilio trunk {trunk.sid} also sends calls to another origination URI, {' and '.join(before)}, which "
        f"comes before ours or shares its calls: give it a priority above {PRIORITY}, or delete it in Twilio's console"
    ]
