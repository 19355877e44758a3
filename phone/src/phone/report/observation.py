"""Collects what happened in a call, on one time axis whose zero is the INVITE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from phone.sound.listening import Span, speech_end
from phone.sound.tracks import Track, received_track, sent_track
from phone.wire.rtp import Counters

if TYPE_CHECKING:
    from phone.call import Call, Ending
    from phone.wire.rtp import Playback


@dataclass(frozen=True)
class SentSaying:
    """One saying as it was sent, in seconds since the INVITE. `span` ends with the last sound, not with the file."""

    text: str
    span: Span


@dataclass(frozen=True)
class Observation:
    """What happened in a call; every time is in seconds since the INVITE."""

    status: int | None  # final SIP status; None when none came
    phrase: str
    invited_at: float | None = None  # the axis's zero in seconds since 1970; None when the call was not answered
    rang: float | None = None
    answered: float | None = None
    caller: Track = field(default_factory=lambda: sent_track([], None, 0.0))
    line: Track = field(default_factory=lambda: received_track([], 0.0))
    said: tuple[SentSaying, ...] = ()
    unsaid: int = 0
    ended: Ending | None = None
    ran_out: bool = False  # max_seconds cut it short
    answer: str = ""  # the 200 that answered the call, as text
    requests: tuple[tuple[str, int | None], ...] = ()  # those sent during the call, with the status of each
    counters: Counters = field(default_factory=Counters)


def observe(call: Call) -> Observation:
    """Return what happened in a call that was answered and is over."""
    progress, ended = call.progress, call.ended.result()
    zero = progress.invited
    return Observation(
        status=200,
        phrase="OK",
        invited_at=progress.invited_at,
        rang=None if progress.rang is None else progress.rang - zero,
        answered=None if progress.answered is None else progress.answered - zero,
        caller=sent_track(call.media.sent, call.media.began, zero),
        line=received_track(call.media.received, zero),
        said=tuple(_sent_saying(playback, zero) for playback in call.said if playback.started is not None),
        ended=replace(ended, at=ended.at - zero),
        answer=call.answer,
        requests=tuple(call.requests),
        counters=call.media.counters,
    )


def _sent_saying(playback: Playback, zero: float) -> SentSaying:
    started, ended = playback.started or zero, playback.ended or zero
    end = min(started + speech_end(playback.pcm), ended) if len(playback.pcm) else ended
    return SentSaying(playback.text, Span(started - zero, max(end, started) - zero))
