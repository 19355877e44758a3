"""The command a person or a container runs."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import pytest

from bootstrap import __main__ as command
from bootstrap import last_up
from bootstrap.twilio import account as twilio_account
from tests.support.fakes.livekit_sip import FakeLiveKit, Rule, Trunk
from tests.support.fakes.twilio_api import FakeTwilio, RefusedError
from tests.unit.bootstrap.conftest import Environment

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(environment: Environment, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, standard output, standard error of one command."""

    def main(*arguments: str, **variables: str) -> tuple[int, str, str]:
        environment(**variables)
        code = command.main(arguments)
        return code, *capsys.readouterr()

    return main


@contextmanager
def beside(serving: AbstractAsyncContextManager[str]) -> Iterator[None]:
    """Serve beside the command, which has an event loop of its own."""
    started, finished = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving:
            started.set()
            await asyncio.to_thread(finished.wait)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    assert started.wait(10)
    yield
    finished.set()
    thread.join(10)


@pytest.fixture
def server() -> Iterator[FakeLiveKit]:
    fake = FakeLiveKit()
    with beside(fake.serving()):
        yield fake


@pytest.fixture
def run_with(run: Run, server: FakeLiveKit) -> Run:
    """The same, with a server."""

    def main(*arguments: str, **variables: str) -> tuple[int, str, str]:
        access = {"LIVEKIT_URL": server.url, "LIVEKIT_API_KEY": server.key, "LIVEKIT_API_SECRET": server.secret}
        return run(*arguments, **access | variables)

    return main


def test_plan_prints_trunk_and_rule_in_the_apis_json_and_asks_nobody(run: Run) -> None:
    code, out, err = run("plan", LIVEKIT_API_KEY="", LIVEKIT_API_SECRET="", PHONE_ADDRESS="172.29.53.10")
    planned = json.loads(out)
    assert (code, err) == (0, "")
    assert planned.keys() == {"coffee"}
    planned = planned["coffee"]
    assert planned.keys() == {"trunk", "rule"}
    assert planned["trunk"]["numbers"] == ["+12025550100"]
    assert planned["trunk"]["allowedAddresses"][-1] == "172.29.53.10/32"
    assert planned["trunk"]["ringingTimeout"] == "20s"
    assert planned["trunk"]["maxCallDuration"] == "3630s"
    assert planned["trunk"]["media"] == {"encryption": "SIP_MEDIA_ENCRYPT_ALLOW", "mediaTimeout": "120s"}
    assert planned["rule"]["trunkIds"] == ["<trunk>"]
    assert planned["rule"]["rule"] == {"dispatchRuleIndividual": {"roomPrefix": "call-"}}
    assert planned["rule"]["roomConfig"] == {
        "agents": [{"agentName": "inbound-voice-agent", "metadata": '{"line": "coffee"}'}]
    }


def test_every_form_in_which_a_number_is_answered_is_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lines/coffee/line.toml").write_text('also_dialled = ["2025550100", "100"]')
    assert run("numbers") == (0, "coffee +12025550100\ncoffee 2025550100\ncoffee 100\n", "")
    planned = json.loads(run("plan")[1])
    assert planned["coffee"]["trunk"]["numbers"] == ["+12025550100", "2025550100", "100"]


def test_plan_masks_the_password_and_warns_where_a_provider_sends_none(run: Run) -> None:
    code, out, err = run("plan", SIP_USERNAME="bob", SIP_PASSWORD="canary-password")
    assert code == 0
    assert json.loads(out)["coffee"]["trunk"]["authPassword"] == "********"
    assert "canary" not in out + err
    assert "Twilio sends no credentials" in err


def test_an_account_that_no_call_names_is_warned_of(run: Run) -> None:
    """The agent would refuse every call, which looks as if no call came."""
    account = {"TRUNK_ACCOUNT": f"AC{'0' * 32}"}
    assert "TRUNK_ACCOUNT is set, but no call from Telnyx" in run("plan", TRUNK_PROVIDER="telnyx", **account)[2]
    assert "TRUNK_ACCOUNT" not in run("plan", TRUNK_PROVIDER="twilio", **account)[2]


def test_wrong_settings_end_every_command_with_2_and_a_report(run: Run) -> None:
    for name in ("apply", "plan", "show", "numbers"):
        code, out, err = run(name, PHONE_NUMBERS="1", RINGING_TIMEOUT="0", LIVEKIT_URL="ws://no-such-host.invalid")
        assert (code, out) == (2, "")
        assert err.startswith("The configuration is not usable (2 problems); nothing was changed.\n  PHONE_NUMBERS ")


