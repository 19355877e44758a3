"""`make call`, with a script in Docker's place that writes down what it was asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.unit.host.conftest import Clone

DOCKER = """
echo "$@" >> asked
case "$*" in
    *"compose ps"*) echo agent ;;
    *"bootstrap numbers") printf 'coffee +12025550100\ncoffee +12025550101\ndentist +12025550102\n' ;;
    *SecurityOptions*) echo "[name=seccomp{rootless}]" ;;
    *SystemTime*) echo 2026-11-22T22:46:01.5Z ;;
    *"compose logs"*) echo "Turn answered" ;;
    *" timeline "*)
        for report; do :; done
        [ -e ".$report" ] && echo "timeline of: $(cat)"
        exit {timeline} ;;
    *" person answer "*"--say fail "*) echo no such image; exit 1 ;;
    *" person answer "*) echo "Waiting for a call"; echo "  0:01  person  Hello?" ;;
    *" call "*)
        shift "$(echo "$*" | awk '{{ for (i = 1; i <= NF; i++) if ($i == "--json") print i }}')"
        echo "{{}}" > ".$1"
        exit {call} ;;
esac
"""


def make_call(
    clone: Clone, call: int = 0, timeline: int = 0, settings: str = "", rootless: str = "", **shell: str
) -> subprocess.CompletedProcess[str]:
    clone.docker(DOCKER.format(call=call, timeline=timeline, rootless=rootless))
    clone.env_file.write_text(settings)
    return clone.script("call", **shell)


def asked(clone: Clone, what: str) -> list[str]:
    return [line for line in (clone.root / "asked").read_text().splitlines() if what in line]


def write_line(clone: Clone, name: str, toml: str) -> None:
    folder = clone.root / "lines" / name
    folder.mkdir(parents=True)
    (folder / "line.toml").write_text(toml)


def test_a_network_in_use_is_kept_although_env_has_another_subnet(clone: Clone) -> None:
    """Compose replaces a network that has changed, and takes it from every service."""
    clone.docker(
        """
case "$*" in
    "network inspect "*landline_default) echo "172.29.53.0/24 " ;;
    *"compose ps"*) echo agent ;;
    *"bootstrap numbers") echo "coffee +12025550100" ;;
    *" call "*) echo "called with SUBNET=$SUBNET" ;;
