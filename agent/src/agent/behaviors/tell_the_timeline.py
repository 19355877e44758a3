"""Each turn's timeline in the log: when the caller fell silent, and what came how long after that.

One line when the reply is over, without a word of it. `phone timeline` sets it beside what was heard at the far end.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

from livekit.agents import (
    AgentSession,
    ChatMessage,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.metrics import LLMMetrics

logger = logging.getLogger(__name__)


def tell_the_timeline(session: AgentSession[None]) -> None:
    """Log `turn answered` for every reply, one that was interrupted included.

    Its fields: `spoke_until`, the moment of the caller's last sound, in the form of the log's own times, since an epoch
    time would be masked as a number; and the seconds from there to `transcribed` (the words were known), `decided`
    (the turn was over), `first_token` (of the reply that was spoken) and `first_audio` (was sent).
    """
    turn = _Turn()
    session.on("user_state_changed", turn.listen)
    session.on("user_input_transcribed", turn.hear)
    session.on("conversation_item_added", turn.take)
    if isinstance(session.llm, llm.LLM):
        session.llm.on("metrics_collected", turn.think)


@dataclass
class _Turn:
    """What is known of the turn in progress; all times are time.time()."""

    words: str = ""  # of the latest piece of the caller's speech
    words_known: float | None = None
    first_tokens: list[float] = field(default_factory=list)  # of every reply begun, most of them in advance
    spoke_until: float | None = None  # the caller, who waits for a reply since then
    transcribed: float | None = None
    decided: float | None = None

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.words, self.words_known = "", None

    def hear(self, event: UserInputTranscribedEvent) -> None:
        """The same words come twice: early, and when their piece of speech has ended."""
        if event.transcript != self.words:
            self.words, self.words_known = event.transcript, event.created_at

    def think(self, metrics: LLMMetrics) -> None:
        if metrics.ttft >= 0:
            self.first_tokens.append(metrics.timestamp - metrics.duration + metrics.ttft)

    def take(self, event: ConversationItemAddedEvent) -> None:
        """A message joins the conversation: the caller's when its reply may be spoken, a reply when it is over."""
        if not isinstance(event.item, ChatMessage):
            return
        metrics = event.item.metrics
        if event.item.role == "user":
            self.ask(metrics.get("stopped_speaking_at"), metrics.get("end_of_turn_delay"))
        elif (began := metrics.get("started_speaking_at")) is not None:
            self.answer(began)

    def ask(self, spoke_until: float | None, waited: float | None) -> None:
        self.spoke_until, self.transcribed = spoke_until, self.words_known
        self.decided = spoke_until + waited if spoke_until is not None and waited is not None else None

    def answer(self, began: float) -> None:
        # Replies are begun one after the other: the last one before the sound is what sounds, and those after it belong
        # to the caller's next turn, which may have interrupted it.
        first_token = max((token for token in self.first_tokens if token <= began), default=None)
        self.first_tokens = [token for token in self.first_tokens if token > began]
        if self.spoke_until is not None:
            _tell(
                self.spoke_until,
                transcribed=self.transcribed,
                decided=self.decided,
                first_token=first_token,
                first_audio=began,
            )
        self.spoke_until = None


def _tell(spoke_until: float, **moments: float | None) -> None:
    after = {name: round(moment - spoke_until, 3) for name, moment in moments.items() if moment is not None}
    last_sound = datetime.fromtimestamp(spoke_until, UTC).isoformat(timespec="milliseconds")
    logger.info("turn answered", extra={"spoke_until": last_sound, **after})
