"""The last words of a caller who hangs up: a recorded call is not over before they are transcribed.

When a session closes, livekit-agents ends the caller's turn itself, and waits for the transcript for as long as
`session_close_transcript_timeout` says. `conversation.session` sets it to 0.
"""

import time
from collections.abc import Callable

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, ConversationItemAddedEvent, UserStateChangedEvent

TRANSCRIBED_WITHIN = 5.0  # seconds after the caller has hung up
A_TURN_WITHIN = 15.0  # seconds after the caller's last sound; a sound that is no turn by then had no words


def wait_for_last_words(session: AgentSession[None], room: rtc.Room, is_recorded: Callable[[], bool]) -> None:
    """Have the session wait for the caller's last words, if the call is being recorded when the caller hangs up.

    Nothing is waited for after a caller who had fallen silent, or whose words have been answered.
    """
    spoke_at: float | None = None  # when the last sound that is no turn yet ended; a time.monotonic()

    def listen(event: UserStateChangedEvent) -> None:
        nonlocal spoke_at
        if event.old_state == "speaking":
            spoke_at = time.monotonic()

    def take_turn(event: ConversationItemAddedEvent) -> None:
        nonlocal spoke_at
        if isinstance(event.item, ChatMessage) and event.item.role == "user":
            spoke_at = None

    def caller_left(_: rtc.RemoteParticipant) -> None:  # nobody but the caller and this agent is in the room
        just_spoke = spoke_at is not None and time.monotonic() - spoke_at < A_TURN_WITHIN
        if is_recorded() and (session.user_state == "speaking" or just_spoke):
            session.options.session_close_transcript_timeout = TRANSCRIBED_WITHIN

    session.on("user_state_changed", listen)
    session.on("conversation_item_added", take_turn)
    room.on("participant_disconnected", caller_left)