esac
"""
    )
    clone.set(SUBNET="172.29.77")
    assert "called with SUBNET=172.29.53\n" in clone.script("call").stdout


def test_after_the_call_the_phone_is_handed_what_the_agent_has_logged_since_it_began(clone: Clone) -> None:
    done = make_call(clone)
    assert (done.returncode, done.stderr) == (0, "")
    assert "timeline of: Turn answered" in done.stdout
    [logs] = asked(clone, "compose logs")
    assert logs.endswith("--no-log-prefix --no-color --since 2026-11-22T22:46:01.5Z agent")
    [call], [timeline] = asked(clone, " call "), asked(clone, " timeline ")
    report = timeline.split("--report ")[1]
    assert f"--json {report} --patience 4 --say When are you open? --to +12025550100" in call


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("Can I bring my dog?", "--say Can I bring my dog?"),
        (
            "A table for tomorrow at ten, please. | Yes, please.",
            "--say A table for tomorrow at ten, please. --say Yes, please.",
        ),
        ("One.|Two. |  Three *.", "--say One. --say Two. --say Three *."),
        ("| What's up? |", "--say What's up?"),
    ],
)
def test_the_phone_says_one_thing_after_the_other(clone: Clone, say: str, said: str) -> None:
    assert make_call(clone, SAY=say).returncode == 0
    [call] = asked(clone, " call ")
    assert f"--patience 4 {said} --to +12025550100" in call


def test_the_report_that_was_handed_over_is_gone_afterwards(clone: Clone) -> None:
    make_call(clone)
    [timeline] = asked(clone, " timeline ")
    assert not (clone.root / timeline.split("--report /")[1]).exists()


@pytest.mark.parametrize(("rootless", "user"), [("", f"{os.getuid()}:{os.getgid()}"), (" name=rootless", "0:0")])
def test_the_recordings_belong_to_whoever_calls(clone: Clone, rootless: str, user: str) -> None:
    """To a rootless engine, root in a container is the person, and every other user is a stranger on the host."""
    assert make_call(clone, rootless=rootless).returncode == 0
    for command in (*asked(clone, " call "), *asked(clone, " timeline ")):
        assert f" run --rm --user {user} " in command


@pytest.mark.parametrize("code", [0, 11, 12, 13])
@pytest.mark.parametrize("timeline", [0, 1])
def test_the_phones_exit_code_is_kept_whatever_becomes_of_the_timeline(clone: Clone, code: int, timeline: int) -> None:
    done = make_call(clone, call=code, timeline=timeline)
    assert done.returncode == code
    assert "timeline of: " in done.stdout


@pytest.mark.parametrize("code", [2, 10, 125, 130])
def test_a_call_that_was_not_answered_has_no_timeline(clone: Clone, code: int) -> None:
    done = make_call(clone, call=code)
    assert done.returncode == code
    assert asked(clone, " timeline ") == []


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_log_that_is_too_quiet_for_it_is_named(clone: Clone, level: str) -> None:
    done = make_call(clone, call=13, settings=f"LOG_LEVEL={level}\n")
    assert done.returncode == 13
    [said] = [line for line in done.stdout.splitlines() if "timeline" in line]
    assert f"LOG_LEVEL is {level}" in said
    assert asked(clone, " timeline ") == []


@pytest.mark.parametrize(("line", "number"), [("", "+12025550100"), ("dentist", "+12025550102")])
def test_the_first_number_of_the_line_that_is_named_is_dialled(clone: Clone, line: str, number: str) -> None:
    assert make_call(clone, LINE=line).returncode == 0
    [call] = asked(clone, " call ")
    assert f"--to {number}" in call


def test_a_line_that_is_not_there_is_refused_in_one_sentence_with_those_that_are(clone: Clone) -> None:
    done = make_call(clone, LINE="florist")
    assert done.returncode == 2
    [said] = done.stderr.splitlines()
    assert said == "error: LINE is 'florist', but no line of that name has a number. These do: coffee dentist."
    assert asked(clone, " call ") == []


@pytest.mark.parametrize("written", ['language = "de"', "language='de' # German"])
def test_the_phone_is_told_the_language_of_the_line(clone: Clone, written: str) -> None:
    write_line(clone, "coffee", "[turns]\n")
    write_line(clone, "dentist", f'numbers = ["+12025550102"]\n{written}\n[models]\nlanguage = "xx"\n')
    make_call(clone, LINE="dentist")
    make_call(clone, LINE="coffee")
    dentist, coffee = asked(clone, " call ")
    assert dentist.endswith("--language de")
    assert "--language" not in coffee


@pytest.mark.parametrize(
    ("written", "header"),
    [
        ("account_header: X-Twilio-AccountSid", "X-Twilio-AccountSid: AC1"),
        ('account_header: "X-Account"  # of the customer', "X-Account: AC1"),
        ("account_header: null", ""),
        ("account_header:", ""),
        ("", ""),
    ],
)
def test_the_account_goes_into_the_header_that_the_trunk_provider_has(clone: Clone, written: str, header: str) -> None:
    (clone.root / "bootstrap/trunks/acme.yaml").write_text(f"name: Acme\n{written}\n")
    make_call(clone, settings="TRUNK_PROVIDER=acme\nTRUNK_ACCOUNT=AC1\n")
    [call] = asked(clone, " call ")
    assert (f"--header {header}" in call) if header else ("--header" not in call)


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        ("TWILIO_ACCOUNT_SID=AC2\n", "AC2"),
        ("TRUNK_ACCOUNT=AC1\nTWILIO_ACCOUNT_SID=AC2\n", "AC1"),
    ],
)
def test_the_account_at_twilio_is_the_trunks_unless_another_is_named(clone: Clone, settings: str, account: str) -> None:
    make_call(clone, settings=settings)
    [call] = asked(clone, " call ")
    assert f"--header X-Twilio-AccountSid: {account}" in call


SECOND_PHONE = "SUBNET=172.29.53\nOUTBOUND_ADDRESS=172.29.53.11\n"


@pytest.mark.parametrize(
    ("person", "keys", "told"),
    [
        ("Hello?", "", "--patience 3 --at 0.5 --say Hello? --stay 300"),
        ("Hello? | Yes.|", "", "--patience 3 --at 0.5 --say Hello? --say Yes. --stay 300"),
        ("This is Anna.", "1", "--patience 3 --at 0.5 --say This is Anna. --dtmf 1 --stay 300"),
        ("busy", "", "--busy"),
        ("declines", "", "--decline"),
        ("nobody", "", "--no-answer"),
    ],
)
def test_a_second_person_waits_before_the_caller_dials_and_is_told_of_afterwards(
    clone: Clone, person: str, keys: str, told: str
) -> None:
    write_line(clone, "coffee", 'language = "de"\n')
    done = make_call(clone, settings=SECOND_PHONE, PERSON=person, KEYS=keys)
    assert (done.returncode, done.stderr) == (0, "")
    [answer] = asked(clone, " person answer ")
    assert f"--wait 600 {told}" in answer
    assert answer.endswith("--language de")
    everything = (clone.root / "asked").read_text()
    assert everything.index(" person answer ") < everything.index(" phone call ")
    assert done.stdout.index("the second person:") < done.stdout.index("  0:01  person  Hello?")
    assert not list((clone.root / "calls").iterdir())


def test_a_second_person_whom_the_line_does_not_reach_is_refused_with_what_to_set(clone: Clone) -> None:
    done = make_call(clone, settings="SUBNET=172.29.53\nOUTBOUND_ADDRESS=sip.example.com\n", PERSON="Hello?")
    assert done.returncode == 2
    assert "OUTBOUND_ADDRESS is 'sip.example.com' in .env. Set it to 172.29.53.11, run make up" in done.stderr
    assert asked(clone, " call ") == []


def test_a_second_person_whose_phone_does_not_start_ends_the_command_with_the_reason(clone: Clone) -> None:
    done = make_call(clone, settings=SECOND_PHONE, PERSON="fail")
    assert done.returncode == 2
    assert "the second person's phone did not start: no such image" in done.stderr
    assert asked(clone, " phone call ") == []
