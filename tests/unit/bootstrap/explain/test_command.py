"""`bootstrap explain`, with a server that has what `bootstrap apply` has made."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from bootstrap.explain import gateway_counts
from tests.support.fakes.livekit_sip import Trunk
from tests.unit.bootstrap.test_command import run, run_with, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fakes.livekit_sip import FakeLiveKit
    from tests.unit.bootstrap.test_command import Run

__all__ = ["run", "run_with", "server"]  # fixtures
GOOD = "+12025550131 -> +12025550100 from 54.172.60.1"


@pytest.fixture
def explain(run_with: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def explain(*rows: str, **variables: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{row}\n" for row in rows)))
        return run_with("explain", **variables)

    return explain


def test_a_call_that_reaches_the_agent_ends_in_the_question_for_it(run_with: Run, explain: Run) -> None:
    run_with("apply")
    code, out, err = explain(f"CALL={GOOD} host pstn.example account AC1", "NUMBERS=", "")
    *told, question = out.splitlines()
    assert (code, err) == (0, "")
    assert told[0] == "A call from …31 to …00, from 54.172.60.1:"
    assert told[-1] == "The rule sends for inbound-voice-agent, which is this host's agent."
    asked = json.loads(question)
    assert asked.pop("metadata") == '{"line": "coffee"}'
    assert asked.pop("sends_account") is True
    attributes = asked.pop("attributes")
    assert not asked
    assert attributes.pop("sip.trunkID").startswith("ST_")
    assert attributes == {
        "sip.callID": "SCL_explained",
        "sip.phoneNumber": "+12025550131",
        "sip.hostname": "pstn.example",
        "sip.trunkPhoneNumber": "+12025550100",
        "trunk.account": "AC1",
    }


def test_a_call_that_reaches_nobody_ends_with_1_and_without_a_question(explain: Run, server: FakeLiveKit) -> None:
    code, out, _ = explain(f"CALL={GOOD}", "")
    assert code == 1
    assert "The server has no inbound trunk at all: run make up." in out
    assert "{" not in out
    assert set(server.calls) == {"ListSIPInboundTrunk", "ListSIPDispatchRule"}


def test_numbers_are_whole_only_if_asked_for(run_with: Run, explain: Run) -> None:
    run_with("apply")
    wrong_address = GOOD.replace("54.172.60.1", "198.51.100.7")
    assert "2025550131" not in explain(f"CALL={wrong_address}", "NUMBERS=no", "")[1]
    assert "A call from +12025550131 to +12025550100" in explain(f"CALL={wrong_address}", "NUMBERS=yes", "")[1]


def test_others_trunks_count_as_well(run_with: Run, explain: Run, server: FakeLiveKit) -> None:
    run_with("apply")
    rival = Trunk(sip_trunk_id="ST_rival", name="Rival", numbers=["+12025550100"], allowed_numbers=["+12025550131"])
    server.trunks["ST_rival"] = rival
    code, out, _ = explain(f"CALL={GOOD}", "")
    assert code == 1
    assert "'Rival' (ST_rival)" in out
    assert "503" in out


@pytest.mark.parametrize(
    ("row", "told"),
    [("CALL=hello", "CALL is 'hello', which is not a call"), ("CALL=", "CALL is ''"), ("LAST=0", "LAST is '0'; write")],
)
def test_what_is_not_understood_ends_with_2_before_anybody_is_asked(
    explain: Run, server: FakeLiveKit, row: str, told: str
) -> None:
    code, out, err = explain(row, "")
    assert (code, out) == (2, "")
    assert err.startswith(told)
    assert server.calls == []


def test_a_server_out_of_reach_ends_with_3_soon(explain: Run) -> None:
    code, _, err = explain(f"CALL={GOOD}", "", LIVEKIT_URL="ws://127.0.0.1:9")
    assert code == 3
    assert "could not be reached" in err


def test_the_last_calls_are_told_with_the_gateways_counts(explain: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(url: str = "") -> list[str]:
        return ["The gateway has refused or dropped no call since it started."]

    monkeypatch.setattr("bootstrap.explain.command.count_failures", none)
    rows = [
        f"agent-1  | 2026-11-27T13:00:0{place}.000+00:00 INFO    agent: Call answered  line=coffee  job_id=AJ_{place}"
        for place in range(4)
    ]
    code, out, _ = explain("LAST=2", "NUMBERS=", "", *rows)
    assert code == 0
    assert [row[:19] for row in out.splitlines()] == [
        "2026-11-27 13:00:02",
        "2026-11-27 13:00:03",
        "The gateway has ref",
    ]


def test_every_reason_that_the_gateway_counts_is_told_in_a_sentence() -> None:
    assert all(told.startswith(("rang", "was ")) for told in gateway_counts.SAYS.values())
