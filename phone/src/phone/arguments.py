"""The command line: its parser, and the checks of a single argument."""

from __future__ import annotations

import argparse
import json
import os
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

DEFAULT_OUT = Path("/calls")  # where the container's volume is
DEFAULT_MODEL = Path("/models/whisper-base")
DEFAULT_SAY = "Hello, when are you open?"
DEFAULT_ANSWER = "Hello?"
SIP_PORT = 5060


class UsageError(Exception):
    """The arguments are not usable; `problems` has a sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _AppendInOrder(argparse.Action):
    """Collects the `_SAYINGS` in one list, in the order in which they were given."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        namespace.sayings = [*(namespace.sayings or []), ((option or "").lstrip("-"), values)]


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="phone", description="A SIP phone: dials or answers, plays, records, measures.")
    commands = main.add_subparsers(dest="command", required=True)
    _add_call(commands)
    _add_calls(commands)
    _add_answer(commands)
    _add_answers(commands)
    transcribe = commands.add_parser("transcribe", help="print what is said in an audio file")
    transcribe.add_argument("file", type=Path)
    _add_language(transcribe)
    _add_model(transcribe)
    check = commands.add_parser("check", help="speak a sentence and transcribe it, without a call")
    _add_model(check)
    timeline = commands.add_parser("timeline", help="show the agent's log, from standard input, beside a call's report")
    timeline.add_argument("--report", type=Path, required=True, metavar="FILE", help="what call --json wrote")
    return main


def _add_call(commands: Any) -> None:
    call = commands.add_parser(
        "call",
        help="call the line, talk to it, report",
        epilog="Exit codes: 0 good, 2 bad usage, 10 not answered, 11 answered but silent, 12 one way, 13 wrong words.",
    )
    _add_target(call.add_argument_group("whom"))
    _add_sayings(call.add_argument_group("what to say, in this order"), DEFAULT_SAY)
    waits = call.add_argument_group("how long to wait (seconds)")
    waits.add_argument("--delay", type=float, default=0.0, help="before dialling (%(default)s)")
    waits.add_argument("--ring-timeout", type=float, default=30.0, help="for the answer (%(default)s)")
    _add_waits(waits)
    _add_result(call.add_argument_group("result"))


def _add_answer(commands: Any) -> None:
    answer = commands.add_parser(
        "answer",
        help="wait for a call from the gateway, take it, report",
        epilog="Exit codes: 0 good, or not answered as told; 2 bad usage, 10 not called, 11 the line was silent, "
        "12 the line hung up too early, 13 wrong words.",
    )
    _add_reception(answer.add_argument_group("how to take the call"))
    _add_sayings(answer.add_argument_group("what to say, in this order"), DEFAULT_ANSWER)
    waits = answer.add_argument_group("how long to wait (seconds)")
    waits.add_argument("--wait", type=float, default=60.0, help="for the call (%(default)s)")
    _add_waits(waits)
    result = answer.add_argument_group("result")
    _add_result(result)
    result.add_argument("--count", type=int, default=1, help="calls to take, at once or one by one (%(default)s)")


def _add_reception(group: Any) -> None:
    _add_listen(group)
    group.add_argument("--number", help="take only calls to this number (any)")
    group.add_argument("--ring", type=float, default=1.0, metavar="S", help="ring before anything else (%(default)s)")
    instead = group.add_mutually_exclusive_group()
    instead.add_argument("--busy", action="store_const", const=486, dest="refuse", help="refuse with 486 Busy Here")
    instead.add_argument("--decline", action="store_const", const=603, dest="refuse", help="refuse with 603 Decline")
    instead.add_argument("--refuse", type=int, metavar="STATUS", help="refuse with this SIP status, such as 480 or 404")
    instead.add_argument("--no-answer", action="store_true", help="ring until the line gives up")
    group.add_argument("--username", help="ask the line for this user name, and the password in SIP_PASSWORD")


def _add_listen(group: Any) -> None:
    group.add_argument("--port", type=int, default=SIP_PORT, help="UDP port for calls (%(default)s)")
    group.add_argument("--callers", metavar="NETWORK", help="take calls from there alone (the /24 of our own address)")


def _add_target(group: Any) -> None:
    group.add_argument("--gateway", help="host[:port] of the SIP gateway (PHONE_GATEWAY, sip:5060)")
    group.add_argument("--to", help="number to dial (the first of PHONE_NUMBERS)")
    group.add_argument("--from", dest="caller", default="+15555550123", help="number that calls (%(default)s)")
    group.add_argument("--from-host", metavar="TEXT", help="host of the From header, sent as it is (our own address)")
    group.add_argument(
        "--from-header", metavar="TEXT", help="From, sent as it is, but for its tag: '<tel:+12025550123>'"
    )
    group.add_argument("--to-header", metavar="TEXT", help="To, sent as it is (the number to dial)")
    group.add_argument(
        "--sdp",
        type=Path,
        metavar="FILE",
        help="offer this session description; {address} and {port} stand for our own, an empty file is no offer",
    )
    group.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="one more; repeatable")
    group.add_argument("--username", help="for digest authentication (SIP_USERNAME; password in SIP_PASSWORD)")
    group.add_argument("--listen-address", help="our address for SIP and audio (the one that routes to the gateway)")
    group.add_argument("--honour-sdp", action="store_true", help="send audio where the SDP says, not where we dialled")
    group.add_argument("--no-marker", action="store_true", help="send no RTP marker bit, as some carriers do")


