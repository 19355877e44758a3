"""How checks are run, what is printed, and with which exit code the doctor ends."""

import asyncio
import io
import json
import os
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Address

import pytest

from bootstrap import __main__ as command
from bootstrap.doctor.echo import MAGIC
from bootstrap.doctor.facts import Facts
from bootstrap.doctor.finding import Check, Finding, fail, ok, skipped, warn
from bootstrap.doctor.outside import Outside
from bootstrap.doctor.report import EXIT_CODES, as_text, summary, worst
from bootstrap.doctor.run import REPORT_IT, Result, run
from bootstrap.doctor.world import World, names_in
from bootstrap.settings import SettingsError, report
from tests.unit.bootstrap.conftest import Environment

NOTHING = World(Facts(""))
HEADINGS = {"a": "The first", "b": "The second"}


def a_check(id_: str, finding: Finding | Exception, *needs: str) -> Check:
    async def look(_: World) -> Finding:
        await asyncio.sleep(0)
        if isinstance(finding, Exception):
            raise finding
        return finding

    return Check(id_, needs, "it is right", "Repair it.", look)


async def results(*checks: Check) -> list[Result]:
    return await run(checks, NOTHING)


async def test_a_check_may_need_one_that_comes_after_it() -> None:
    first, _ = await results(a_check("a.x", ok("Right."), "b.y"), a_check("b.y", fail("Wrong.")))
    assert first.finding == skipped("b.y failed")


async def test_what_needs_an_unchecked_one_is_unchecked_for_the_same_reason() -> None:
    found = await results(
        a_check("a.x", fail("Wrong.")), a_check("a.y", ok("Right."), "a.x"), a_check("b.z", ok("Right."), "a.y")
    )
    assert [result.finding for result in found[1:]] == [skipped("a.x failed"), skipped("a.x failed")]


async def test_a_warning_keeps_nobody_from_looking() -> None:
    _, second = await results(a_check("a.x", warn("Odd.")), a_check("a.y", ok("Right."), "a.x"))
    assert second.finding == ok("Right.")


async def test_a_check_with_a_fault_of_its_own_fails_and_says_no_more_than_its_kind() -> None:
    found, other = await results(a_check("a.x", ValueError("+12025550123")), a_check("a.y", ok("Right.")))
    assert found.finding.level == "fail"
    assert found.finding.sentence == "This check has a fault (ValueError), so it says nothing about your line."
    assert (found.cure, other.finding.level) == (REPORT_IT, "ok")


@pytest.mark.usefixtures("clock")
async def test_a_check_that_hangs_is_given_up() -> None:
    async def hang(_: World) -> Finding:
        await asyncio.sleep(3600)
        return ok("Right.")

    [found] = await results(Check("a.x", (), "it is right", "Repair it.", hang))
    assert found.finding == fail("This took longer than 20 s.")


async def test_the_report_has_headings_rows_and_cures() -> None:
    found = await results(
        a_check("a.x", ok("Right.")), a_check("a.y", warn("Odd.", "Look.")), a_check("b.z", fail("Wrong."))
    )
    assert as_text(found, HEADINGS).splitlines() == [
        "The first",
        "  ok   a.x                        Right.",
        "  warn a.y                        Odd.",
        "                                  -> Look.",
        "",
        "The second",
        "  FAIL b.z                        Wrong.",
        "                                  -> Repair it.",
        "",
        "3 checks: 1 ok, 1 to be looked at, 1 failed. Begin with b.z.",
    ]


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("")], 0),
        ([ok(""), skipped("nobody asked")], 0),
        ([ok(""), warn("")], 1),
        ([fail(""), warn(""), ok("")], 2),
    ],
)
async def test_the_exit_code_is_by_the_worst(findings: list[Finding], code: int) -> None:
    found = await results(*(a_check(f"a.x{number}", finding) for number, finding in enumerate(findings)))
    assert EXIT_CODES[worst(found)] == code
    assert summary(found).startswith(f"{len(findings)} checks: ")


