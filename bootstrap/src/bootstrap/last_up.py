"""What the last `make up` wanted on the server, written down for the watcher, which keeps exactly that.

The watcher does not read the settings and the lines itself. Somebody may be editing them, and what they have written
counts from their next `make up` on.

Passwords are not written down: whoever reads the file has them as secrets.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from bootstrap.desired import Desired, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path("/made")  # a volume, which the watcher may only read; outside the containers there is none
PASSWORD = "authPassword"  # noqa: S105 - the field's name


class UnreadableError(Exception):
    """There is no such file, or it cannot be used; one sentence that says what to do."""


def write(want: Desired) -> None:
    """Replace what is written down for this host, at once or not at all; an OSError says why it could not be done."""
    if not FOLDER.is_dir():
        return
    routes = {line: {"trunk": _written(it.trunk), "rule": _written(it.rule)} for line, it in want.routes.items()}
    outbound = _written(want.outbound) if want.outbound else None
    new = _file_of(want.agent).with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump({"routes": routes, "outbound": outbound}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    new.replace(_file_of(want.agent))


def read(agent: str, sip_password: str, outbound_password: str) -> Desired:
    """Read what was wanted last for the host with this AGENT_NAME; UnreadableError if that is not known."""
    try:
        told = json.loads(_file_of(agent).read_text("utf-8"))
        routes = {line: _route(its, sip_password) for line, its in told["routes"].items()}
        outbound = ParseDict(told["outbound"], SIPOutboundTrunkInfo(), True) if told["outbound"] else None
    except FileNotFoundError:
        raise UnreadableError("No make up has noted yet which trunks and rules it made: run make up.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ParseError) as error:
        kind = type(error).__name__
        raise UnreadableError(f"What the last make up noted cannot be used ({kind}): run make up again.") from None
    if outbound and outbound.auth_username:
        outbound.auth_password = outbound_password
    return Desired(agent, routes, outbound)


def _file_of(agent: str) -> Path:
    return FOLDER / f"{agent}.json"


def _written(message: SIPInboundTrunkInfo | SIPOutboundTrunkInfo | SIPDispatchRuleInfo) -> dict[str, Any]:
    fields: dict[str, Any] = MessageToDict(message)
    fields.pop(PASSWORD, None)
    return fields


def _route(its: Mapping[str, Any], password: str) -> Route:
    trunk = ParseDict(its["trunk"], SIPInboundTrunkInfo(), True)
    if trunk.auth_username:
        trunk.auth_password = password
    return Route(trunk, ParseDict(its["rule"], SIPDispatchRuleInfo(), True))
