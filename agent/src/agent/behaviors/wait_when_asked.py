"""When the caller asks for a moment, the agent says that they may take their time, and then keeps quiet.

`behaviors.ask_a_silent_caller` waits for `handling.hold_patience` then, before it asks whether the caller is there.
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent.conversation.call import Call
from agent.languages import Phrases, split_phrases

LONGEST_REASON = 14  # words; who says more than this has gone on to something else


def wait_when_asked(call: Call) -> None:
    """Answer each turn that is nothing but a request to wait with `take_your_time`, instead of asking the model."""
    phrases = call.phrases

    def answer(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user":
            return
        if call.ending.begun or call.handover.begun:
            return
        if is_request_to_wait(item.text_content or "", phrases):
            call.announcer.say_instead("take_your_time", forget_turn=False)  # they may be giving the reason

    call.session.on("conversation_item_added", answer)


def is_request_to_wait(said: str, phrases: Phrases) -> bool:
    """Return whether this is "one moment, please" with nothing but courtesies and a reason added.

    A reason begins as `hold_reasons` does, and may go on with any words. A phrase that is in `holds` as well, such as
    "let me check", needs no other request beside it.
    """
    courtesies = phrases.courtesies | phrases.hold_courtesies
    parts = split_phrases(said, phrases.holds | phrases.hold_reasons | courtesies)
    reason = next((at for at, part in enumerate(parts) if part in phrases.hold_reasons), len(parts))
    rest = parts[reason + 1 :]
    if rest and (said.rstrip().endswith("?") or len(" ".join(rest).split()) > LONGEST_REASON):
        return False
    return (phrases.holds | courtesies).issuperset(parts[:reason]) and not phrases.holds.isdisjoint(parts)
