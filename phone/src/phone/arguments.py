"""The command line, and every check that can be made before a call is placed."""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phone.conversation import Saying, Script
from phone.sound import audio
from phone.wire import rtp
from phone.wire.dialog import Target
from phone.wire.digest import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_OUT = Path("/calls")  # where the container's volume is
DEFAULT_MODEL = Path("/models/whisper-base")
DEFAULT_SAY = "Hello, when are you open?"
PASSWORD_FILE = Path("/run/secrets/sip_password")

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")  # RFC 3261 section 25.1
GATEWAY = re.compile(r"(?P<host>[A-Za-z0-9.\-_]+)(?::(?P<port>\d{1,5}))?")


class UsageError(Exception):
    """`problems` are sentences, all that were found."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Order:
    """A call to place, checked."""

    target: Target
    script: Script
    expected: tuple[str, ...]
    out: Path
    json: str | None  # a file, "-" for standard output
    model: Path | None  # None: no transcript
    delay: float = 0.0  # seconds before it is dialled
    language: str = "en"  # that the line speaks, for the transcript


class _Say(argparse.Action):
    """--say, --wav, --dtmf and --at go into one list, in the order given."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        namespace.sayings = [*(namespace.sayings or []), ((option or "").lstrip("-"), values)]


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="phone", description="A SIP phone: dials, plays, records, measures.")
    commands = main.add_subparsers(dest="command", required=True)
    call = commands.add_parser(
        "call",
        help="call the line, talk to it, report",
        epilog="Exit codes: 0 good, 2 bad usage, 10 not answered, 11 answered but silent, 12 one way, 13 wrong words.",
    )
    whom = call.add_argument_group("whom")
    whom.add_argument("--gateway", help="host[:port] of the SIP gateway (PHONE_GATEWAY, sip:5060)")
    whom.add_argument("--to", help="number to dial (the first of PHONE_NUMBERS)")
    whom.add_argument("--from", dest="caller", default="+15555550123", help="number that calls (%(default)s)")
    whom.add_argument("--from-host", metavar="TEXT", help="host of the From header, sent as it is (our own address)")
    whom.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="one more; repeatable")
    whom.add_argument("--username", help="for digest authentication (SIP_USERNAME; password in SIP_PASSWORD)")
    whom.add_argument("--listen-address", help="our address for SIP and audio (the one that routes to the gateway)")
    whom.add_argument("--honour-sdp", action="store_true", help="send audio where the SDP says, not where was dialled")
    say = call.add_argument_group("what to say, in this order")
    say.add_argument("--say", action=_Say, dest="sayings", metavar="TEXT", help=f"speak it ({DEFAULT_SAY!r})")
    say.add_argument("--wav", action=_Say, dest="sayings", metavar="FILE", help="play a file")
    say.add_argument("--dtmf", action=_Say, dest="sayings", metavar="KEYS", help="press keys")
    say.add_argument(
        "--at",
        action=_Say,
        dest="sayings",
        metavar="S",
        help="the next of these S seconds after the answer, not when it is quiet",
    )
    say.add_argument("--silent", action="store_true", help="say nothing, hear the greeting out")
    say.add_argument("--stay", type=float, metavar="S", help="stay on the line after that; alone: just dial and stay")
    wait = call.add_argument_group("how long to wait (seconds)")
    wait.add_argument("--delay", type=float, default=0.0, help="before it is dialled (%(default)s)")
    wait.add_argument("--patience", type=float, default=2.0, help="quiet that ends a reply (%(default)s)")
    wait.add_argument("--ring-timeout", type=float, default=30.0, help="for the answer (%(default)s)")
    wait.add_argument("--greeting-timeout", type=float, default=10.0, help="for the greeting to begin (%(default)s)")
    wait.add_argument("--reply-timeout", type=float, default=30.0, help="for each reply to begin (%(default)s)")
    wait.add_argument("--max-seconds", type=float, default=180.0, help="for the whole call (%(default)s)")
    result = call.add_argument_group("result")
    result.add_argument(
        "--expect", action="append", default=[], metavar="REGEX", help="the line must say it; repeatable"
    )
    result.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for recordings (%(default)s)")
    result.add_argument("--json", metavar="FILE|-", help="write the report there as JSON")
    result.add_argument("--no-transcript", action="store_true", help="measure only")
    add_language(result)
    add_model(result)
    calls = commands.add_parser(
        "calls",
        help="place several calls at once, as standard input tells",
        description="Each line of standard input is a JSON list of calls to place together, each a list of the "
        "arguments of `phone call`. When all of them are over, a line of standard output is the list of their reports. "
        "Nothing else is kept; with --out, a call's sound.",
    )
    add_model(calls)
    transcribe = commands.add_parser("transcribe", help="print what is said in an audio file")
    transcribe.add_argument("file", type=Path)
    add_language(transcribe)
    add_model(transcribe)
    check = commands.add_parser("check", help="say a sentence to itself and write down what was heard; no call")
    add_model(check)
    timeline = commands.add_parser("timeline", help="set the agent's log, on standard input, beside a call's report")
    timeline.add_argument("--report", type=Path, required=True, metavar="FILE", help="what call --json has written")
    return main


