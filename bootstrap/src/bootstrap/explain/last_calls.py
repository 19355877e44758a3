"""The last calls, put together from the agent's records and from what the agent and the gateway have logged. Pure.

The rows are those of `docker compose logs`, each after the name of its container and a `|`, and those in which the
agent lists its records, which begin with `record |`. Both forms of the log, text and JSON, are understood.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bootstrap.explain.gateway_counts import SAYS
from bootstrap.explain.numbers_shown import Shown

RECORD = "record"
ROW = re.compile(r"(\S+) *\| (.*)")
AGENTS_ROW = re.compile(r"(\S+) +([A-Z]+) +\w+: (.*)")
IDS = ("call_id", "job_id", "room_id", "callID")  # the last one is the gateway's
COMPLAINTS_SHOWN = 2
ENDED, NOT_TAKEN = "Call ended", "not taken"

# What the agent logs at the turning points of a call, and how that is told.
ANSWERED, CALLED_OUT = "answered", "a call of the agent's own, which was answered"
BEGINNINGS = {"Call answered": ANSWERED, "Call answered by the person's phone": CALLED_OUT}
# What the gateway logs, most of it only with SERVER_LOG_LEVEL=info or debug, and the reason that it stands for.
ARRIVED = "processing invite"
CLOSED = {"Closing inbound call", "Closing inbound call with error"}  # these have a field `reason`
STOPPED = {
    "Rejecting inbound flood": "flood",
    "Rejecting inbound, auth check failed": "auth-error",
    "Rejecting inbound call, dispatch evaluation failed": "dispatch-error",
    "Authentication failed - username mismatch": "unauthorized",
    "Authentication failed - response mismatch": "unauthorized",
    "Cannot create LiveKit participant": "participant-failed",
    "Call accepted, but no ACK received": "no-ack",
}


@dataclass(frozen=True)
class Event:
    """One row of a log."""

    at: str  # ISO 8601
    service: str  # agent or sip
    level: str  # in lower case
    message: str
    fields: Mapping[str, Any]

    @property
    def ids(self) -> set[str]:
        return {str(self.fields[name]) for name in IDS if self.fields.get(name)}


@dataclass(eq=False)
class PastCall:
    """What is known of one call; the record is empty if there is none."""

    at: str = ""
    ids: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    record: Mapping[str, Any] = field(default_factory=dict)


def read_calls(rows: Iterable[str]) -> list[PastCall]:
    """Sort the rows by calls, the oldest call first; what cannot be read is left out."""
    calls: list[PastCall] = []
    by_id: dict[str, PastCall] = {}
    for row in rows:
        source, text = _split(row)
        if source == RECORD:
            record = _json(text)
            if id_ := str(record.get("call") or record.get("started") or ""):
                call = _call_of({id_}, calls, by_id)
                call.record, call.at = record, call.at or str(record.get("started", ""))
        elif (event := _event(source, text)) and event.ids:
            call = _call_of(event.ids, calls, by_id)
            call.at = min(call.at or event.at, event.at)
            call.events.append(event)
    for call in calls:
        call.events.sort(key=lambda event: event.at)
    return sorted(filter(_is_a_call, calls), key=lambda call: call.at)


def describe(calls: list[PastCall], shown: Shown) -> list[str]:
    if not calls:
        return ["Neither the records nor the logs that there are have any call in them."]
    return [_row(call, shown) for call in calls]


def _row(call: PastCall, shown: Shown) -> str:
    line = call.record.get("line") or _first(call, "line")
    about = f"line {line}" if line else "no line"
    return f"{_moment(call.at)}  {about}{_who(call, shown)}: {'; '.join(_story(call))}."


def _who(call: PastCall, shown: Shown) -> str:
    """Say who called whom, if the record or the gateway's log says so."""
    arrived = next((event.fields for event in call.events if event.message == ARRIVED), {})
    caller = call.record.get("caller", arrived.get("fromUser"))
    dialled = call.record.get("dialled", arrived.get("toUser"))
    if caller is None:
        return ""
    if call.record.get("direction") == "outbound":  # then the person who was called is in the caller's place
        return f", to {shown.number(str(caller))}"
    return f", from {shown.number(str(caller))} to {shown.number(str(dialled or ''))}"


def _story(call: PastCall) -> Iterator[str]:
    """Tell what became of a call, in the order in which it happened."""
    by_agent = [event for event in call.events if event.service == "agent"]
    turning_points = [told for event in by_agent if (told := _turning_point(event))]
    if CALLED_OUT in turning_points:  # of such a call, the agent logs twice that it was answered
        turning_points = [told for told in turning_points if told != ANSWERED]
    yield from turning_points
    complaints = [event.message for event in by_agent if event.level in ("warning", "error") and _is_aside(event)]
    for complaint in list(dict.fromkeys(complaints))[:COMPLAINTS_SHOWN]:
        yield f"the agent logged: {complaint}"
    for reason in dict.fromkeys(_reason(event) for event in call.events):
        if reason:
            yield f"at the gateway, the call {SAYS[reason]}"
    yield from _ending(call, turning_points)


