"""Made-up calls of the last days, so that the desk's lists and charts have something to show. Pure.

The files are those that the agent writes. A seed and a moment always make the same ones. Names are made up, and numbers
are from +1 202 555 01xx, which belong to nobody.
"""

from __future__ import annotations

import functools
import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import numpy as np

from agent.providers.prices import cost_of, read_prices
from agent.providers.usage import ModelUsage
from agent.records.note import CallNote, NotedTool, NotedTurn
from agent.records.transcript import Latencies, Message, Models, ToolCall, Transcript, Turn
from tests.bench.pictures.talks import GREETING, TALKS, Talk
from tests.stack.desk import files_of_call

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SEED = 16
DAYS = 14
SLOW_DAY = 5  # days ago, on which the language model was slow and failed at times
RATE = 48_000  # Hz
WORDS_A_SECOND = 2.7
HOURS = {7: 5, 8: 9, 9: 8, 10: 6, 11: 7, 12: 12, 13: 9, 14: 5, 15: 6, 16: 8, 17: 7}  # how many calls begin in each
WEEKEND = {9: 5, 10: 8, 11: 9, 12: 7, 13: 6, 14: 4, 15: 3}
CALLERS = {
    "+12025550104": "Ada Miller",
    "+12025550111": "Bert Hansen",
    "+12025550117": "Carla Ortiz",
    "+12025550123": "Daniel Okafor",
    "+12025550131": "",
    "+12025550136": "Grace Kim",
    "+12025550142": "",
    "+12025550147": "Hugo Bernard",
    "+12025550153": "Irene Papadaki",
    "+12025550158": "",
    "+12025550164": "Jonas Weber",
    "+12025550169": "Katya Petrova",
    "+12025550175": "",
    "+12025550181": "Lisa Brown",
    "+12025550186": "Mateo Silva",
    "+12025550192": "",
    "": "",  # withheld
}
LINE_NUMBER = "+12025550100"
MODELS = Models(stt="openai/gpt-4o-mini-transcribe", llm="openai/gpt-4o-mini", tts="openai/gpt-4o-mini-tts")
Rejected = Literal["busy", "caller_limit", "refused"]
TOLD: dict[Rejected, str] = {
    "busy": "all lines are busy",
    "caller_limit": "the caller's limit of the day is reached",
    "refused": "the caller is in blocked.txt",
}


@dataclass(frozen=True)
class MadeUp:
    """One call, with what is kept of it."""

    note: CallNote
    transcript: Transcript | None  # of a call that was kept
    messages: tuple[Message, ...] = ()
    done: bool = False  # whether somebody has dealt with its messages

    @property
    def files(self) -> dict[str, bytes]:
        """What the agent writes of it, by the path below /data."""
        transcript = self.transcript.model_dump() if self.transcript else None
        files = files_of_call(self.note.model_dump(), transcript, silence() if transcript else None)
        day, _, name = self.note.record.partition("_")
        for which, message in enumerate(self.messages, 1):
            folder = f"calls/{self.note.transcript.line}/{day}/{name}-message-{which}"
            files[f"{folder}/message.json"] = message.model_dump_json().encode()
            if self.done:
                files[f"{folder}/done"] = b""
        return files


@functools.cache
def silence() -> bytes:
    """Return a recording of a second in which nobody says anything: Ogg Opus, the caller and the agent."""
    made = io.BytesIO()
    with av.open(made, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * RATE), np.int16), format="s16", layout="stereo")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return made.getvalue()


def make_up(line: str, until: datetime, zone: ZoneInfo, seed: int = SEED) -> list[MadeUp]:
    """Make up the calls of a line in the DAYS before that moment, the oldest first; its day is that of the zone."""
    chance = random.Random(seed)  # noqa: S311 - nothing is secret about it
    calls = []
    for ago in reversed(range(DAYS)):
        for began in _beginnings(until.astimezone(zone) - timedelta(days=ago), chance):
            call = _call(line, began, ago, chance)
            if began + timedelta(seconds=call.note.transcript.seconds) < until:
                calls.append(call)
    return calls


def _beginnings(day: datetime, chance: random.Random) -> list[datetime]:
    weekend = day.weekday() >= 5
    hours = WEEKEND if weekend else HOURS
    count = chance.randint(8, 12) if weekend else chance.randint(16, 26)
    chosen = chance.choices(list(hours), list(hours.values()), k=count)
    return sorted(
        day.replace(hour=hour, minute=chance.randrange(60), second=chance.randrange(60), microsecond=0)
        for hour in chosen
    )


def _call(line: str, began: datetime, ago: int, chance: random.Random) -> MadeUp:
    number = chance.choice(list(CALLERS))
    by_browser = chance.random() < 0.12
    record = f"{_utc(began):%Y-%m-%d_%H%M%S}-{chance.randrange(1 << 24):06x}"
    facts = Transcript(
        line=line,
        call=f"browser-{chance.randrange(1 << 64):016x}" if by_browser else f"SCL_{chance.randrange(1 << 40):x}",
        started=_utc(began).isoformat(timespec="milliseconds"),
        ended="",
        seconds=0.0,
        language="en",
        caller="" if by_browser else number,
        name="" if by_browser else CALLERS[number],
        dialled="" if by_browser else LINE_NUMBER,
        outcome="the caller hung up",
        models=MODELS,
    )
    came_by: Literal["phone", "browser"] = "browser" if by_browser else "phone"
    if chance.random() < (0.25 if began.hour == 12 else 0.03):
        return _rejected(record, facts, came_by, began, chance)
    return _answered(record, facts, came_by, began, ago, chance)