def add_model(to: Any) -> None:
    to.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="folder of a Whisper model (%(default)s)")


def add_language(to: Any) -> None:
    to.add_argument("--language", default="en", help="that is spoken there, as ISO 639-1 has it (%(default)s)")


def read_report(path: Path) -> dict[str, Any]:
    """What `call --json` has written. Raises UsageError."""
    try:
        report = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise UsageError([f"--report {path} cannot be read: {error}"]) from error
    if not isinstance(report, dict) or not {"invited", "ended_after", "turns"} <= set(report):
        raise UsageError([f"--report {path} is not a report that `phone call --json` has written"])
    return report


def checked(given: argparse.Namespace, synthesise: Callable[[list[str]], list[audio.Pcm]]) -> Order:
    """Everything the call needs, speech already synthesised. Raises UsageError with all problems at once."""
    problems: list[str] = []
    target = _target(given, problems)
    script = _script(given, problems, synthesise)
    for pattern in given.expect:
        try:
            re.compile(pattern)
        except re.error as error:
            problems.append(f"--expect {pattern!r} is not a regular expression: {error}")
    model = None if given.no_transcript else given.model
    if model is None and given.expect:
        problems.append("--expect needs the transcript: leave --no-transcript away")
    problems += model_problems(model) or language_problems(given.language, model)
    problems += _folder_problems(given.out)
    if problems:
        raise UsageError(problems)
    return Order(target, script, tuple(given.expect), given.out, given.json, model, given.delay, given.language)


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


def _folder_problems(out: Path) -> list[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"--out {out} cannot be made: {error.strerror}"]
    return [] if os.access(out, os.W_OK) else [f"--out {out} is not writable for user {os.getuid()}"]


def _target(given: argparse.Namespace, problems: list[str]) -> Target:
    gateway = given.gateway or os.environ.get("PHONE_GATEWAY") or "sip:5060"
    found = GATEWAY.fullmatch(gateway)
    port = int(found["port"] or 5060) if found else 0
    if not found or not 0 < port < 65536:
        problems.append(f"--gateway (PHONE_GATEWAY) {gateway!r}: expected host or host:port")
    to = given.to or os.environ.get("PHONE_NUMBERS", "").partition(",")[0].strip()
    if not to:
        problems.append("no number to dial: give --to, or set PHONE_NUMBERS")
    for name, value in (("--to", to), ("--from", given.caller), ("--from-host", given.from_host or "")):
        if any(character in value for character in "\r\n"):
            problems.append(f"{name} {value!r} has a line break in it")
    if given.listen_address and not _is_ours(given.listen_address):
        problems.append(f"--listen-address {given.listen_address!r} is not an IPv4 address of this machine")
    return Target(
        gateway=(found["host"] if found else "", port),
        to=to,
        caller=given.caller,
        from_host=given.from_host,
        listen_address=given.listen_address,
        credentials=_credentials(given, problems),
        headers=tuple(_header(text, problems) for text in given.header),
    )


