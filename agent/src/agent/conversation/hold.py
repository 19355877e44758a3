"""Whether the caller has put the line on hold, which nobody reports: it shows in what comes from their phone.

The gateway answers a re-INVITE for a hold by itself. Then either no packets come, or music does. A caller who is silent
sends no packets either, if their carrier suppresses silence.
"""

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession

from agent.background import repeat
from agent.conversation.participants import came_by_browser
from agent.turns.speaker_gate import SpeakerGate

CHECKED_EVERY = 1.0  # seconds
NO_PACKETS_FOR = 1.9  # seconds without a packet that are more than loss: at least two checks without a new one
MUSIC = 0.5  # share of the last seconds in which there is sound; between the words of a person, there is silence


class Hold:
    """What comes from the caller's phone in one call; a browser is never on hold, since it can be muted instead."""

    def __init__(self, session: AgentSession[Any], participant: rtc.RemoteParticipant) -> None:
        """`participant` is the phone in the call's room; whether packets come is known after `watch` has begun."""
        self._session, self._participant = session, participant
        self._received = -1  # packets so far
        self._last_came: float | None = None  # loop time; None while nothing is known

    async def watch(self) -> None:
        """Look at the packets from the caller's phone until this is cancelled."""
        await repeat(self._look, CHECKED_EVERY, "Could not count the packets from the caller's phone")

    @property
    def seconds_without_packets(self) -> float:
        """How long nothing has come from the caller's phone; 0 while that is not known."""
        if self._last_came is None or came_by_browser(self._participant):
            return 0.0
        return asyncio.get_running_loop().time() - self._last_came

    @property
    def is_on(self) -> bool:
        """Whether no packets come from the caller's phone, or sound that does not pause, as music does."""
        return self.seconds_without_packets > NO_PACKETS_FOR or self.has_music

    @property
    def has_music(self) -> bool:
        """Whether there has been sound for most of the last seconds."""
        gate = self._session.vad
        if came_by_browser(self._participant):
            return False
        return isinstance(gate, SpeakerGate) and gate.share_of_sound >= MUSIC

    async def _look(self) -> None:
        received = await _packets_received(self._participant)
        if received is not None and received != self._received:
            self._received, self._last_came = received, asyncio.get_running_loop().time()


async def _packets_received(participant: rtc.RemoteParticipant) -> int | None:
    """Return how many packets have come from the participant so far; None if there is no track."""
    for publication in participant.track_publications.values():
        if publication.kind == rtc.TrackKind.KIND_AUDIO and publication.track:
            stats = await publication.track.get_stats()
            return sum(one.inbound_rtp.received.packets_received for one in stats if one.HasField("inbound_rtp"))
    return None
