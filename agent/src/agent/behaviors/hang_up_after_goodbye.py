"""When the caller says goodbye, the agent does so, too, and hangs up, without waiting for the model.

Only a turn with nothing else in it counts: "Thanks, bye." does, "Goodbye to my old contract" does not. The first thing
a caller says does not count either: "buenas noches" may be a greeting, and a cough is sometimes transcribed as "bye".
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent.conversation.call import Call
from agent.languages import Phrases, split_phrases


def hang_up_after_goodbye(call: Call) -> None:
    """Judge each turn of the caller when it is over."""
    session, phrases = call.session, call.phrases

    def answer(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user" or not is_goodbye(item.text_content or "", phrases):
            return
        if call.transfer.taken_over:  # the goodbye is for the operator
            return
        if sum(isinstance(said, ChatMessage) and said.role == "user" for said in session.history.items) > 1:
            call.ending.say(call.ending.farewell, "the caller said goodbye")

    session.on("conversation_item_added", answer)


def is_goodbye(said: str, phrases: Phrases) -> bool:
    """Return whether this is a goodbye with nothing but courtesies added."""
    allowed = phrases.goodbyes | phrases.courtesies
    parts = split_phrases(said, allowed)
    return not phrases.goodbyes.isdisjoint(parts) and allowed >= set(parts)
