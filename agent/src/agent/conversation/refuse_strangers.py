"""A call that must not be answered is ended before a word is spoken.

The gateway answers a call when it has subscribed to the agent's audio. Nothing is published before this check, so that
a stranger hears ringing and then a refusal, and never a voice.
"""

import logging

from agent.admission.admission import Admission
from agent.conversation.call import Call
from agent.conversation.participants import CALLER

logger = logging.getLogger(__name__)


def refuse_strangers(call: Call, admission: Admission, *, by_browser: bool = False) -> bool:
    """Return whether the call was refused; if so, the job ends, and its room with it.

    A call is refused if it is forged, if it comes from a trunk account other than ours, or if the caller is blocked or
    not allowed. With `by_browser`, it is refused if the caller does not carry the desk's attribute.
    """
    if by_browser and not call.came_by_browser:
        objection: str | None = f"it came for a caller by browser, and somebody without {CALLER} is in its room"
    else:
        objection = admission.objection(call.sip, call.caller)
    if objection:
        logger.warning("Call refused: %s", objection)
        call.record.rejected = "refused"
        call.ctx.shutdown(reason="refused")
    return objection is not None
