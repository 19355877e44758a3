"""A call that comes in: the call itself, and who is calling, as the gateway describes them, or by browser."""

from collections.abc import Mapping
from dataclasses import replace

from agent.admission.caller import Caller
from agent.admission.caller_id import identify, number_dialled, region_of
from agent.admission.sip_call import SipCall
from agent.lines.line import Line
from agent.settings import Settings


def read_browser(identity: str) -> tuple[SipCall, Caller]:
    """Return the same of a caller who came by browser: nothing is known of them, as of one who withholds the number."""
    return SipCall.by_browser(identity), Caller("", anonymous=True)


def read_incoming(attributes: Mapping[str, str], line: Line, settings: Settings) -> tuple[SipCall, Caller]:
    """Read the attributes of the call's participant; the number dialled is one of the line's, however it is written."""
    numbers = [*line.numbers, *settings.phone_numbers.split(",")]
    call = SipCall.from_attributes(attributes)
    call = replace(call, dialled=number_dialled(call.dialled, numbers))
    return call, identify(call.caller, region_of([call.dialled, *numbers]))
