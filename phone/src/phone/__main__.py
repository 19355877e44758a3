"""The phone's commands.

`call` places a call and reports how it went, `answer` takes one, `calls` and `answers` do so with several at once,
`timeline` shows the turns of a call beside the agent's log, `transcribe` prints what is said in a file, and `check`
tests the models.
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
from typing import TYPE_CHECKING, TextIO, TypeVar

from phone import arguments, audio
from phone.conversation import be_called, converse, tell_nobody
from phone.order import Answering, Order, check_answering, check_order, speak_texts
from phone.report.measure import measure, transcribe
from phone.report.report import Report, conversation_rows, opening_text
from phone.report.timeline import timeline_rows
from phone.report.verdict import BAD_USAGE, judge
from phone.wire.incoming import Listener, own_network

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine
    from ipaddress import IPv4Network

    from phone.conversation import Tell
    from phone.order import Plan
    from phone.report.observation import Observation

INTERRUPTED = 130
SIDES = ("line", "caller", "person")
T = TypeVar("T")


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
            case "answer":
                return take_calls(given, transcriber)
            case "answers":
                return take_rows_of_calls(given, transcriber)
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
    people = _people(order)
    print(f"Calling {order.target.to} through {_gateway(order)} …", file=people, flush=True)
    started = datetime.now(UTC)
    seen = asyncio.run(_until_signalled(_delayed(order, _tell_opening(people))))
    return _conclude(order, _report(order, started, seen, transcriber or _transcriber(given.model)), started)


def take_calls(given: argparse.Namespace, transcriber: Callable[[audio.Pcm, str], str] | None) -> int:
    """Take as many calls as `--count` says; the exit code is that of the first one which was not good."""
    answering = speak_texts(check_answering(given), _synthesise)
    if given.count > 1 and given.json:
        raise arguments.UsageError([f"--json is for one call, but --count is {given.count}: see each call's folder"])
    network = arguments.network(given.callers)
    people = _people(answering)

    def tell_waiting() -> None:
        print(f"Waiting for a call on port {given.port} …", file=people, flush=True)

    started = datetime.now(UTC)
    taking = _taken([answering] * given.count, given.port, network, tell_waiting, _tell_opening(people))
    whisper = transcriber or _transcriber(given.model)
    codes = []
    for seen in asyncio.run(_until_signalled(taking)):
        began = datetime.fromtimestamp(seen.invited_at, UTC) if seen.invited_at else started
        codes.append(_conclude(answering, _report(answering, began, seen, whisper), began))
    return next((code for code in codes if code), 0)


def place_calls(given: argparse.Namespace, transcriber: Callable[[audio.Pcm, str], str] | None) -> int:
    """Place the calls of each row of standard input, several at once, and print their reports.

    Whisper transcribes after the last of them has ended: before, it would take the processor time that keeps packets
    punctual.
    """
    whisper = transcriber or _transcriber(given.model)
    for row in sys.stdin:
        wanted = json.loads(row)
        orders = [_order(_arguments(given, "call", call)) for call in wanted["calls"]]
        started = datetime.now(UTC)
        held = asyncio.run(_together(orders, wanted.get("at_once", len(orders))))
        _print_reports(
            [
                _with_sound(_report(order, started, seen, whisper if order.model else None, sides=("line",)), order)
                for order, seen in zip(orders, held, strict=True)
            ]
        )
    return 0


def take_rows_of_calls(given: argparse.Namespace, transcriber: Callable[[audio.Pcm, str], str] | None) -> int:
    """Take the calls of each row of standard input. A row says that the phone waits for them, another how they went."""
    whisper = transcriber or _transcriber(given.model)
    network = arguments.network(given.callers)

    def tell_waiting() -> None:
        print(json.dumps("waiting"), flush=True)

    for row in sys.stdin:
        answering = [
            speak_texts(check_answering(_arguments(given, "answer", call)), _synthesise) for call in json.loads(row)
        ]
        started = datetime.now(UTC)
        taken = asyncio.run(_taken(answering, given.port, network, tell_waiting))
        _print_reports(
            [
                _with_sound(_report(one, started, seen, whisper if one.model else None, sides=("line",)), one)
                for one, seen in zip(answering, taken, strict=True)
            ]
        )
    return 0


def _arguments(given: argparse.Namespace, command: str, call: list[str]) -> argparse.Namespace:
    return arguments.parser().parse_args([command, "--model", str(given.model), *call])


def _order(given: argparse.Namespace) -> Order:
    return speak_texts(check_order(given), _synthesise)


def _people(plan: Plan) -> TextIO:
    """Return where to tell people; standard output may be for a program."""
    return sys.stderr if plan.json == "-" else sys.stdout


def _tell_opening(people: TextIO) -> Tell:
    return lambda *at: print(opening_text(*at), file=people, flush=True)


def _print_reports(reports: list[Report]) -> None:
    print(json.dumps([report.as_json() for report in reports], ensure_ascii=False), flush=True)


def _with_sound(report: Report, plan: Plan) -> Report:
    """Save the sound of a call that names a folder of its own with --out; nothing else of several calls is kept."""
    if plan.out == arguments.DEFAULT_OUT or report.seen.answered is None:
        return report
    recording = plan.out / f"{secrets.token_hex(4)}.wav"
    audio.save_stereo(recording, report.seen.caller.pcm, report.seen.line.pcm)
    return replace(report, recording=recording)


async def _together(orders: list[Order], at_once: int) -> list[Observation]:
    """Hold the calls, `at_once` at a time; when one is over, the next one begins."""
    places = asyncio.Semaphore(at_once)

    async def hold(order: Order) -> Observation:
        async with places:
            return await _delayed(order)

    return await asyncio.gather(*map(hold, orders))


async def _delayed(order: Order, tell: Tell = tell_nobody) -> Observation:
    await asyncio.sleep(order.delay)
    return await converse(order.target, order.script, tell)


async def _taken(
    plans: list[Answering],
    port: int,
    network: IPv4Network | None,
    tell_waiting: Callable[[], None],
    tell: Tell = tell_nobody,
) -> list[Observation]:
    """Wait for these calls at the same time, and take them."""
    try:
        opened = await Listener.open(("0.0.0.0", port), network or own_network())  # noqa: S104
    except (OSError, OverflowError) as error:
        raise arguments.UsageError([f"--port {port} cannot be used: {error}"]) from error
    async with opened as listener:
        taking = [asyncio.ensure_future(be_called(listener, one.reception, one.script, tell)) for one in plans]
        await asyncio.sleep(0)  # until each of them expects its call
        tell_waiting()
        try:
            return list(await asyncio.gather(*taking))
        except BaseException:
            for task in taking:
                task.cancel()
            await asyncio.wait(taking)
            raise


def _report(
    plan: Order | Answering,
    started: datetime,
    seen: Observation,
    transcriber: Callable[[audio.Pcm, str], str] | None,
    sides: tuple[str, ...] = SIDES,
) -> Report:
    figures = measure(seen)
    if transcriber and plan.model:
        figures = transcribe(figures, seen, lambda pcm: transcriber(pcm, plan.language), sides)
    verdict = judge(seen, figures, plan.expected)
    to, shown, gateway = _parties(plan, seen)
    return Report(to, gateway, started.isoformat(timespec="seconds"), seen, figures, verdict, shown=shown)


def _parties(plan: Order | Answering, seen: Observation) -> tuple[str, str, str]:
    """Return the number that was called, the number that was shown, and the gateway's address."""
    if isinstance(plan, Order):
        return plan.target.to, plan.target.caller, _gateway(plan)
    if seen.invited:
        return seen.invited.called, seen.invited.shown, seen.invited.address
    return plan.reception.number or "", "", ""


def _gateway(order: Order) -> str:
    return ":".join(map(str, order.target.gateway))


async def _until_signalled(work: Coroutine[None, None, T]) -> T:
    """Do the work; SIGTERM (`docker stop`) ends its calls with a BYE, as Ctrl-C does."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _conclude(plan: Plan, report: Report, started: datetime) -> int:
    """Keep the call, tell people and programs of it, and return its exit code."""
    if report.seen.answered is not None:
        report = _keep(report, plan.out, started)
    _tell(report, _people(plan), plan.out)
    if plan.json:
        _write_json(report, plan.json)
    return report.verdict.code


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
