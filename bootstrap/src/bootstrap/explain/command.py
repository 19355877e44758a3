"""What `make doctor CALL=…` and `make doctor LAST=…` run: the command that reads, asks and prints.

Standard input has rows NAME=value, so that no number is among the arguments that `docker inspect` shows: CALL, or LAST
with a number of calls, and NUMBERS=yes to show numbers whole. With LAST, the rows after an empty one are what the agent
knows of its records and what the services have logged.
"""

import json
import sys
from collections.abc import Iterator

from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap import codes
from bootstrap.explain.call import Call, parse
from bootstrap.explain.gateway_counts import count_failures
from bootstrap.explain.last_calls import describe, read_calls
from bootstrap.explain.matching import Explanation, match
from bootstrap.explain.numbers_shown import Shown
from bootstrap.explain.sentences import Host, reaches_an_agent, sentences
from bootstrap.lines import Lines
from bootstrap.server import RetryPolicy, connect
from bootstrap.settings import ServerSettings, SettingsError
from bootstrap.trunks import ACCOUNT

MOST = 100  # calls of LAST
SOON = RetryPolicy(attempts=3, seconds=10)  # somebody is waiting, and make up has long been through


async def explain(settings: ServerSettings, _: Lines) -> int:
    """Explain a call, or the last ones; SettingsError if what is asked cannot be understood.

    If a call reaches this host's agent, the last row is not for people: it is JSON, what agent.worker.explain reads.
    """
    rows = iter(sys.stdin)
    asked = dict(_read_asked(rows))
    shown = Shown(whole=asked.get("NUMBERS") == "yes")
    if "LAST" in asked:
        calls = read_calls(rows)[-_count(asked["LAST"]) :]
        _print([*describe(calls, shown), *await count_failures()])
        return codes.DONE
    try:
        call = parse(asked.get("CALL", ""))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    async with connect(settings, SOON) as server:
        trunks, rules = await server.retry(server.trunks), await server.retry(server.rules)
    found = match(call, trunks, rules)
    host = Host(settings.agent_name, settings.trunk_provider.name, settings.trunk_provider.sends_credentials)
    _print(sentences(call, found, host, shown))
    if not reaches_an_agent(found, host):
        return codes.DIFFERS
    _print([json.dumps(question(call, found, settings.agent_name))])
    return codes.DONE


def question(call: Call, found: Explanation, agent: str) -> dict[str, object]:
    """Put what the agent is given when the call comes into what `agent.worker.explain` reads.

    `attributes` are those of the call's participant, and `metadata` those of the job. `sends_account` says whether the
    trunk hands on its account; the agent takes the call for one of TRUNK_ACCOUNT's unless CALL has another.
    """
    trunk, rule = found.trunk or Trunk(), found.rule
    attributes = {"sip.callID": "SCL_explained", "sip.trunkID": trunk.sip_trunk_id}
    hidden = rule is not None and rule.hide_phone_number
    if not hidden:
        attributes["sip.phoneNumber"] = call.caller
        attributes["sip.hostname"] = call.host
        attributes["sip.trunkPhoneNumber"] = call.dialled
    sends_account = ACCOUNT in trunk.headers_to_attributes.values()
    if sends_account and call.account:
        attributes[ACCOUNT] = call.account
    sent = [one for one in rule.room_config.agents if one.agent_name == agent] if rule else []
    return {
        "attributes": attributes,
        "metadata": sent[0].metadata if sent else "",
        "sends_account": sends_account,
    }


def _read_asked(rows: Iterator[str]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if not row.strip():
            return
        name, _, value = row.rstrip("\r\n").partition("=")
        yield name, value


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise SettingsError(f"LAST is {text!a}; write how many calls, from 1 to {MOST}: make doctor LAST=5")
    return int(text)


def _print(rows: list[str]) -> None:
    sys.stdout.write("".join(f"{row}\n" for row in rows))
