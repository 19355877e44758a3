"""Judges whether it was a good call: one exit code and one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phone.report.measure import words_of_line

if TYPE_CHECKING:
    from phone.report.measure import Figures
    from phone.report.observation import Observation

TERMINATED = 487  # the status of a call that was withdrawn before anybody answered
GOOD, BAD_USAGE, NOT_ANSWERED, SILENT, ONE_WAY, WRONG_WORDS = 0, 2, 10, 11, 12, 13

CAUSES = {
    200: "the line answered, but with no audio that this phone can speak",
    401: "the trunk wants a user name and a password (SIP_USERNAME, SIP_PASSWORD), or different ones",
    403: "the gateway refuses this caller",
    404: "the gateway knows no such number",
    407: "the trunk wants a user name and a password (SIP_USERNAME, SIP_PASSWORD), or different ones",
    408: "the gateway gave up waiting for the media server",
    480: "nobody is there to take the call: is the agent up and registered?",
    486: "the line is busy, the agent refused this caller, or none joined before the trunk's ringing timeout",
    488: "no common audio format",
    500: "the gateway failed: out of media ports, or its configuration",
    503: "the gateway cannot reach the media server or Redis, or two trunks match this number",
    603: "the call was declined",
}
RANG = (
    "it rang and nobody answered: the agent is not registered, or no rule takes this number from this address "
    "(the gateway then goes silent instead of refusing)"
)


@dataclass(frozen=True)
class Verdict:
    """How a call went."""

    code: int
    sentence: str


def judge(seen: Observation, figures: Figures, expected: tuple[str, ...] = ()) -> Verdict:
    """Judge a call; `expected` are regular expressions for what the line says after the caller's first word.

    When the line called the phone, they are for everything that it says, and it owes no reply to what the phone says.
    """
    if seen.who == "person":
        return _judge_taken(seen, figures, expected)
    if seen.answered is None:
        return Verdict(NOT_ANSWERED, f"not answered: {_why(seen)}")
    if figures.first_word is None:
        return Verdict(SILENT, f"answered but silent: {_why_silent(seen)}")
    if unheard := [turn.said for turn in figures.turns if turn.reply_start is None]:
        return Verdict(ONE_WAY, _why_one_way(seen, len(figures.turns), unheard))
    if seen.unsaid:
        cut = "the call was cut at its longest" if seen.ran_out else "the line hung up"
        return Verdict(ONE_WAY, f"one way: {cut} before the caller had said everything ({seen.unsaid} left)")
    return _judge_words(words_of_line(figures), expected) or Verdict(GOOD, _good(figures))


def _judge_taken(seen: Observation, figures: Figures, expected: tuple[str, ...]) -> Verdict:
    if seen.answered is None:
        if seen.invited is None:
            return Verdict(NOT_ANSWERED, f"not called: {seen.phrase}; is there an outbound trunk to this phone?")
        after = f" after {seen.ended.at:.1f} s" if seen.ended else ""
        what = f"the line gave up{after}" if seen.status == TERMINATED else f"SIP {seen.status} {seen.phrase}{after}"
        if seen.as_told:
            return Verdict(GOOD, f"good: not answered, as told: {what}")
        return Verdict(NOT_ANSWERED, f"not answered: {what}")
    if figures.first_word is None:
        return Verdict(SILENT, f"answered, and the line was silent: {_why_silent(seen)}")
    if seen.unsaid:
        cut = "the call was cut at its longest" if seen.ran_out else "the line hung up"
        return Verdict(ONE_WAY, f"one way: {cut} before the person had said everything ({seen.unsaid} left)")
    words = words_of_line(figures, since=0.0)
    return _judge_words(words, expected) or Verdict(GOOD, f"good: the line spoke for {figures.line_spoke:.1f} s")


def _judge_words(words: str, expected: tuple[str, ...]) -> Verdict | None:
    if missing := [pattern for pattern in expected if not re.search(pattern, words, re.IGNORECASE)]:
        return Verdict(WRONG_WORDS, f"wrong words: {_quoted(missing)} not in what the line said: “{words}”")
    return None


def _why(seen: Observation) -> str:
    if seen.status is not None:
        return f"SIP {seen.status} {seen.phrase}: {CAUSES.get(seen.status, 'the gateway refused the call')}"
    return f"{seen.phrase}; {RANG}" if seen.rang is not None else f"{seen.phrase}; is the gateway up and reachable?"


def _why_silent(seen: Observation) -> str:
    if not seen.counters.received:
        return "no audio packet came: the media ports (RTP_PORT_RANGE) or the advertised address are wrong"
    return f"{seen.counters.received} packets of audio came, with no speech in them: does the agent's voice (TTS) work?"


def _why_one_way(seen: Observation, turns: int, unheard: list[str]) -> str:
    if len(unheard) < turns:
        return f"one way: no reply to {_quoted(unheard)} ({turns - len(unheard)} of {turns} were answered)"
    if seen.ended and seen.ended.by == "line":
        return "one way: the line spoke, then hung up without a reply to anything the caller said"
    return (
        "one way: the line speaks, but nothing the caller said got a reply: the caller's audio does not arrive "
        "(media ports), or the agent does not hear (STT) or think (LLM)"
    )


def _good(figures: Figures) -> str:
    if not figures.turns:
        return f"good: the line spoke for {figures.line_spoke:.1f} s"
    gaps = sorted(turn.gap for turn in figures.turns if turn.gap is not None)
    return f"good: {len(gaps)} of {len(figures.turns)} answered, the slowest after {gaps[-1]:.1f} s"


def _quoted(texts: list[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
