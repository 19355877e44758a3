"""The phone's commands.

`call` places a call and reports how it went, `calls` places several at once, `timeline` shows the turns of a call
beside the agent's log, `transcribe` prints what is said in a file, and `check` tests the models.
"""

# ruff: noqa: T201  a command prints its result to standard output

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from phone import arguments, audio
from phone.conversation import converse
from phone.order import check_order, speak_texts
from phone.report.measure import measure, transcribe
from phone.report.report import Report, conversation_rows, opening_text
from phone.report.timeline import timeline_rows
from phone.report.verdict import BAD_USAGE, judge

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from phone.order import Order
    from phone.report.observation import Observation

INTERRUPTED = 130


def main(argv: list[str] | None = None, transcriber: Callable[[audio.Pcm, str], str] | None = None) -> int:
    """Run one command and return its exit code; tests give a `transcriber` instead of Whisper."""
    given = arguments.parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        match given.command:
            case "call":
                return place_call(given, transcriber)
            case "calls":
                return place_calls(given, transcriber)
            case "timeline":
                return show_timeline(given)
            case "transcribe":
                return transcribe_file(given)
            case _:
                return check(given)
    except arguments.UsageError as error:
        count = "1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems"
        print(f"The command is not usable ({count}); nothing was done.", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return BAD_USAGE
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("phone: interrupted; the call was hung up", file=sys.stderr)
        return INTERRUPTED


def show_timeline(given: argparse.Namespace) -> int:
    for row in timeline_rows(arguments.read_report(given.report), sys.stdin):
        print(row)
    return 0


def transcribe_file(given: argparse.Namespace) -> int:
    problems = arguments.model_problems(given.model) or arguments.language_problems(given.language, given.model)
    if problems:
        raise arguments.UsageError(problems)
    try:
        pcm = audio.load(given.file)
    except ValueError as error:
        raise arguments.UsageError([str(error)]) from error
    print(_transcriber(given.model)(pcm, given.language))
    return 0


def check(given: argparse.Namespace) -> int:
    """Synthesize a sentence and transcribe it, with the models that are on this machine."""
    if problems := arguments.model_problems(given.model):
        raise arguments.UsageError(problems)
    transcript = _transcriber(given.model)(_synthesise(["The telephone works."])[0], "en")
    print(f"transcript of a synthesized sentence: {transcript}")
    return 0 if "telephone works" in transcript.lower() else 1


def place_call(given: argparse.Namespace, transcriber: Callable[[audio.Pcm, str], str] | None) -> int:
    order = _order(given)
    people: TextIO = sys.stderr if order.json == "-" else sys.stdout
    print(f"Calling {order.target.to} through {_gateway(order)} …", file=people, flush=True)
    started = datetime.now(UTC)
    seen = asyncio.run(_until_signalled(order, people))
    report = _report(order, started, seen, transcriber or _transcriber(given.model))
    if seen.answered is not None:
        report = _keep(report, order.out, started)
    _tell(report, people, order.out)
    if order.json:
        _write_json(report, order.json)
    return report.verdict.code


def place_calls(given: argparse.Namespace, transcriber: Callable[[audio.Pcm, str], str] | None) -> int:
    """Place the calls of each row of standard input at once, and print their reports.

    Whisper transcribes after the last of them has ended: before, it would take the processor time that keeps packets
    punctual.
    """
    whisper = transcriber or _transcriber(given.model)
    for row in sys.stdin:
        orders = [
            _order(arguments.parser().parse_args(["call", "--model", str(given.model), *call]))
            for call in json.loads(row)
        ]
        started = datetime.now(UTC)
        held = asyncio.run(_together(orders))
        reports = [
            _with_sound(_report(order, started, seen, whisper if order.model else None, sides=("line",)), order.out)
            for order, seen in zip(orders, held, strict=True)
        ]
        print(json.dumps([report.as_json() for report in reports], ensure_ascii=False), flush=True)
    return 0


def _order(given: argparse.Namespace) -> Order:
    return speak_texts(check_order(given), _synthesise)


def _with_sound(report: Report, out: Path) -> Report:
    """Save the sound of a call that names a folder of its own with --out; nothing else of several calls is kept."""
    if out == arguments.DEFAULT_OUT or report.seen.answered is None:
        return report
    recording = out / f"{secrets.token_hex(4)}.wav"
    audio.save_stereo(recording, report.seen.caller.pcm, report.seen.line.pcm)
    return replace(report, recording=recording)


async def _together(orders: list[Order]) -> list[Observation]:
    return await asyncio.gather(*map(_delayed, orders))


async def _delayed(
    order: Order, tell: Callable[[float, float | None], None] = lambda _answered, _word: None
) -> Observation:
    await asyncio.sleep(order.delay)
    return await converse(order.target, order.script, tell)


def _report(
    order: Order,
    started: datetime,
    seen: Observation,
    transcriber: Callable[[audio.Pcm, str], str] | None,
    sides: tuple[str, ...] = ("line", "caller"),
) -> Report:
    figures = measure(seen)
    if transcriber and order.model:
        figures = transcribe(figures, seen, lambda pcm: transcriber(pcm, order.language), sides)
    verdict = judge(seen, figures, order.expected)
    return Report(order.target.to, _gateway(order), started.isoformat(timespec="seconds"), seen, figures, verdict)


def _gateway(order: Order) -> str:
    return ":".join(map(str, order.target.gateway))


async def _until_signalled(order: Order, people: TextIO) -> Observation:
    """Place the call; SIGTERM (`docker stop`) ends it with a BYE, as Ctrl-C does."""
    task = asyncio.ensure_future(_delayed(order, lambda *at: print(opening_text(*at), file=people, flush=True)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _keep(report: Report, out: Path, started: datetime) -> Report:
    """Write the recording, the picture and the JSON into a folder of their own."""
    from phone.report.picture import draw

    folder = _new_folder(out, f"{started:%Y-%m-%d-%H%M}")
    report = replace(report, recording=folder / "call.wav", picture=folder / "call.png")
    audio.save_stereo(folder / "call.wav", report.seen.caller.pcm, report.seen.line.pcm)
    draw(report, folder / "call.png")
    (folder / "call.json").write_text(_as_text(report), encoding="utf8")
    return report


def _new_folder(out: Path, name: str) -> Path:
    while True:  # calls of the same minute differ in four random digits, which two calls may share
        with contextlib.suppress(FileExistsError):
            folder = out / f"{name}-{secrets.token_hex(2)}"
            folder.mkdir()
            return folder


def _tell(report: Report, people: TextIO, out: Path) -> None:
    for row in conversation_rows(report):
        print(row, file=people)
    if report.recording and report.picture:
        # In the container the volume is /calls; the person has the same folder as calls/ beside compose.yaml.
        root = "/" if out == arguments.DEFAULT_OUT else ""
        print(f"recording  {str(report.recording).removeprefix(root)}   (caller left, line right)", file=people)
        print(f"picture    {str(report.picture).removeprefix(root)}", file=people)
    print(report.verdict.sentence, file=people)


def _write_json(report: Report, to: str) -> None:
    if to == "-":
        print(_as_text(report))
    else:
        Path(to).write_text(_as_text(report) + "\n", encoding="utf8")


def _as_text(report: Report) -> str:
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False)


def _synthesise(texts: list[str]) -> list[audio.Pcm]:
    from phone.sound import speech

    return speech.synthesise(texts)


def _transcriber(model: Path) -> Callable[[audio.Pcm, str], str]:
    from phone.sound.speech import Transcriber

    return Transcriber(model)


if __name__ == "__main__":
    sys.exit(main())
