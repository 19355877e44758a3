"""The last calls, from the rows that make doctor LAST= hands over."""

from __future__ import annotations

import json

import pytest

from bootstrap.explain.last_calls import describe, read_calls
from bootstrap.explain.numbers_shown import Shown

A = "2026-11-27T13:00:0"
ANSWERED = [
    f"agent-1  | {A}1.000+00:00 INFO    agent: Call answered  line=coffee  call_id=SCL_a  room_id=RM_a  job_id=AJ_a",
    f"agent-1  | {A}2.000+00:00 WARNING agent: The answer was late  line=coffee  call_id=SCL_a  job_id=AJ_a",
    f"agent-1  | {A}9.000+00:00 INFO    agent: Call ended  line=coffee  call_id=SCL_a  job_id=AJ_a  "
    "reason=the caller hung up  seconds=9",
]
REFUSED = [
    f"agent-1  | {A}3.000+00:00 WARNING agent: Call refused: the caller is in blocked.txt  line=coffee  call_id=SCL_b  "
    "job_id=AJ_b",
    f"agent-1  | {A}3.500+00:00 INFO    agent: Call ended  line=coffee  call_id=SCL_b  job_id=AJ_b  reason=refused  "
    "seconds=1",
]
FULL = [f"agent-1  | {A}5.000+00:00 WARNING agent: Call not taken: 3 calls are in progress  room_id=RM_c"]
RANG = [
    f"agent-1  | {A}6.000+00:00 INFO    agent: Call ended  job_id=AJ_d  reason=the caller hung up while it rang  "
    "seconds=4"
]
OTHERS = [
    "agent-1  | 2026-11-27T12:00:00.000+00:00 INFO    agent: Registered with the media server",
    "agent-1  | Traceback (most recent call last):",
    "",
    "sip-1    | {not JSON",
]


def told(*rows: str, whole: bool = False) -> list[str]:
    return describe(read_calls(rows), Shown(whole))


def test_calls_are_told_in_their_order_with_what_became_of_them() -> None:
    assert told(*OTHERS, *RANG, *FULL, *REFUSED, *ANSWERED) == [
        "2026-11-27 13:00:01  line coffee: answered; the agent logged: The answer was late; "
        "ended after 9 s: the caller hung up.",
        "2026-11-27 13:00:03  line coffee: refused: the caller is in blocked.txt; ended after 1 s.",
        "2026-11-27 13:00:05  no line: not taken: 3 calls are in progress.",
        "2026-11-27 13:00:06  no line: ended before it was answered, after 4 s: the caller hung up while it rang.",
    ]


def test_what_is_told_once_is_not_told_again() -> None:
    rejected = [
        f"agent-1  | {A}1.000+00:00 WARNING agent: Call rejected: all lines are busy  line=coffee  job_id=AJ_a",
        f"agent-1  | {A}7.000+00:00 INFO    agent: Call ended  line=coffee  job_id=AJ_a  reason=all lines are busy  "
        "seconds=6",
    ]
    called = [
        f"agent-1  | {A}8.000+00:00 INFO    agent: Call answered by the person's phone  line=coffee  job_id=AJ_b",
        f"agent-1  | {A}8.500+00:00 INFO    agent: Call answered  line=coffee  job_id=AJ_b",
        f"agent-1  | {A}9.000+00:00 INFO    agent: Call ended  line=coffee  job_id=AJ_b  reason=goodbye  seconds=1",
    ]
    assert told(*rejected, *called) == [
        "2026-11-27 13:00:01  line coffee: rejected: all lines are busy; ended after 6 s.",
        "2026-11-27 13:00:08  line coffee: a call of the agent's own, which was answered; ended after 1 s: goodbye.",
    ]


def test_json_logs_are_told_alike() -> None:
    rows = [
        {"time": f"{A}1.000+00:00", "level": "info", "message": "Call answered", "line": "coffee", "job_id": "AJ_a"},
        {
            "time": f"{A}9.000+00:00",
            "level": "info",
            "message": "Call ended",
            "line": "coffee",
            "job_id": "AJ_a",
            "reason": "the caller hung up",
            "seconds": 9,
        },
    ]
    assert told(*(f"landline-agent-1 | {json.dumps(row)}" for row in rows)) == [
        "2026-11-27 13:00:01  line coffee: answered; ended after 9 s: the caller hung up."
    ]