def test_an_unknown_command_ends_with_2(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("destroy")
    assert caught.value.code == 2
    assert "apply" in capsys.readouterr().err


def test_apply_is_the_default_and_says_what_it_did_and_then_that_nothing_is_left(run_with: Run) -> None:
    code, out, err = run_with()
    assert (code, err) == (0, "")
    assert "create trunk" in out
    assert "create rule" in out
    code, out, _ = run_with("apply")
    assert code == 0
    assert "nothing to change" in out


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which apply notes what it wants; outside the containers there is none."""
    folder = tmp_path / "made"
    folder.mkdir()
    monkeypatch.setattr(last_up, "FOLDER", folder)
    return folder


def test_apply_notes_what_it_wants_for_the_watcher_and_no_other_command_does(run_with: Run, made: Path) -> None:
    for name in ("plan", "show", "numbers"):
        run_with(name)
    assert list(made.iterdir()) == []
    assert run_with("apply")[0] == 0
    assert list(last_up.read("inbound-voice-agent", "", "").routes) == ["coffee"]


def test_apply_notes_nothing_when_somebody_elses_trunk_is_in_the_way(
    run_with: Run, server: FakeLiveKit, made: Path
) -> None:
    server.trunks["ST_x"] = Trunk(sip_trunk_id="ST_x", name="Theirs", numbers=["+12025550100"])
    code, out, _ = run_with("apply")
    assert (code, list(made.iterdir())) == (3, [])
    assert "already answers a number of line coffee" in out


def test_apply_changes_nothing_when_the_note_cannot_be_written(run_with: Run, server: FakeLiveKit, made: Path) -> None:
    (made / "inbound-voice-agent.new").mkdir()
    code, out, _ = run_with("apply")
    assert (code, server.trunks) == (3, {})
    assert "Nothing was changed, because it cannot be noted for the watcher: " in out


def test_apply_tells_neither_numbers_nor_secrets(run_with: Run, server: FakeLiveKit) -> None:
    run_with(SIP_USERNAME="bob", SIP_PASSWORD="canary-password")
    _, out, err = run_with(SIP_USERNAME="bob", SIP_PASSWORD="canary-other", PHONE_NUMBERS="+12025550111")
    assert "update trunk" in out
    for told in ("canary", "2025550", server.secret):
        assert told not in out + err


def test_apply_as_json_is_one_object_a_line(run_with: Run) -> None:
    _, out, _ = run_with(LOG_FORMAT="json")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["level"] for event in events] == ["info", "info"]
    assert events[0]["message"].startswith("done: create trunk")


def test_show_prints_what_there_is_and_how_it_differs(run_with: Run, server: FakeLiveKit) -> None:
    code, out, _ = run_with("show")
    assert code == 1
    assert json.loads(out) == {
        "lines": {"coffee": {"trunk": None, "rule": None}},
        "outbound trunk": None,
        "differences": [
            "create trunk of line coffee: the server has none",
            "create rule of line coffee: the server has none",
        ],
        "warnings": [],
    }
    run_with(SIP_USERNAME="bob", SIP_PASSWORD="canary-password")
    code, out, _ = run_with("show", SIP_USERNAME="bob", SIP_PASSWORD="canary-password")
    assert code == 0
    shown = json.loads(out)
    coffee = shown["lines"]["coffee"]
    assert coffee["trunk"]["sipTrunkId"] in server.trunks
    assert coffee["trunk"]["authPassword"] == "********"
    assert coffee["rule"]["trunkIds"] == [coffee["trunk"]["sipTrunkId"]]
    assert shown["differences"] == []
    assert run_with("show", RINGING_TIMEOUT="30")[0] == 1


def test_show_changes_nothing(run_with: Run, server: FakeLiveKit) -> None:
    run_with("show")
    assert set(server.calls) == {"ListSIPInboundTrunk", "ListSIPDispatchRule", "ListSIPOutboundTrunk"}


def test_a_rule_that_answers_strangers_is_warned_of(run_with: Run, server: FakeLiveKit) -> None:
    server.rules["SDR_open"] = Rule(sip_dispatch_rule_id="SDR_open", name="Open")
    assert "SDR_open ('Open') names no trunk" in run_with("apply")[1]
    assert "SDR_open" in json.loads(run_with("show")[1])["warnings"][0]


def test_a_refusing_server_ends_with_3_and_one_sentence(run_with: Run) -> None:
    code, out, err = run_with("apply", LIVEKIT_API_SECRET="canary-of-at-least-thirty-two-characters")
    assert code == 3
    assert len(out.splitlines()) == 1
    assert "refused the key" in out
    assert "canary" not in out + err


@pytest.fixture
def two_lines(environment: Environment, tmp_path: Path) -> None:
    """A line without numbers, coffee, and bread, which comes before it."""
    (tmp_path / "lines/bread").mkdir()
    (tmp_path / "lines/bread/line.toml").write_text('numbers = ["+12025550133", "+12025550122"]')


@pytest.mark.usefixtures("two_lines")
def test_numbers_prints_each_lines_numbers_and_asks_nobody(run: Run) -> None:
    given = {"PHONE_NUMBERS": "+12025550111,+12025550122,+12025550100"}
    code, out, err = run("numbers", LIVEKIT_API_KEY="", LIVEKIT_API_SECRET="", **given)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "bread +12025550133",
        "bread +12025550122",
        "coffee +12025550111",
        "coffee +12025550100",
    ]


@pytest.mark.usefixtures("two_lines")
def test_plan_and_show_tell_of_every_line(run: Run, run_with: Run) -> None:
    planned = json.loads(run("plan")[1])
    assert {line: route["trunk"]["name"] for line, route in planned.items()} == {
        "bread": "Twilio Trunk (bread)",
        "coffee": "Twilio Trunk (coffee)",
    }
    run_with("apply")
    code, out, _ = run_with("show")
    assert code == 0
    assert list(json.loads(out)["lines"]) == ["bread", "coffee"]


def test_show_tells_of_a_line_that_is_gone(run_with: Run, tmp_path: Path) -> None:
    run_with("apply")
    (tmp_path / "lines/coffee").rename(tmp_path / "lines/tea")
    code, out, _ = run_with("show", PHONE_NUMBERS="+12025550111", TRUNK_NAME="Another", RULE_NAME="Other")
    differences = json.loads(out)["differences"]
    assert code == 1
    assert any("of line coffee: the line is gone" in difference for difference in differences)


@pytest.mark.usefixtures("two_lines")
def test_apply_names_the_lines_and_no_number(run_with: Run) -> None:
    _, out, _ = run_with("apply")
    assert "create trunk of line bread" in out
    assert "create rule of line coffee" in out
    assert "2025550" not in out


def test_numbers_on_no_line_are_warned_of_without_the_numbers(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lines/coffee/line.toml").write_text('numbers = ["+12025550100"]')
    code, _, err = run("plan", PHONE_NUMBERS="+12025550100,+12025550111")
    assert code == 0
    assert "no line answers 1 of the 2 numbers in PHONE_NUMBERS" in err
    assert "2025550" not in err


def test_a_wrong_line_is_refused_before_the_server_is_asked(run_with: Run, server: FakeLiveKit, tmp_path: Path) -> None:
    (tmp_path / "lines/coffee/line.toml").write_text("numbers = [")
    for name in ("apply", "show"):
        code, _, err = run_with(name)
        assert code == 2
        assert err.startswith("The configuration is not usable (1 problem); nothing was changed.\n  lines/coffee/")
    assert server.calls == []


def test_the_outbound_trunk_is_planned_and_shown_without_its_password(run_with: Run, run: Run) -> None:
    given = {"OUTBOUND_ADDRESS": "sip.example.com", "OUTBOUND_USERNAME": "bob", "OUTBOUND_PASSWORD": "canary-password"}
    planned = json.loads(run("plan", **given)[1])
    assert planned["outbound trunk"]["address"] == "sip.example.com"
    assert planned["outbound trunk"]["authPassword"] == "********"
    _, out, err = run_with("apply", **given)
    assert "create outbound trunk: the server has none" in out
    assert "canary" not in out + err
    code, out, _ = run_with("show", **given)
    assert (code, json.loads(out)["outbound trunk"]["authUsername"]) == (0, "bob")
    assert "canary" not in out


def test_settings_of_an_outbound_trunk_without_its_address_are_warned_of(run: Run) -> None:
    code, out, err = run("plan", OUTBOUND_NUMBERS="+12025550144")
    assert (code, list(json.loads(out))) == (0, ["coffee"])
    assert "OUTBOUND_NUMBERS is set, but OUTBOUND_ADDRESS is not: no call goes out" in err


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTwilio]:
    """An account at Twilio that owns the number, and of whose silence the command has enough soon."""
    fake = FakeTwilio()
    fake.own("+12025550100")
    monkeypatch.setattr(twilio_account, "wait_exponential_jitter", lambda **_: lambda _: 0.01)
    with beside(fake.serving()):
        yield fake
    assert fake.faults == []


@pytest.fixture
def run_both(run_with: Run, account: FakeTwilio) -> Run:
    """The command with a server and an account at Twilio."""

    def main(*arguments: str, **variables: str) -> tuple[int, str, str]:
        return run_with(*arguments, **{"SITE": "line.example.com", **account.variables(), **variables})

    return main


def test_plan_prints_twilios_side_and_asks_nobody(run_both: Run, account: FakeTwilio) -> None:
    code, out, err = run_both("plan")
    assert (code, err, account.calls) == (0, "", [])
    assert json.loads(out)["trunk at Twilio"] == {
        "account": account.account,
        "name": "Landline inbound-voice-agent",
        "originationUri": {"address": "sip:line.example.com:5060;transport=udp", "priority": 10, "weight": 10},
        "numbers": ["+12025550100"],
    }
    planned = json.loads(run_both("plan", TWILIO_DISASTER_URL="https://example.com/sorry.xml")[1])["trunk at Twilio"]
    assert planned["disasterRecoveryUrl"] == "https://example.com/sorry.xml"
    assert planned["disasterRecoveryMethod"] == "GET"


def test_apply_and_show_have_both_sides(run_both: Run, account: FakeTwilio) -> None:
    code, out, _ = run_both("show")
    shown = json.loads(out)
    assert (code, shown["trunk at Twilio"]["trunk"], len(shown["differences"])) == (1, None, 5)
    code, out, _ = run_both("apply")
    assert code == 0
    for done in ("create trunk of line coffee", "create Twilio trunk", "create origination URI", "attach number PN"):
        assert f"done: {done}" in out
    assert "2025550" not in out
    assert account.secret not in out
    assert "nothing to change" in run_both("apply")[1]
    code, out, _ = run_both("show")
    shown = json.loads(out)
    assert (code, shown["differences"], shown["warnings"]) == (0, [], [])
    assert shown["trunk at Twilio"]["numbers"] == ["+12025550100"]
    assert shown["trunk at Twilio"]["trunk"]["sid"] in account.trunks
    assert account.secret not in out


def test_show_tells_no_other_number_of_the_account(run_both: Run, account: FakeTwilio) -> None:
    account.own("+12025550177", trunk=account.add_trunk("Shop"))
    run_both("apply")
    assert "5550177" not in run_both("show")[1]


def test_what_twilio_refuses_changes_nothing_on_either_side(
    run_both: Run, account: FakeTwilio, server: FakeLiveKit
) -> None:
    code, out, _ = run_both("apply", TWILIO_API_SECRET="canary-secret")
    assert code == 3
    [sentence] = out.splitlines()
    assert "Twilio refused the key" in sentence
    assert "canary" not in out
    [number] = account.numbers.values()
    number["trunk_sid"] = account.add_trunk("Shop")
    code, out, _ = run_both("apply")
    assert (code, len(out.splitlines())) == (3, 1)
    assert "is on another Twilio trunk" in out
    assert (server.trunks, len(account.trunks)) == ({}, 1)


def test_a_twilio_that_does_not_answer_is_warned_of_and_calls_come_in_as_before(
    run_both: Run, account: FakeTwilio, server: FakeLiveKit
) -> None:
    account.refuse_next = [RefusedError(503, 20503, "Service unavailable")] * 6
    code, out, _ = run_both("apply")
    assert (code, len(server.trunks), len(account.trunks)) == (0, 1, 0)
    assert "Twilio answered 503: Service unavailable (error 20503) after 6 attempts. Its trunk stays as it is" in out
    account.refuse_next = [RefusedError(503, 20503, "Service unavailable")] * 6
    code, _, err = run_both("show")
    assert code == 3
    assert "Twilio answered 503" in err
    assert run_both("apply")[0] == 0
    assert len(account.trunks) == 1


def test_what_only_a_person_can_change_at_twilio_is_warned_of_without_numbers(run_both: Run) -> None:
    _, out, _ = run_both("apply", PHONE_NUMBERS="+12025550100,+12025550144")
    assert "WARNING bootstrap: the Twilio account does not own 1 of the 2 numbers" in out
    assert "2025550" not in out


def test_a_private_address_is_warned_of_because_twilio_cannot_reach_it(run_both: Run) -> None:
    assert "Twilio cannot send calls to 192.168.7.7" in run_both("plan", SITE="", ADVERTISED_IP="192.168.7.7")[2]


def test_console_prints_the_steps_and_asks_nobody(run: Run) -> None:
    code, out, err = run("console", LIVEKIT_API_KEY="", LIVEKIT_API_SECRET="", SITE="line.example.com")
    assert (code, err) == (0, "")
    assert out.startswith("In Twilio's console, https://console.twilio.com:\n  1. Elastic SIP Trunking")


def test_without_an_account_at_twilio_its_client_is_not_asked(
    run_with: Run, account: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_account, "Client", None)
    assert run_with("apply", TWILIO_API_URL=account.url)[0] == 0
    assert account.calls == []
