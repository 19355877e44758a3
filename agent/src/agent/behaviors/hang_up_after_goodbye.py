"""The agent says goodbye to a caller who does so, and hangs up, without waiting for the model.

Only a turn with nothing else in it counts: "Thanks, bye." does, "Goodbye to my old contract" does not. The first thing
a caller says does not count either: "buenas noches" may be a greeting, and a cough is sometimes transcribed as "bye".
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent.conversation.call import Call
from agent.languages import Heard, phrases_of


def hang_up_after_goodbye(call: Call) -> None:
    """Judge each turn of the caller when it is over."""
    session, heard = call.session, call.heard

    def answer(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user" or not is_goodbye(item.text_content or "", heard):
            return
        if sum(isinstance(said, ChatMessage) and said.role == "user" for said in session.history.items) > 1:
            call.ending.say("farewell", "the caller said goodbye")

    session.on("conversation_item_added", answer)


def is_goodbye(said: str, heard: Heard) -> bool:
    """Return whether this is a goodbye with nothing else but courtesies."""
    phrases = heard.goodbyes | heard.courtesies
    parts = phrases_of(said, phrases)
    return not heard.goodbyes.isdisjoint(parts) and phrases >= set(parts)
