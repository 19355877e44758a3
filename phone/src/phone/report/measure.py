"""Measures a call in its two tracks, without side effects; every time is in seconds since the INVITE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from phone.sound.listening import Span, longest_quiet, speech
from phone.sound.tracks import longest_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from phone.audio import Pcm
    from phone.report.observation import Observation, SentSaying

PHRASE = 1.2  # s of quiet between two utterances of the printed conversation
MARGIN = 0.2  # s on both sides of a phrase, for the transcriber


@dataclass(frozen=True)
class Turn:
    """One thing the caller said or pressed, and what came of it."""

    said: str
    start: float
    end: float  # of the caller's last sound
    reply_start: float | None = None  # the line's first sound after that; before `end` if it cut in and went on
    reply_end: float | None = None
    gap: float | None = None  # reply_start - end
    cut_in: bool = False  # the line started to speak while the caller still was
    stopped_after: float | None = None  # barge-in: from the caller's first sound to the line silent


@dataclass(frozen=True)
class Utterance:
    """What one side said without a longer pause."""

    who: Literal["line", "caller", "person"]
    start: float
    end: float
    text: str = ""
    gap: float | None = None  # set on the utterance that begins a reply


@dataclass(frozen=True)
class Figures:
    """The figures of one call."""

    first_word: float | None
    line_spoke: float  # seconds of speech heard from the line
    caller_spoke: float
    longest_pause: float  # longest quiet between two sounds of one phrase of the line
    longest_hole: float  # longest time inside the line's speech for which no audio came
    turns: tuple[Turn, ...]
    utterances: tuple[Utterance, ...]


def measure(seen: Observation) -> Figures:
    line = speech(seen.line.pcm)
    phrases = speech(seen.line.pcm, bridge=PHRASE)
    caller = speech(seen.caller.pcm)
    turns = tuple(_turns(seen.said, line))
    gaps = {turn.reply_start: turn.gap for turn in turns if turn.reply_start is not None}
    utterances = [Utterance("line", part.start, part.end) for part in _split(phrases, line, gaps)]
    utterances = [replace(said, gap=gaps.get(said.start)) for said in utterances]
    utterances += [Utterance(seen.who, said.span.start, said.span.end, said.text) for said in seen.said]
    return Figures(
        first_word=line[0].start if line else None,
        line_spoke=sum(part.length for part in line),
        caller_spoke=sum(part.length for part in caller),
        longest_pause=max((longest_quiet(seen.line.pcm, part) for part in phrases), default=0.0),
        longest_hole=max((longest_missing(seen.line, part.start, part.end) for part in phrases), default=0.0),
        turns=turns,
        utterances=tuple(sorted(utterances, key=lambda utterance: utterance.start)),
    )


def transcribe(
    figures: Figures,
    seen: Observation,
    transcriber: Callable[[Pcm], str],
    sides: Collection[str] = ("line", "caller", "person"),
) -> Figures:
    """Transcribe the utterances of these sides; the phone's own words too are taken from the audio that was sent."""

    def transcribed(utterance: Utterance) -> Utterance:
        if utterance.who not in sides:
            return utterance
        track = seen.line if utterance.who == "line" else seen.caller
        start, end = utterance.start - MARGIN, utterance.end + MARGIN
        pcm = track.pcm[max(round(start * 8000), 0) : round(end * 8000)]
        return replace(utterance, text=transcriber(pcm)) if speech(pcm) else utterance

    return replace(figures, utterances=tuple(transcribed(utterance) for utterance in figures.utterances))


def words_of_line(figures: Figures, since: float | None = None) -> str:
    """Return what the line said after that moment; by default after the caller's first word, if there was one."""
    if since is None:
        since = figures.turns[0].start if figures.turns else 0.0
    return " ".join(said.text for said in figures.utterances if said.who == "line" and said.end > since)


def _turns(said: tuple[SentSaying, ...], line: list[Span]) -> list[Turn]:
    turns = []
    for number, saying in enumerate(said):
        span = saying.span
        next_start = said[number + 1].span.start if number + 1 < len(said) else float("inf")
        reply = [part for part in line if part.start > span.start and part.end > span.end and part.start < next_start]
        running = [part for part in line if part.start <= span.start < part.end]
        turn = Turn(
            saying.text,
            span.start,
            span.end,
            cut_in=any(span.start < part.start < span.end for part in line),
            stopped_after=running[0].end - span.start if running else None,
        )
        if reply:
            start, end = reply[0].start, reply[-1].end
            turn = replace(turn, reply_start=start, reply_end=end, gap=start - span.end)
        turns.append(turn)
    return turns


def _split(phrases: list[Span], line: list[Span], starts: dict[float, float | None]) -> list[Span]:
    """Cut phrases where a reply begins, since a quick reply after a barge-in would join what the barge-in cut off."""
    parts = []
    for phrase in phrases:
        cuts = [phrase.start, *(start for start in starts if phrase.start < start < phrase.end)]
        for start, until in zip(cuts, [*cuts[1:], float("inf")], strict=True):
            inside = [part for part in line if start <= part.start and part.end <= min(until, phrase.end) + 1e-9]
            if inside:  # a click too short to be speech may stand alone before a reply
                parts.append(Span(start, inside[-1].end))
    return parts