def _rejected(
    record: str, facts: Transcript, came_by: Literal["phone", "browser"], began: datetime, chance: random.Random
) -> MadeUp:
    reason: Rejected = chance.choice(("busy", "busy", "busy", "caller_limit", "refused"))
    if came_by == "browser":
        reason = "busy"
    over = _lasting(facts, began, 6.0).model_copy(update={"outcome": TOLD[reason]})
    return MadeUp(CallNote(record=record, transcript=over, came_by=came_by, rejected=reason), None)


def _answered(
    record: str,
    facts: Transcript,
    came_by: Literal["phone", "browser"],
    began: datetime,
    ago: int,
    chance: random.Random,
) -> MadeUp:
    talk = chance.choices(TALKS, [its.often for its in TALKS])[0]
    turns, replies = _said(talk, ago, chance)
    seconds = turns[-1].end + chance.uniform(0.8, 3.0)
    over = _lasting(facts, began, seconds).model_copy(update={"outcome": talk.outcome})
    usage = _usage(turns, ago, chance)
    tools = [NotedTool(name=talk.tool, seconds=round(chance.uniform(0.02, 0.3), 3))] if talk.tool else []
    kept = came_by == "phone" and chance.random() < 0.7
    note = CallNote(
        record=record,
        transcript=over.without_words(),
        came_by=came_by,
        kept=kept,
        greeted_after=round(chance.uniform(0.45, 0.8), 3),
        interruptions=sum(turn.interrupted for turn in turns),
        turns=replies,
        tools=tools,
        usage=usage,
        cost=cost_of(usage, read_prices(Path("of-nobody"))),
    )
    messages = _messages(talk, facts, began, seconds, chance)
    calls = [ToolCall(name=talk.tool, arguments=dict(talk.arguments), result=talk.result, at=4.0)] if talk.tool else []
    words = {"turns": turns, "tool_calls": calls, "messages": list(messages), "summary": talk.summary}
    return MadeUp(note, over.model_copy(update=words) if kept else None, messages, ago > 3)


def _said(talk: Talk, ago: int, chance: random.Random) -> tuple[list[Turn], list[NotedTurn]]:
    """Return what both sides say, beginning with the greeting, and how fast the replies were."""
    at = chance.uniform(0.5, 0.9)
    turns = [Turn(who="agent", text=GREETING, start=round(at, 2), end=round(at + _speaking(GREETING), 2))]
    replies = []
    for asked, answered in talk.turns:
        begins = turns[-1].end + chance.uniform(0.5, 1.6)
        heard = begins + _speaking(asked)
        turns.append(Turn(who="caller", text=asked, start=round(begins, 2), end=round(heard, 2)))
        if not answered:
            continue
        its = _latencies(ago, chance)
        starts = heard + (its.first_audio or 0.0)
        interrupted = chance.random() < 0.06
        ends = starts + _speaking(answered) * (0.6 if interrupted else 1.0)
        times = {"start": round(starts, 2), "end": round(ends, 2)}
        turns.append(Turn(who="agent", text=answered, interrupted=interrupted, latencies=its, **times))
        replies.append(NotedTurn(at=round(heard, 2), interrupted=interrupted, **its.model_dump()))
    return turns, replies


def _latencies(ago: int, chance: random.Random) -> Latencies:
    """Return when each stage was over; on the slow day, and at times on any, the language model takes longer."""
    transcribed = 0.18 + chance.lognormvariate(-2.0, 0.5)
    decided = max(transcribed, 0.35 + chance.lognormvariate(-1.6, 0.6))
    slow = chance.uniform(0.5, 1.6) if ago == SLOW_DAY and chance.random() < 0.6 else 0.0
    first_token = decided + chance.lognormvariate(-1.2, 0.35) + slow
    first_audio = first_token + 0.12 + chance.lognormvariate(-1.9, 0.45)
    moments = (transcribed, decided, first_token, first_audio)
    return Latencies(**dict(zip(Latencies.model_fields, (round(it, 3) for it in moments), strict=True)))


def _usage(turns: list[Turn], ago: int, chance: random.Random) -> list[ModelUsage]:
    asked = [turn for turn in turns if turn.who == "caller"]
    spoken = [turn for turn in turns if turn.who == "agent"]
    failed = int(chance.random() < (0.35 if ago == SLOW_DAY else 0.02))
    heard = sum(turn.end - turn.start for turn in asked)
    said = sum(turn.end - turn.start for turn in spoken)
    return [
        ModelUsage(
            kind="stt", provider="openai", model="gpt-4o-mini-transcribe", requests=len(asked), audio_seconds=heard
        ),
        ModelUsage(
            kind="llm",
            provider="openai",
            model="gpt-4o-mini",
            requests=len(asked) + failed,
            errors=failed,
            input_tokens=1450 * len(asked),
            cached_tokens=1024 * max(0, len(asked) - 1),
            output_tokens=sum(len(turn.text) // 4 for turn in spoken),
        ),
        ModelUsage(
            kind="tts",
            provider="openai",
            model="gpt-4o-mini-tts",
            requests=len(spoken),
            characters=sum(len(turn.text) for turn in spoken),
            audio_seconds=said,
        ),
    ]


def _messages(
    talk: Talk, facts: Transcript, began: datetime, seconds: float, chance: random.Random
) -> tuple[Message, ...]:
    if not talk.messages:
        return ()
    at = _utc(began + timedelta(seconds=seconds - 3)).isoformat(timespec="seconds")
    from_whom, about = chance.choice(talk.messages)
    who = facts.name or from_whom
    return (Message(who=who, number=facts.caller, about=about, urgent=talk.urgent, at=at),)


def _lasting(facts: Transcript, began: datetime, seconds: float) -> Transcript:
    ended = _utc(began + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return facts.model_copy(update={"seconds": round(seconds, 1), "ended": ended})


def _speaking(text: str) -> float:
    return len(text.split()) / WORDS_A_SECOND


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
