"""Twilio's side of a real number: the Elastic SIP trunk, its origination URI, and the numbers on it.

It is kept as LiveKit's side is: look at what is there, compare it with what the settings want, make the smallest
change, and look again. Only the trunk that has this host's name at Twilio is ever changed.
"""

from bootstrap.twilio.account import Twilio, TwilioError, TwilioUnreachableError, connect
from bootstrap.twilio.console import console_steps
from bootstrap.twilio.desired import Desired, want
from bootstrap.twilio.numbers import KINDS, Offer, buy_number, check_credentials, search_numbers
from bootstrap.twilio.plan import Change, changes, warnings
from bootstrap.twilio.reconcile import look, reconcile
from bootstrap.twilio.side import Compared, compare, open_side, readable_want
from bootstrap.twilio.there import Number, There, Trunk, Uri

__all__ = [
    "KINDS",
    "Change",
    "Compared",
    "Desired",
    "Number",
    "Offer",
    "There",
    "Trunk",
    "Twilio",
    "TwilioError",
    "TwilioUnreachableError",
    "Uri",
    "buy_number",
    "changes",
    "check_credentials",
    "compare",
    "connect",
    "console_steps",
    "look",
    "open_side",
    "readable_want",
    "reconcile",
    "search_numbers",
    "want",
    "warnings",
]
