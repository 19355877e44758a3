"""The latency of each reply: the moments between the caller's last sound and the first sound of the reply."""

from collections.abc import Callable
from dataclasses import dataclass, field

from livekit.agents import (
    AgentSession,
    ChatMessage,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.metrics import LLMMetrics


@dataclass(frozen=True, slots=True)
class ReplyLatency:
    """The latency of one reply that is over, or was interrupted."""

    reply_id: str  # of its message in the history
    spoke_until: float  # the caller's last sound, a time.time()
    # Seconds from `spoke_until` until the words were known (transcribed), the turn was over (decided), the reply's
    # first_token came, and its first_audio was sent; moments that are not known are left out.
    after: dict[str, float]


def measure_replies(session: AgentSession[None], report: Callable[[ReplyLatency], None]) -> None:
    """Report the latency of every reply when the reply is over."""
    turn = _Turn(report)
    session.on("user_state_changed", turn.listen)
    session.on("user_input_transcribed", turn.hear)
    session.on("conversation_item_added", turn.take_message)
    if isinstance(session.llm, llm.LLM):
        session.llm.on("metrics_collected", turn.take_metrics)


@dataclass
class _Turn:
    """The turn in progress, as far as it is known; all times are time.time()."""

    report: Callable[[ReplyLatency], None]
    words: str = ""  # of the caller's latest segment
    words_known: float | None = None
    first_tokens: list[float] = field(default_factory=list)  # of every reply begun, most of them in advance
    spoke_until: float | None = None  # since then the caller has been waiting for a reply
    transcribed: float | None = None
    decided: float | None = None

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.words, self.words_known = "", None

    def hear(self, event: UserInputTranscribedEvent) -> None:
        """Note when the words were first known: they come again when their segment has ended."""
        if event.transcript != self.words:
            self.words, self.words_known = event.transcript, event.created_at

    def take_metrics(self, metrics: LLMMetrics) -> None:
        if metrics.ttft >= 0:
            self.first_tokens.append(metrics.timestamp - metrics.duration + metrics.ttft)

    def take_message(self, event: ConversationItemAddedEvent) -> None:
        """Handle a message: the caller's comes when its reply may be spoken, a reply's when the reply is over."""
        if not isinstance(event.item, ChatMessage):
            return
        metrics = event.item.metrics
        if event.item.role == "user":
            self._begin(metrics.get("stopped_speaking_at"), metrics.get("end_of_turn_delay"))
        elif (began := metrics.get("started_speaking_at")) is not None:
            self._end(event.item.id, began)

    def _begin(self, spoke_until: float | None, waited: float | None) -> None:
        self.spoke_until, self.transcribed = spoke_until, self.words_known
        self.decided = spoke_until + waited if spoke_until is not None and waited is not None else None

    def _end(self, reply_id: str, began: float) -> None:
        # Replies are begun one after the other. The last one before the sound is the one that is heard; those after it
        # belong to the caller's next turn, which may have interrupted it.
        first_token = max((token for token in self.first_tokens if token <= began), default=None)
        self.first_tokens = [token for token in self.first_tokens if token > began]
        if self.spoke_until is not None:
            moments = {
                "transcribed": self.transcribed,
                "decided": self.decided,
                "first_token": first_token,
                "first_audio": began,
            }
            spoke_until = self.spoke_until
            after = {name: round(at - spoke_until, 3) for name, at in moments.items() if at is not None}
            self.report(ReplyLatency(reply_id, spoke_until, after))
        self.spoke_until = None