def test_a_call_in_progress_is_told_as_such() -> None:
    assert told(ANSWERED[0]) == ["2026-11-27 13:00:01  line coffee: answered; it goes on, or its process has died."]


RECORD = {
    "call": "SCL_a",
    "line": "coffee",
    "started": f"{A}1.500+00:00",
    "seconds": 8.2,
    "caller": "+12025550131",
    "dialled": "+12025550100",
    "outcome": "the caller hung up",
}


def test_a_record_adds_the_numbers_by_their_last_digits() -> None:
    row = f"record | {json.dumps(RECORD)}"
    [call] = told(row, *ANSWERED)
    assert call.startswith("2026-11-27 13:00:01  line coffee, from …31 to …00: answered;")
    [call] = told(row, *ANSWERED, whole=True)
    assert "from +12025550131 to +12025550100" in call


@pytest.mark.parametrize("call", ["SCL_a", ""])
def test_a_record_is_enough_where_the_log_is_gone(call: str) -> None:
    row = f"record | {json.dumps({**RECORD, 'call': call})}"
    assert told(row) == ["2026-11-27 13:00:01  line coffee, from …31 to …00: ended after 8.2 s: the caller hung up."]


def test_a_call_of_the_agents_own_is_told_by_whom_it_called() -> None:
    [call] = told(f"record | {json.dumps({**RECORD, 'direction': 'outbound'})}")
    assert call.startswith("2026-11-27 13:00:01  line coffee, to …31: ended after 8.2 s")


def test_what_the_gateway_says_belongs_to_the_agents_call_or_to_one_that_never_reached_it() -> None:
    fields = {"callID": "SCL_e", "fromUser": "+12025550131", "toUser": "+12025550177", "fromIP": "198.51.100.7"}
    rows = [
        f"sip-1    | {A}7.000Z\tINFO\tsip\tsip/inbound.go:466\tprocessing invite\t{json.dumps(fields)}",
        f"sip-1    | {A}7.010Z\tDEBUG\tsip\tsip/inbound.go:866\tRejecting inbound flood\t{json.dumps(fields)}",
    ]
    [call] = told(*rows)
    assert call.startswith(
        "2026-11-27 13:00:07  no line, from …31 to …77: at the gateway, the call rang and was dropped"
    )
    assert "2025550131" not in call
    as_json = {"level": "error", "ts": 1795784400.5, "msg": "Cannot start media", "callID": "SCL_f"}
    [call] = told(f"sip-1 | {json.dumps(as_json)}")
    assert call.startswith("2026-11-27 13:00:00  no line: at the gateway, the call was answered 500, because no audio")
    [call] = told(f"sip-1 | {json.dumps({**as_json, 'callID': 'SCL_a'})}", *ANSWERED)
    assert "answered" in call
    assert "no audio could be set up" in call


def test_a_call_whose_room_the_gateway_could_not_join_is_told_at_the_usual_log_level() -> None:
    fields = json.dumps({"callID": "SCL_e", "fromUser": "+12025550131", "toUser": "+12025550177", "error": "timeout"})
    [call] = told(f"sip-1    | {A}7.000Z\tERROR\tsip\tsip/inbound.go:1601\tCannot create LiveKit participant\t{fields}")
    assert "the call was answered 486, because the gateway could not join its room" in call


def test_at_info_the_gateway_says_why_it_closed_a_call_and_an_ordinary_end_is_no_news() -> None:
    def row(message: str, call: str, **fields: str) -> str:
        told = json.dumps({"callID": call, "fromUser": "+12025550131", "toUser": "+12025550177", **fields})
        return f"sip-1    | {A}7.000Z\tINFO\tsip\tsip/inbound.go:466\t{message}\t{told}"

    [flood, hangup] = told(
        row("processing invite", "SCL_e"),
        row("Closing inbound call", "SCL_e", reason="flood"),
        row("processing invite", "SCL_f"),
        row("Closing inbound call", "SCL_f", reason="hangup"),
    )
    assert "the call rang and was dropped" in flood
    assert hangup.endswith("from …31 to …77: it came to the gateway, and nothing else is logged of it.")


def test_nothing_is_said_to_be_nothing() -> None:
    assert told(*OTHERS) == ["Neither the records nor the logs that there are have any call in them."]
