"""Somebody says that they do not want to be called again: the agent writes it down, whatever the model makes of it.

A call that the agent has made ends then, with a sentence that says so. A call in which somebody has called goes on.
"""

from livekit.agents import ChatMessage, ConversationItemAddedEvent

from agent import languages
from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.do_not_call import ASKED_NOT_TO_BE_CALLED, do_not_call_again


def stop_calling(call: Call) -> None:
    """Judge each turn of the caller when it is over, on a line that makes calls."""

    def judge(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "user":
            return
        if languages.contains(item.text_content or "", call.phrases.do_not_call):
            begin(stop())

    async def stop() -> None:
        if await do_not_call_again(call, "caller") and call.order and not call.transfer.taken_over:
            call.ending.say("no_more_calls", ASKED_NOT_TO_BE_CALLED)

    if call.line.outbound.enabled:
        call.session.on("conversation_item_added", judge)
