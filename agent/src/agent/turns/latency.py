"""How long each reply took: the moments between the caller's last sound and the first one of the reply."""

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
class Answered:
    """One reply that is over, or was interrupted; seconds are counted from `spoke_until`, which is a time.time()."""

    reply: str  # the id of its message in the history
    spoke_until: float  # the caller's last sound
    after: dict[str, float]  # transcribed (the words were known), decided (the turn was over), first_token, first_audio


def follow_turns(session: AgentSession[None], tell: Callable[[Answered], None]) -> None:
    """Tell of every reply when it is over. What is not known of it is not in `after`."""
    turn = _Turn(tell)
    session.on("user_state_changed", turn.listen)
    session.on("user_input_transcribed", turn.hear)
    session.on("conversation_item_added", turn.take)
    if isinstance(session.llm, llm.LLM):
        session.llm.on("metrics_collected", turn.think)


@dataclass
class _Turn:
    """What is known of the turn in progress; all times are time.time()."""

    tell: Callable[[Answered], None]
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
            self.answer(event.item.id, began)

    def ask(self, spoke_until: float | None, waited: float | None) -> None:
        self.spoke_until, self.transcribed = spoke_until, self.words_known
        self.decided = spoke_until + waited if spoke_until is not None and waited is not None else None

    def answer(self, reply: str, began: float) -> None:
        # Replies are begun one after the other: the last one before the sound is what sounds, and those after it belong
        # to the caller's next turn, which may have interrupted it.
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
            self.tell(Answered(reply, spoke_until, after))
        self.spoke_until = None
