"""A caller who takes leave is said goodbye to, and the agent hangs up; no model is asked, or its answer not waited for.

Only a turn in which there is nothing else counts: "Thanks, bye." does, "Goodbye to my old contract" does not. Nor does
the first thing a caller says: "buenas noches" may be a greeting, and a cough is sometimes transcribed as "bye".
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent.conversation.call import Call
from agent.languages import Heard, phrases_of


def hang_up_after_goodbye(call: Call) -> None:
    """Look at each turn of the caller when it is over."""
    session, heard = call.session, call.heard

    def answer(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user" or not is_goodbye(item.text_content or "", heard):
            return
        if sum(isinstance(said, ChatMessage) and said.role == "user" for said in session.history.items) > 1:
            call.ending.say("farewell", "the caller said goodbye")

    session.on("conversation_item_added", answer)


def is_goodbye(said: str, heard: Heard) -> bool:
    """Whether this is a goodbye, and nothing else but what is said out of courtesy."""
    phrases = heard.goodbyes | heard.courtesies
    parts = phrases_of(said, phrases)
    return not heard.goodbyes.isdisjoint(parts) and phrases >= set(parts)
