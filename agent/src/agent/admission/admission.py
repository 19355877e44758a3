"""Whether a call is let in: what is read and asked for it, once, before a word is spoken."""

from agent.admission.caller import Caller
from agent.admission.ledger import Ledger
from agent.admission.sip_call import SipCall
from agent.admission.slot import Slot, is_free
from agent.lines import owner_files as rules
from agent.settings import Settings, calls_at_once
from agent.storage import private_files as state


class Admission:
    """The lists and limits as they are when the call comes in."""

    def __init__(self, settings: Settings) -> None:
        self._account = settings.trunk_account
        self._at_once = calls_at_once(settings)
        self._lists, self._limits = rules.read_lists(), rules.read_limits()
        self._ledger = Ledger(state.DATA, settings.timezone)

    async def lets_anybody_in(self) -> bool:
        """Whether the next call is answered whoever it is from; then its greeting can be put into sound already."""
        by_caller = self._lists or self._limits.per_caller or self._account
        return not by_caller and await is_free(self._ledger, self._limits, self._at_once)

    def objection(self, call: SipCall, caller: Caller) -> str | None:
        """Why the call must not be answered, or None."""
        return call.objection(self._account) or self._lists.objection(caller)

    def place(self, job_id: str, caller: Caller) -> Slot:
        """The call's place on the line, which is yet to be taken."""
        return Slot(self._ledger, job_id, caller.number, self._limits, self._at_once)