def test_the_command_reads_facts_and_prints_json(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment()
    monkeypatch.setattr(sys, "stdin", io.StringIO("JSON=yes\nENGINE_VERSION=28.5.1\nENV_FILE=no\n"))
    assert command.main(["doctor"]) == 2
    shown = json.loads(capsys.readouterr().out)
    assert shown["worst"] == "fail"
    assert {check["level"] for check in shown["checks"] if check["id"] == "host.engine"} == {"ok"}


def test_what_is_not_as_facts_should_be_is_not_known() -> None:
    facts = Facts("SERVICE=sip\nPUBLISHED=sip\nTAKEN=x\nTIME=sip 1 x 2\nAGENT={\nCPUS=many\nnonsense\nRTP_PORTS=a-b\n")
    assert (facts.published, facts.taken, facts.clocks, facts.agent) == (set(), [], {}, None)
    assert (facts.number("CPUS"), facts.number("LOAD"), len(facts.audio_ports)) == (None, None, 0)
    assert not facts.services["sip"].is_up


def test_an_address_that_is_none_is_left_out() -> None:
    facts = Facts("HOST_ADDRESS=addr:10.0.0.5\nHOST_ADDRESS=10.0.0.6\n")
    assert facts.addresses("HOST_ADDRESS") == [IPv4Address("10.0.0.6")]


@pytest.mark.parametrize(
    ("problems", "names"),
    [
        (["PHONE_NUMBERS holds '+1202'", "LIVEKIT_URL: the shell"], ["PHONE_NUMBERS", "LIVEKIT_URL"]),
        (
            ["lines/a/line.toml: numbers holds +12025550123", "lines/b has no line.toml"],
            ["lines/a/line.toml", "lines/b"],
        ),
        (["TRUNK_PROVIDER is 'x', whose file is no YAML:\n  in row 3,\n  +12025550123"], ["TRUNK_PROVIDER"]),
        (["a settings file cannot be read: Permission denied"], ["a file of settings"]),
    ],
)
def test_what_is_wrong_is_named_by_variables_and_files_alone(problems: list[str], names: list[str]) -> None:
    assert names_in(SettingsError(report(problems))) == names


def test_a_clock_is_ahead_only_by_what_the_question_does_not_explain() -> None:
    facts = Facts("TIME=a 100 102 103\nTIME=b 100 163 103\nTIME=c 100 40 103\n")
    assert facts.clocks == {"a": 0, "b": 60, "c": -60}


def test_the_echo_answers_the_doctor_and_nobody_else() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        started = subprocess.Popen(
            [sys.executable, "-m", "bootstrap.doctor.echo", f"{port - 3}-{port}"],
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with started:
            try:
                assert started.stdout
                listens = int(started.stdout.readline().removeprefix("AUDIO_PROBE="))
                assert listens in range(port - 3, port)  # the highest that is free
                assert asyncio.run(Outside().echo("127.0.0.1", listens))
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.settimeout(0.5)
                    for packet in (b"hello", MAGIC + b"x" * 100):
                        stranger.sendto(packet, ("127.0.0.1", listens))
                        with pytest.raises(TimeoutError):
                            stranger.recv(100)
            finally:
                started.kill()


async def test_nobody_at_a_port_is_no_answer_and_soon_known() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    begun = time.monotonic()
    outside = Outside()
    assert not await outside.echo("127.0.0.1", port)
    assert await outside.options("127.0.0.1", port, transport="udp") == ""
    assert await outside.options("127.0.0.1", port, transport="tcp") == ""
    assert await outside.health(f"ws://127.0.0.1:{port}") is None
    assert await outside.https(("127.0.0.1", port), "localhost") == ""
    assert not await outside.reaches("127.0.0.1", port, tls=False)
    assert time.monotonic() - begun < 10


async def test_a_name_has_the_addresses_that_the_resolver_tells() -> None:
    assert (await Outside().addresses("localhost"))[0] == ["127.0.0.1"]
    assert await Outside().addresses("no-such-host.invalid") == ([], [])
