"""What the page of one call shows: everything that is known of it, as texts and numbers."""

import json
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from desk.calls import shown
from desk.calls.replies import Reply, Sentence, replies_of, sentences_of
from desk.records.read import Record, moment
from desk.records.shapes import LONGEST, Cost, Message, Models, NotedTool, ToolCall, Transfer, Usage

BROKEN_OFF = "the agent broke off"
REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Said:
    """One row of the conversation: a turn with its sentences, or something that happened."""

    at: float
    who: str  # caller, agent, or "" for what happened
    sentences: list[Sentence]
    interrupted: bool = False
    happened: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    at: str
    arguments: str
    result: str
    took: str
    failed: bool


class CallView:
    """Gives the template of one call its texts."""

    def __init__(self, record: Record, zone: ZoneInfo) -> None:
        self.record, self.zone = record, zone
        self.name, self.facts, self.note = record.name, record.facts, record.note
        self.path = f"/calls/{record.name.path}"
        self.who = shown.caller(record.caller_name, record.caller, record.came_by)
        self.began = shown.clock(record.began, zone)
        self.length = shown.length(self.facts.seconds)
        self.has_audio = record.has_audio
        self.replies: list[Reply] = replies_of(record)
        self.interruptions = self._interruptions()

    @property
    def sentences_about_it(self) -> list[str]:
        """Return what somebody has to know before they read on, in whole sentences."""
        record, said = self.record, list(self.record.problems)
        if record.is_being_written:
            said.append("This call goes on, or its record is still being written. Load this page again later.")
        elif record.rejected:
            said.append(f"This call was rejected with a sentence: {shown.rejected(record.rejected)}.")
        elif not record.kept and not record.problems:
            said.append("This call was not recorded: nothing that was said in it is kept.")
        if not record.note and not record.is_being_written:
            said.append("There is no note of this call, as with older releases: its cost is not known.")
        if self.facts.outcome == BROKEN_OFF:
            said.append("The agent's process ended during this call, so its record may lack the end.")
        if self._is_redacted():
            said.append(f"Numbers that must not be kept are replaced by {REDACTED}, and silenced in the recording.")
        if record.note and record.note.draft:
            said.append("In this call, a version of the line was tried that had not been saved.")
        return said

    @property
    def facts_shown(self) -> list[tuple[str, str]]:
        """Return the facts of the call, as (what, how it is written)."""
        facts, note = self.facts, self.note
        rows = [
            ("Line", self.name.line),
            ("Began", self.began),
            ("Length", self.length),
            ("Person called" if facts.direction == "outbound" else "Caller", self.who),
            ("Number dialled", facts.dialled),
            ("Came by", "browser" if self.record.came_by == "browser" else "phone"),
            ("Direction", "the agent called" if facts.direction == "outbound" else ""),
            ("Order", facts.order),
            ("Ended because", facts.outcome),
            ("Greeted after", shown.seconds(note.greeted_after) if note and note.greeted_after is not None else ""),
            ("Interruptions", "" if self.interruptions is None else str(self.interruptions)),
            ("Language", facts.language),
            ("Record", self.name.record),
        ]
        return [(what, value) for what, value in rows if value]

    @property
    def conversation(self) -> list[Said]:
        """Return what was said and what happened, in order."""
        facts = self.facts
        said = [Said(turn.start, turn.who, list(sentences_of(turn)), turn.interrupted) for turn in facts.turns]
        happened = [
            *((tool.at, f"Tool {tool.name}") for tool in facts.tool_calls),
            *((keys.start, f"The caller typed {keys.keys}") for keys in facts.keys),
            *((action.at, f"{action.what}: {action.outcome}") for action in facts.actions),
            *((self._at(it), f"Transfer to {it.to}: {it.outcome.replace('_', ' ')}") for it in facts.transfers),
        ]
        said += [Said(at, "", [], happened=text) for at, text in happened if at is not None]
        return sorted(said, key=lambda row: row.at)

    @property
    def tools(self) -> list[Tool]:
        noted = self.note.tools if self.note else []
        calls = self.facts.tool_calls
        if not calls:
            return [Tool(it.name, "", "", "", shown.seconds(it.seconds), it.failed) for it in noted]
        fits = [it.name for it in noted] == [it.name for it in calls]
        return [_tool(call, noted[at] if fits else NotedTool()) for at, call in enumerate(calls)]

    @property
    def transfers(self) -> list[tuple[str, str, str, str, str]]:
        """Return (to whom, how, what became of it, when, for how long)."""
        return [
            (it.to, it.kind, it.outcome.replace("_", " "), self._clock(it.at), shown.seconds(it.seconds))
            for it in self.facts.transfers
        ]

    @property
    def messages(self) -> list[tuple[Message, str]]:
        return [(message, self._clock(message.at)) for message in self.record.messages]

    @property
    def outcome_fields(self) -> list[tuple[str, str]]:
        values = self.facts.outcome_fields.values or {}
        return [(field, "not said" if value is None else _as_text(value)) for field, value in values.items()]

    @property
    def left_out(self) -> list[str]:
        return self.facts.outcome_fields.left_out

    @property
    def models(self) -> Models:
        return self.facts.models

    @property
    def usage(self) -> list[Usage]:
        return self.note.usage if self.note else []

    @property
    def cost(self) -> Cost | None:
        return self.note.cost if self.note else None

    @property
    def cost_rows(self) -> list[tuple[str, str, str]]:
        """Return (kind, model, what it has cost)."""
        cost = self.cost or Cost()
        return [
            (part.kind, "/".join(filter(None, (part.provider, part.model))), shown.amount(part.amount, cost.currency))
            for part in cost.parts
        ]

    @property
    def cost_in_all(self) -> str:
        return shown.amount(self.cost.total, self.cost.currency) if self.cost else ""

    def timeline(self) -> dict[str, Any]:
        """Return what the page's script draws: times are seconds, of the recording or, without one, of the call."""
        facts = self.facts
        ends = [turn.end for turn in facts.turns]
        ends += [reply.heard + (reply.gap or 0) for reply in self.replies if reply.heard is not None]
        marks = [{"at": row.at, "text": row.happened} for row in self.conversation if row.happened]
        return {
            "seconds": max([facts.seconds, *ends], default=0.0),
            "turns": [turn.model_dump(include={"who", "start", "end", "interrupted", "text"}) for turn in facts.turns],
            "gaps": [
                {
                    "start": reply.heard,
                    "seconds": reply.gap,
                    "stages": [{"name": stage.name, "seconds": stage.seconds} for stage in reply.stages],
                    "interrupted": reply.interrupted,
                }
                for reply in self.replies
                if reply.heard is not None and reply.gap is not None
            ],
            "marks": marks,
        }

    def _interruptions(self) -> int | None:
        if self.note and self.note.interruptions is not None:
            return self.note.interruptions
        return sum(turn.interrupted for turn in self.facts.turns) if self.record.transcript else None

    def _at(self, transfer: Transfer) -> float | None:
        """Return when a transfer began, in seconds into the recording; None if it says no time of this call."""
        began = moment(transfer.at)
        at = (began - self.record.began).total_seconds() if began else None
        return None if at is None or abs(at) > LONGEST else round(at, 2)

    def _clock(self, written: str) -> str:
        when = moment(written)
        return shown.clock(when, self.zone) if when else written

    def _is_redacted(self) -> bool:
        return self.record.transcript is not None and REDACTED in self.record.transcript.model_dump_json()


def _tool(call: ToolCall, noted: NotedTool) -> Tool:
    return Tool(
        call.name,
        shown.length(call.at) if call.at is not None else "",
        _as_text(call.arguments),
        _as_text(call.result),
        shown.seconds(noted.seconds) if noted.seconds is not None else "",
        noted.failed,
    )


def _as_text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
