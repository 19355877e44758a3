"""A call that must not be answered is ended before a word is spoken.

The gateway answers a call when it has subscribed to the agent's audio. Nothing is published before this check, so a
stranger hears ringing, then a refusal, and never a voice.
"""

import logging

from livekit.agents import JobContext

from agent.admission.admission import Admission
from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall

logger = logging.getLogger(__name__)


def refuse_strangers(ctx: JobContext, call: SipCall, caller: Caller, admission: Admission) -> bool:
    """Whether the call was refused; the job then ends, and its room with it.

    Refused is what is forged, what another trunk account than ours carries, and who is blocked or not allowed.
    """
    objection = admission.objection(call, caller)
    if objection:
        logger.warning("call refused: %s", objection)
        ctx.shutdown(reason="refused")
    return objection is not None
