"""The language model can press keys on the phone, for a machine at the other end that asks for them.

livekit-agents' own `send_dtmf_events` is for the user's wishes alone, and takes its keys as a list of objects.
"""

import asyncio

from livekit.agents import ToolError, function_tool, llm

from agent.conversation.call import Call

KEYS = "0123456789*#"  # the place of each is its code (RFC 4733)
MOST = 32
BETWEEN = 0.3  # seconds


def send_dtmf(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def send_dtmf(keys: str) -> str:
        """Press keys on the phone (DTMF). Use it when a machine at the other end, or the caller, asks for keys.

        Callers say, for example:
        "Press 9 for me."
        "Type 1 7 pound on the keys."

        Args:
            keys: The keys in their order, such as 1234#.
        """
        pressed = [key for key in keys if not key.isspace()]
        if not pressed or len(pressed) > MOST or not set(pressed) <= set(KEYS):
            raise ToolError(f"Nothing was pressed: keys should be 1 to {MOST} of {KEYS}.")
        for key in pressed:
            await call.room.local_participant.publish_dtmf(code=KEYS.index(key), digit=key)
            await asyncio.sleep(BETWEEN)
        return "The keys were pressed."

    return send_dtmf
