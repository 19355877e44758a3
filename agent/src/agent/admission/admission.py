"""Whether a call is let in, which is decided once, before a word is spoken."""

from agent.admission import owner_files
from agent.admission.caller import Caller
from agent.admission.ledger import Ledger
from agent.admission.lists import Lists, Numbers
from agent.admission.sip_call import SipCall
from agent.admission.slot import Slot, is_free
from agent.admission.written_number import country_of
from agent.lines.line import Line
from agent.settings import Settings
from agent.storage.private_files import DATA

NO_LISTS = Lists(blocked=Numbers(), allowed=Numbers())


class Admission:
    """A line's lists and limits as they are when the call comes in.

    A call by browser has the limits of one whose caller withholds the number, and no objection by trunk or lists. No
    trunk has brought it, so there is none to judge it by. The lists are lists of telephone numbers, of which it has
    none: by `anonymous` on one of them, the owner means people who hide theirs. Who may call by browser is decided by
    the desk, which signs the token without which nobody gets into the call's room.
    """

    def __init__(self, line: Line, settings: Settings, calls_at_once: int, *, by_browser: bool = False) -> None:
        """`calls_at_once` is the limit for all lines of this host together."""
        self._line, self._by_browser = line, by_browser
        self._account = None if by_browser else settings.trunk_account
        self._lists = NO_LISTS if by_browser else _lists(line, settings)
        self._ledger = Ledger(DATA, line.name, line.timezone)
        self._calls_at_once = calls_at_once

    async def lets_anybody_in(self) -> bool:
        """Return whether the next call is answered whoever is calling, so that its greeting can be synthesized now."""
        by_caller = self._lists or self._line.limits.per_caller or self._account
        return not by_caller and await is_free(self._ledger, self._line.limits, self._calls_at_once)

    def objection(self, call: SipCall, caller: Caller) -> str | None:
        """Return why the call must not be answered, or None."""
        if self._by_browser:
            return None
        return call.objection(self._account) or self._lists.objection(caller)

    def would_reject(self, caller: Caller) -> str | None:
        """Return the name of the sentence that would reject a call of this caller's now, or None; count nothing.

        Raises:
            sqlite3.Error, OSError: the ledger cannot be used, so that every call is let in.
        """
        return self._ledger.would_refuse(caller.number, self._line.limits, self._calls_at_once)

    def slot(self, job_id: str, caller: Caller) -> Slot:
        """Return the call's slot, which is yet to be taken."""
        return Slot(self._ledger, job_id, caller.number, self._line.limits, self._calls_at_once)


def _lists(line: Line, settings: Settings) -> Lists:
    return owner_files.read_lists(settings.lines_folder / line.name, country=country_of(line, settings))