_SAYINGS = (
    ("--say", "TEXT", "speak it"),
    ("--voicemail", "TEXT", "speak it as an answering machine does: at once, and then beep"),
    ("--wav", "FILE", "play a file"),
    ("--dtmf", "KEYS", "press keys"),
    ("--late-dtmf", "KEYS", "press keys, the last packet of each after the first one of the next"),
    ("--pause", "S", "send no packets for S seconds"),
    ("--hold", "S", "put the line on hold for S seconds, without a packet, and take it back"),
    ("--hold-music", "FILE", "put the line on hold, play a file, and take it back"),
    ("--request", "'METHOD [TYPE BODY]'", "send a SIP request, such as UPDATE or INFO"),
    ("--at", "S", "say the next one S seconds after the answer, not when it is quiet"),
)


def _add_sayings(group: Any, usual: str) -> None:
    for option, metavar, text in _SAYINGS:
        text += f" ({usual!r})" if option == "--say" else ""
        group.add_argument(option, action=_AppendInOrder, dest="sayings", metavar=metavar, help=text)
    group.add_argument("--silent", action="store_true", help="say nothing, but hear the whole greeting")
    group.add_argument(
        "--refer",
        metavar="HOW",
        help="answer a request to call somebody else (REFER): accept, fail (accepted, then busy) or a SIP status (501)",
    )
    group.add_argument("--stay", type=float, metavar="S", help="stay on the line after that; alone: just dial and stay")


def _add_waits(group: Any) -> None:
    group.add_argument("--patience", type=float, default=2.0, help="quiet that ends a reply (%(default)s)")
    group.add_argument("--greeting-timeout", type=float, default=10.0, help="for the greeting to begin (%(default)s)")
    group.add_argument("--reply-timeout", type=float, default=30.0, help="for each reply to begin (%(default)s)")
    group.add_argument("--max-seconds", type=float, default=180.0, help="for the whole call (%(default)s)")


def _add_result(group: Any) -> None:
    group.add_argument(
        "--expect", action="append", default=[], metavar="REGEX", help="the line must say it; repeatable"
    )
    group.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for recordings (%(default)s)")
    group.add_argument("--json", metavar="FILE|-", help="write the report there as JSON")
    group.add_argument("--no-transcript", action="store_true", help="measure only")
    _add_language(group)
    _add_model(group)


def _add_calls(commands: Any) -> None:
    calls = commands.add_parser(
        "calls",
        help="place the calls that standard input lists, several at once",
        description='Each row of standard input is JSON, {"calls": […], "at_once": 3}; each call is a list of '
        "arguments of `phone call`. As many are held together as at_once says, all of them without it, and when one is "
        "over, the next one begins. When all of them are over, a row of standard output has the list of their reports. "
        "Nothing else is kept, except the sound of a call with --out.",
    )
    _add_model(calls)


def _add_answers(commands: Any) -> None:
    answers = commands.add_parser(
        "answers",
        help="take the calls that standard input lists, several at once",
        description="Each row of standard input is a JSON list of calls to take together; each is a list of arguments "
        "of `phone answer`. A row of standard output says when the phone waits for them, and when all are over, "
        "another one has the list of their reports. Nothing else is kept, except the sound of a call with --out.",
    )
    _add_listen(answers)
    _add_model(answers)


def _add_model(to: Any) -> None:
    to.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="folder of a Whisper model (%(default)s)")


def _add_language(to: Any) -> None:
    to.add_argument("--language", default="en", help="language that the line speaks, as ISO 639-1 code (%(default)s)")


def network(text: str | None) -> IPv4Network | None:
    """Return the network that --callers names. Raises UsageError."""
    try:
        return IPv4Network(text) if text else None
    except ValueError as error:
        raise UsageError([f"--callers {text!r}: expected an IPv4 network such as 172.29.53.0/24: {error}"]) from error


def read_report(path: Path) -> dict[str, Any]:
    """Return the report that `call --json` wrote. Raises UsageError."""
    try:
        report = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise UsageError([f"--report {path} cannot be read: {error}"]) from error
    if not isinstance(report, dict) or not {"invited", "ended_after", "turns"} <= set(report):
        raise UsageError([f"--report {path} is not a report that `phone call --json` wrote"])
    return report


def model_problems(model: Path | None) -> list[str]:
    if model is None or (model / "model.bin").is_file():
        return []
    return [
        f"no Whisper model in {model} (--model): the phone's image has one; from a clone, fetch it with "
        "`python speech/models/fetch.py whisper-base --to DIR`, or measure only, with --no-transcript"
    ]


def language_problems(language: str, model: Path | None) -> list[str]:
    words = model / "vocabulary.txt" if model else None
    if words is None or not words.is_file() or f"<|{language}|>" in words.read_text(encoding="utf8").split():
        return []
    return [f"--language {language!r}: expected a language that Whisper knows, by its ISO 639-1 code"]


def folder_problems(out: Path) -> list[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"--out {out} cannot be made: {error.strerror}"]
    return [] if os.access(out, os.W_OK) else [f"--out {out} is not writable for user {os.getuid()}"]