def _is_ours(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _credentials(given: argparse.Namespace, problems: list[str]) -> Credentials | None:
    username = given.username or os.environ.get("SIP_USERNAME") or ""
    password = os.environ.get("SIP_PASSWORD") or ""
    if not password and PASSWORD_FILE.is_file():
        password = PASSWORD_FILE.read_text(encoding="utf8").strip()
    if bool(username) != bool(password):
        problems.append(
            "a user name (--username, SIP_USERNAME) and a password (SIP_PASSWORD) go together; one is missing"
        )
    return Credentials(username, password) if username and password else None


def _header(text: str, problems: list[str]) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not TOKEN.fullmatch(name.strip()) or any(character in value for character in "\r\n"):
        problems.append(f"--header {text!r}: expected 'Name: value' in one line")
    return name.strip(), value.strip()


def _script(
    given: argparse.Namespace, problems: list[str], synthesise: Callable[[list[str]], list[audio.Pcm]]
) -> Script:
    sayings: list[tuple[str, str]] = given.sayings or []
    if given.silent and sayings:
        problems.append("--silent goes with none of --say, --wav, --dtmf, --at")
    if not sayings and not given.silent and given.stay is None:
        sayings = [("say", DEFAULT_SAY)]
    seconds = ("patience", "ring_timeout", "greeting_timeout", "reply_timeout", "max_seconds")
    for name in (*seconds, "stay"):
        value = getattr(given, name)
        if value is not None and not 0 < value <= 86400:
            problems.append(f"--{name.replace('_', '-')} {value:g}: expected seconds, more than 0 and at most 86400")
    if not 0 <= given.delay <= 86400:
        problems.append(f"--delay {given.delay:g}: expected seconds, at least 0 and at most 86400")
    said = _sayings(sayings, problems, synthesise)
    return Script(
        sayings=tuple(said),
        greeted=given.silent or (bool(said) and said[0].at is None),
        stay=given.stay or 0.0,
        honour_sdp=given.honour_sdp,
        **{name: getattr(given, name) for name in seconds},
    )


def _sayings(
    sayings: list[tuple[str, str]], problems: list[str], synthesise: Callable[[list[str]], list[audio.Pcm]]
) -> list[Saying]:
    said: list[Saying] = []
    at: float | None = None
    for kind, text in sayings:
        try:
            if kind == "at":
                at = _moment(text)
                continue
            said.append(replace(_saying(kind, text, synthesise), at=at))
        except ValueError as error:
            problems.append(f"--{kind}: {error}")
        at = None
    if at is not None:
        problems.append("--at goes before one of --say, --wav, --dtmf")
    return said


def _saying(kind: str, text: str, synthesise: Callable[[list[str]], list[audio.Pcm]]) -> Saying:
    match kind:
        case "say":
            return Saying(text, synthesise([text])[0])
        case "wav":
            return Saying(Path(text).name, _sound(Path(text)))
        case _ if text and all(key in rtp.KEYS for key in text):
            return Saying(f"(keys {text})", np.zeros(0, np.int16), keys=text)
        case _:
            raise ValueError(f"expected keys out of {rtp.KEYS}, not {text!r}")


def _moment(text: str) -> float:
    try:
        moment = float(text)
    except ValueError:
        moment = -1.0
    if not 0 <= moment <= 86400:
        raise ValueError(f"expected seconds after the answer, at least 0 and at most 86400, not {text!r}")
    return moment


def _sound(path: Path) -> audio.Pcm:
    pcm = audio.load(path)
    if not len(pcm):
        raise ValueError(f"{path} has no sound in it")
    return pcm
