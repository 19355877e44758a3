"""Collects what happened in a call, on one time axis whose zero is the INVITE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from phone.sound.listening import Span, speech_end
from phone.sound.tracks import Track, received_track, sent_track
from phone.wire.rtp import Counters

if TYPE_CHECKING:
    from phone.call import Call, Ending, Who
    from phone.wire.rtp import Playback


@dataclass(frozen=True)
class SentSaying:
    """One saying as it was sent, in seconds since the INVITE. `span` ends with the last sound, not with the file."""

    text: str
    span: Span


@dataclass(frozen=True)
class Invited:
    """Who called whom, in a call that came to the phone."""

    called: str
    shown: str  # the number that the caller shows
    address: str  # where the INVITE came from


@dataclass(frozen=True)
class PressedKey:
    """A key that the line pressed."""

    key: str
    at: float


@dataclass(frozen=True)
class AskedReferral:
    """The line asked to call somebody else (REFER): whom, and how the phone answered."""

    to: str
    at: float
    status: int
    outcome: int | None  # SIP status of the call to them, as the phone told the line; None after a refusal


@dataclass(frozen=True)
class Observation:
    """What happened in a call; every time is in seconds since the INVITE."""

    status: int | None  # final SIP status; None when none came
    phrase: str
    who: Who = "caller"  # what the phone was
    invited: Invited | None = None  # None in a call that the phone placed
    as_told: bool = False  # the phone did not answer because it was told so
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
    keys: tuple[PressedKey, ...] = ()  # of the line
    referrals: tuple[AskedReferral, ...] = ()
    counters: Counters = field(default_factory=Counters)


def observe(call: Call) -> Observation:
    """Return what happened in a call that was answered and is over."""
    progress, ended = call.progress, call.ended.result()
    zero = progress.invited
    return Observation(
        status=200,
        phrase="OK",
        who=call.who,
        invited_at=progress.invited_at,
        rang=None if progress.rang is None else progress.rang - zero,
        answered=None if progress.answered is None else progress.answered - zero,
        caller=sent_track(call.media.sent, call.media.began, zero),
        line=received_track(call.media.received, zero),
        said=tuple(_sent_saying(playback, zero) for playback in call.said if playback.started is not None),
        ended=replace(ended, at=ended.at - zero),
        answer=call.response,
        requests=tuple(call.requests),
        keys=tuple(PressedKey(key.key, key.at - zero) for key in call.media.keys),
        referrals=tuple(AskedReferral(one.to, one.at - zero, one.status, one.outcome) for one in call.dialog.referrals),
        counters=call.media.counters,
    )


def _sent_saying(playback: Playback, zero: float) -> SentSaying:
    started, ended = playback.started or zero, playback.ended or zero
    end = min(started + speech_end(playback.pcm), ended) if len(playback.pcm) else ended
    return SentSaying(playback.text, Span(started - zero, max(end, started) - zero))
