"""The language model can press keys on the phone, for a machine at the other end that asks for them."""

from livekit.agents import function_tool, llm
from livekit.agents.beta.tools import send_dtmf_events

from agent.conversation.call import Call


def send_dtmf(call: Call) -> llm.Tool:
    """Return livekit-agents' own tool, which finds the call's room by itself, under our name."""
    described = "Press keys on the phone (DTMF). Use it when a machine or the caller asks for keys to be pressed."
    return function_tool(send_dtmf_events._func, name="send_dtmf", description=described)
