"""When the caller asks for a moment, the agent says that they may take their time, and then keeps quiet.

`behaviors.ask_a_silent_caller` waits for `handling.hold_patience` then, before it asks whether the caller is there.
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent.conversation.call import Call
from agent.conversation.request_to_wait import is_request_to_wait


def wait_when_asked(call: Call) -> None:
    """Answer each turn that is nothing but a request to wait with `take_your_time`, instead of asking the model."""
    phrases = call.phrases

    def answer(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user":
            return
        if call.ending.begun or call.transfer.rests:
            return
        if is_request_to_wait(item.text_content or "", phrases):
            call.announcer.say_instead("take_your_time", forget_turn=False)  # they may be giving the reason

    call.session.on("conversation_item_added", answer)
