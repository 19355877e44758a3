"""The report on a call: JSON for programs, text for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from phone.report.measure import Figures, Utterance
    from phone.report.observation import Observation
    from phone.report.verdict import Verdict


@dataclass(frozen=True)
class Report:
    """Everything that is reported about one call."""

    to: str
    gateway: str
    started: str  # ISO 8601, UTC
    seen: Observation
    figures: Figures
    verdict: Verdict
    recording: Path | None = None
    picture: Path | None = None
    shown: str = ""  # the number that the caller shows

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs.

        Times are seconds since the INVITE, lengths are seconds; null stands for what did not happen.

        `invited` is the INVITE's own time, in seconds since 1970, when the call was answered;
        `sip.answer` is the 200, as text; `sip.requests` are those sent during the call, with the status of each;
        `turns` are measure.Turn: what was said, when, the reply's start and end, its gap, and barge-in figures;
        `conversation` are measure.Utterance: who, start, end, text (as transcribed), gap;
        `keys` are the keys that the line pressed;
        `referrals` are the calls to somebody else that the line asked for (REFER), and how the phone answered.

        In a call that came to the phone, `direction` is "incoming", and the phone itself is "person" where it is
        "caller" in one that it placed; `caller_spoke` is the phone in both.
        """
        seen, figures = self.seen, self.figures
        after_answer = None
        if seen.answered is not None and figures.first_word is not None:
            after_answer = figures.first_word - seen.answered
        fields = {
            "exit_code": self.verdict.code,
            "verdict": self.verdict.sentence,
            "started": self.started,
            "invited": seen.invited_at,
            "direction": "outgoing" if seen.who == "caller" else "incoming",
            "to": self.to,
            "from": self.shown,
            "gateway": self.gateway,
            "sip": {
                "status": seen.status,
                "phrase": seen.phrase,
                "answer": seen.answer or None,
                "requests": [{"request": name, "status": status} for name, status in seen.requests],
            },
            "rang_after": seen.rang,
            "answered_after": seen.answered,
            "first_word_after": figures.first_word,
            "first_word_after_answer": after_answer,
            "line_spoke": figures.line_spoke,
            "caller_spoke": figures.caller_spoke,
            "longest_pause": figures.longest_pause,
            "longest_hole": figures.longest_hole,
            "turns": [asdict(turn) for turn in figures.turns],
            "unsaid": seen.unsaid,
            "conversation": [asdict(utterance) for utterance in figures.utterances],
            "ended_by": seen.ended.by if seen.ended else None,
            "ended_after": seen.ended.at if seen.ended else None,
            "hang_up_confirmed": seen.ended.confirmed if seen.ended else None,
            "ran_out": seen.ran_out,
            "keys": [asdict(key) for key in seen.keys],
            "referrals": [asdict(one) for one in seen.referrals],
            "packets": asdict(seen.counters),
            "recording": str(self.recording) if self.recording else None,
            "picture": str(self.picture) if self.picture else None,
        }
        return {name: _rounded(value) for name, value in fields.items()}


def conversation_rows(report: Report) -> list[str]:
    """Return the conversation as both sides heard it, in order."""
    rows = [_row(utterance) for utterance in report.figures.utterances]
    ended = report.seen.ended
    rows += [f"  {clock(one.at)}  line    asks to be connected with {one.to}" for one in report.seen.referrals]
    if ended and ended.by == "line":
        rows.append(f"  {clock(ended.at)}  line    hangs up")
    return rows


def opening_text(answered: float, first_word: float | None) -> str:
    heard = "no word from the line yet" if first_word is None else f"first word after {first_word:.1f} s"
    return f"answered after {answered:.1f} s, {heard}"


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _row(said: Utterance) -> str:
    text = said.text or "(speech)"
    late = f"      ({said.gap:.1f} s later)" if said.gap is not None else ""
    return f"  {clock(said.start)}  {said.who:<6}  {text}{late}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