def _ending(call: PastCall, turning_points: list[str]) -> Iterator[str]:
    ended = next((event.fields for event in call.events if event.message == ENDED), None)
    if ended is not None:
        how = "ended" if turning_points else "ended before it was answered,"
        reason = str(ended.get("reason") or "")
        is_told = reason in ("", "refused") or any(told.endswith(f": {reason}") for told in turning_points)
        because = "" if is_told else f": {reason}"
        yield f"{how} after {ended.get('seconds', '?')} s{because}"
    elif call.record:
        yield f"ended after {call.record.get('seconds', '?')} s: {call.record.get('outcome', 'for an unknown reason')}"
    elif turning_points and not turning_points[0].startswith(NOT_TAKEN):
        yield "it goes on, or its process has died"
    elif not turning_points and not any(map(_reason, call.events)):
        yield "it came to the gateway, and nothing else is logged of it"


def _turning_point(event: Event) -> str:
    if event.message in BEGINNINGS:
        return BEGINNINGS[event.message]
    for kind in ("refused: ", f"{NOT_TAKEN}: ", "rejected: ", "not made: "):
        if event.message.startswith(f"Call {kind}"):
            return event.message.removeprefix("Call ")
    return ""


def _is_aside(event: Event) -> bool:
    return event.message != ENDED and not _turning_point(event)


def _reason(event: Event) -> str:
    """Return the gateway's word for why it stopped the call, if this row says so and it is no ordinary end."""
    if event.service != "sip":
        return ""
    reason = str(event.fields.get("reason", "")) if event.message in CLOSED else STOPPED.get(event.message, "")
    if event.message == "Cannot start media" and event.level == "error":  # else the reason follows
        reason = "media-failed"
    return reason if reason in SAYS else ""


def _is_a_call(call: PastCall) -> bool:
    return bool(call.record) or any(
        event.message in (ENDED, ARRIVED) or _turning_point(event) or _reason(event) for event in call.events
    )


def _call_of(ids: set[str], calls: list[PastCall], by_id: dict[str, PastCall]) -> PastCall:
    """Return the call with one of these ids, a new one if there is none; calls that turn out to be one are merged."""
    found = list({id(by_id[one]): by_id[one] for one in ids if one in by_id}.values())
    call = found[0] if found else PastCall()
    if not found:
        calls.append(call)
    for other in found[1:]:
        call.events += other.events
        call.record = call.record or other.record
        call.at = min(filter(None, (call.at, other.at)), default="")
        call.ids |= other.ids
        calls.remove(other)
    call.ids |= ids
    by_id.update(dict.fromkeys(call.ids, call))
    return call


def _first(call: PastCall, name: str) -> str:
    return next((str(event.fields[name]) for event in call.events if event.fields.get(name)), "")


def _moment(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return at or "at an unknown time"


def _split(row: str) -> tuple[str, str]:
    """Split `agent-1  | …` into the container's name and what it wrote."""
    written = ROW.fullmatch(row.rstrip("\r\n"))
    return (written[1], written[2]) if written else ("", row)


def _event(source: str, text: str) -> Event | None:
    service = re.sub(r"-\d+$", "", source)
    if text.startswith("{"):
        fields = _json(text)
        at, level = fields.get("time") or fields.get("ts"), str(fields.get("level", ""))
        message = fields.get("message") or fields.get("msg")
    elif service == "sip":
        at, level, message, fields = _gateways_text(text)
    else:
        at, level, message, fields = _agents_text(text)
    if not at or not message:
        return None
    return Event(_iso(at), "sip" if service.endswith("sip") else "agent", level.lower(), str(message), fields)


def _agents_text(text: str) -> tuple[str, str, str, Mapping[str, Any]]:
    """Read `2026-11-22T09:30:00.123+00:00 INFO    agent: Call answered  line=coffee  job_id=AJ_…`."""
    written = AGENTS_ROW.fullmatch(text)
    if not written:
        return "", "", "", {}
    message, *fields = written[3].split("  ")
    return written[1], written[2], message, dict(part.split("=", 1) for part in fields if "=" in part)


def _gateways_text(text: str) -> tuple[str, str, str, Mapping[str, Any]]:
    """Read `<time>\\t<level>\\t<logger>\\t<file>\\t<message>\\t{fields}`, as the gateway writes it."""
    parts = text.split("\t")
    if len(parts) < 3:
        return "", "", "", {}
    fields = _json(parts[-1]) if parts[-1].startswith("{") else {}
    return parts[0], parts[1], parts[-2] if fields else parts[-1], fields


def _json(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _iso(at: Any) -> str:
    """Write a time as ISO 8601 in UTC: LiveKit's JSON log has seconds since 1970, and its text ends in Z."""
    if isinstance(at, int | float):
        at = datetime.fromtimestamp(at, UTC).isoformat()
    return str(at).replace("Z", "+00:00")
