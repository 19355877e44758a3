"""What `phone call` and `phone answer` are asked to do: their arguments, checked before anything is dialled."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from phone import audio
from phone.arguments import (
    DEFAULT_ANSWER,
    DEFAULT_SAY,
    UsageError,
    folder_problems,
    language_problems,
    model_problems,
)
from phone.conversation import Reception, Saying, Script
from phone.wire import rtp
from phone.wire.dialog import NO_REFERRALS, AnswerToRefer
from phone.wire.digest import Credentials
from phone.wire.outgoing import Target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

PASSWORD_FILE = Path("/run/secrets/sip_password")
TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")  # RFC 3261 section 25.1
GATEWAY = re.compile(r"(?P<host>[A-Za-z0-9.\-_]+)(?::(?P<port>\d{1,5}))?")


ACCEPTED, BUSY = 202, 486
BEEP_HERTZ, BEEP_SECONDS, BEEP_AFTER = 1000, 0.5, 0.4  # of an answering machine, and s between its words and the beep
MACHINE_SPEAKS_AFTER = 0.5  # s after the answer: it waits for nobody
BEEP_LEVEL = 0.3  # of full scale


@dataclass(frozen=True)
class Plan:
    """What the phone does in a call, and what becomes of the report. The arguments have been checked."""

    script: Script
    expected: tuple[str, ...]
    out: Path
    json: str | None  # a file, "-" for standard output
    model: Path | None  # None: no transcript
    language: str  # of the line, for the transcript


@dataclass(frozen=True)
class Order(Plan):
    """A call to place."""

    target: Target
    delay: float  # seconds before dialling


@dataclass(frozen=True)
class Answering(Plan):
    """A call to take."""

    reception: Reception


P = TypeVar("P", bound=Plan)


def check_order(given: argparse.Namespace) -> Order:
    """Return the order that the arguments of `phone call` make. Its texts are not spoken yet: see `speak_texts`.

    Raises UsageError with all problems at once.
    """
    problems: list[str] = []
    target = _target(given, problems)
    usual = [] if given.silent or given.stay is not None else [("say", DEFAULT_SAY)]
    script = _script(given, usual, problems)
    _check_seconds(given, ("ring_timeout",), problems)
    if not 0 <= given.delay <= 86400:
        problems.append(f"--delay {given.delay:g}: expected seconds, at least 0 and at most 86400")
    script = replace(script, ring_timeout=given.ring_timeout, honour_sdp=given.honour_sdp)
    plan = _plan(given, script, problems)
    if problems:
        raise UsageError(problems)
    return Order(**vars(plan), target=target, delay=given.delay)


def check_answering(given: argparse.Namespace) -> Answering:
    """Return what the arguments of `phone answer` make. Its texts are not spoken yet: see `speak_texts`.

    A phone that is told nothing says hello and stays for as long as a call may last. Raises UsageError with all
    problems at once.
    """
    problems: list[str] = []
    if given.sayings is None and given.stay is None:
        given.stay = given.max_seconds
    script = _script(given, [] if given.silent else [("at", "0.5"), ("say", DEFAULT_ANSWER)], problems)
    _check_seconds(given, ("wait",), problems)
    if not 0 <= given.ring <= 86400:
        problems.append(f"--ring {given.ring:g}: expected seconds, at least 0 and at most 86400")
    if given.count < 1:
        problems.append(f"--count {given.count}: expected at least 1")
    if given.refuse is not None and not 300 <= given.refuse <= 699:
        problems.append(f"--refuse {given.refuse}: expected a SIP status from 300 to 699")
    reception = Reception(
        number=given.number,
        ring=None if given.no_answer else given.ring,
        refuse=given.refuse,
        wait=given.wait,
        credentials=_credentials(given.username or "", problems) if given.username else None,
    )
    plan = _plan(given, script, problems)
    if problems:
        raise UsageError(problems)
    return Answering(**vars(plan), reception=reception)


def _plan(given: argparse.Namespace, script: Script, problems: list[str]) -> Plan:
    for pattern in given.expect:
        try:
            re.compile(pattern)
        except re.error as error:
            problems.append(f"--expect {pattern!r} is not a regular expression: {error}")
    model = None if given.no_transcript else given.model
    if model is None and given.expect:
        problems.append("--expect needs the transcript: leave out --no-transcript")
    problems += model_problems(model) or language_problems(given.language, model)
    problems += folder_problems(given.out)
    return Plan(script, tuple(given.expect), given.out, given.json, model, given.language)


def speak_texts(plan: P, synthesise: Callable[[list[str]], list[audio.Pcm]]) -> P:
    """Return the plan with the sound of each text that it says. Raises UsageError for texts that cannot be spoken."""
    problems: list[str] = []
    sayings: list[Saying] = []
    for saying in plan.script.sayings:
        try:
            sayings.append(_spoken(saying, synthesise) if saying.is_text else saying)
        except ValueError as error:
            problems.append(f"--say: {error}")
    if problems:
        raise UsageError(problems)
    return replace(plan, script=replace(plan.script, sayings=tuple(sayings)))


def _spoken(saying: Saying, synthesise: Callable[[list[str]], list[audio.Pcm]]) -> Saying:
    [pcm] = synthesise([saying.text])
    if saying.beeps:
        time = np.arange(round(BEEP_SECONDS * audio.RATE)) / audio.RATE
        beep = np.sin(2 * np.pi * BEEP_HERTZ * time) * BEEP_LEVEL * 32767
        quiet = np.zeros(round(BEEP_AFTER * audio.RATE), np.int16)
        pcm = np.concatenate([pcm, quiet, beep.astype(np.int16)])
    return replace(saying, pcm=pcm)


def _target(given: argparse.Namespace, problems: list[str]) -> Target:
    gateway = given.gateway or os.environ.get("PHONE_GATEWAY") or "sip:5060"
    found = GATEWAY.fullmatch(gateway)
    port = int(found["port"] or 5060) if found else 0
    if not found or not 0 < port < 65536:
        problems.append(f"--gateway (PHONE_GATEWAY) {gateway!r}: expected host or host:port")
    to = given.to or os.environ.get("PHONE_NUMBERS", "").partition(",")[0].strip()
    if not to:
        problems.append("no number to dial: give --to, or set PHONE_NUMBERS")
    sent = {"--to": to, "--from": given.caller, "--from-host": given.from_host}
    sent |= {"--from-header": given.from_header, "--to-header": given.to_header}
    for name, value in sent.items():
        if any(character in (value or "") for character in "\r\n"):
            problems.append(f"{name} {value!r} has a line break in it")
    if given.listen_address and not _is_local(given.listen_address):
        problems.append(f"--listen-address {given.listen_address!r} is not an IPv4 address of this machine")
    return Target(
        gateway=(found["host"] if found else "", port),
        to=to,
        caller=given.caller,
        from_host=given.from_host,
        listen_address=given.listen_address,
        no_marker=given.no_marker,
        credentials=_credentials(given.username or os.environ.get("SIP_USERNAME") or "", problems),
        headers=tuple(_header(text, problems) for text in given.header),
        to_header=given.to_header,
        from_header=given.from_header,
        offer=_offer(given.sdp, problems) if given.sdp else None,
    )


def _offer(file: Path, problems: list[str]) -> str:
    try:
        return file.read_text(encoding="utf8").replace("\r\n", "\n").replace("\n", "\r\n")
    except (OSError, ValueError) as error:
        problems.append(f"--sdp {file} cannot be read: {error}")
        return ""


def _is_local(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _credentials(username: str, problems: list[str]) -> Credentials | None:
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


def _script(given: argparse.Namespace, usual: list[tuple[str, str]], problems: list[str]) -> Script:
    """Return the script; `usual` is said when the arguments name nothing to say."""
    sayings: list[tuple[str, str]] = given.sayings or usual
    if given.silent and given.sayings:
        problems.append("--silent cannot be combined with --say, --wav, --dtmf or --at")
    waits = ("patience", "greeting_timeout", "reply_timeout", "max_seconds")
    _check_seconds(given, (*waits, "stay"), problems)
    planned = _sayings(sayings, problems)
    return Script(
        sayings=tuple(planned),
        greeted=given.silent or (bool(planned) and planned[0].at is None),
        stay=given.stay or 0.0,
        refer=_answer_to_refer(given.refer, problems),
        **{name: getattr(given, name) for name in waits},
    )


def _check_seconds(given: argparse.Namespace, names: tuple[str, ...], problems: list[str]) -> None:
    for name in names:
        value = getattr(given, name)
        if value is not None and not 0 < value <= 86400:
            problems.append(f"--{name.replace('_', '-')} {value:g}: expected seconds, more than 0 and at most 86400")


def _answer_to_refer(text: str | None, problems: list[str]) -> AnswerToRefer:
    match text:
        case None:
            return NO_REFERRALS
        case "accept":
            return AnswerToRefer(ACCEPTED, 200)
        case "fail":
            return AnswerToRefer(ACCEPTED, BUSY)
        case _ if text.isdecimal() and 300 <= int(text) <= 699:
            return AnswerToRefer(int(text))
    problems.append(f"--refer {text!r}: expected accept, fail or a SIP status from 300 to 699")
    return NO_REFERRALS


def _sayings(sayings: list[tuple[str, str]], problems: list[str]) -> list[Saying]:
    planned: list[Saying] = []
    at: float | None = None
    for kind, text in sayings:
        try:
            if kind == "at":
                at = _seconds(text, "seconds after the answer")
                continue
            saying = _saying(kind, text)
            planned.append(saying if at is None else replace(saying, at=at))
        except ValueError as error:
            problems.append(f"--{kind}: {error}")
        at = None
    if at is not None:
        problems.append("--at goes before one of --say, --wav or --dtmf")
    return planned


def _saying(kind: str, text: str) -> Saying:
    match kind:
        case "say":
            return Saying(text)
        case "voicemail":
            return Saying(text, at=MACHINE_SPEAKS_AFTER, beeps=True)
        case "wav":
            return Saying(Path(text).name, _sound(Path(text)))
        case "hold-music":
            return Saying(f"(hold: {Path(text).name})", _sound(Path(text)), on_hold=True)
        case "hold":
            return Saying("(hold)", pause=_pause(text), on_hold=True)
        case "pause":
            return Saying("(no packets)", pause=_pause(text))
        case "request":
            return Saying(f"({text})", request=_request(text))
        case _ if text and all(key in rtp.KEYS for key in text):
            return Saying(f"(keys {text})", keys=text, late_ends=kind == "late-dtmf")
        case _:
            raise ValueError(f"expected keys out of {rtp.KEYS}, not {text!r}")


def _request(text: str) -> tuple[str, str, str]:
    method, _, rest = text.partition(" ")
    content_type, _, body = rest.partition(" ")
    if not TOKEN.fullmatch(method) or any(character in content_type for character in "\r\n"):
        raise ValueError(f"expected a method, or a method, a content type and a body, not {text!r}")
    return method, content_type, body


def _pause(text: str) -> float:
    if not (seconds := _seconds(text)):
        raise ValueError("expected more than 0 seconds")
    return seconds


def _seconds(text: str, what: str = "seconds") -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise ValueError(f"expected {what}, at least 0 and at most 86400, not {text!r}")
    return seconds


def _sound(path: Path) -> audio.Pcm:
    pcm = audio.load(path)
    if not len(pcm):
        raise ValueError(f"{path} has no sound in it")
    return pcm
