"""Trunks and rules are kept as the last `make up` made them, also after Redis was wiped or somebody deleted one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bootstrap import last_up
from bootstrap.ownership import BlockedError
from bootstrap.reconcile import reconcile
from bootstrap.server import ServerError

if TYPE_CHECKING:
    from bootstrap.server import Server

logger = logging.getLogger(__name__)


class Routes:
    """Compares what the server has with what the last `make up` wanted, and changes what differs."""

    def __init__(self, server: Server, agent_name: str, sip_password: str, outbound_password: str) -> None:
        self._server, self._agent_name = server, agent_name
        self._passwords = sip_password, outbound_password
        self._problem = ""

    async def look(self) -> None:
        """Mend what differs. What cannot be mended is in the log once, and again when it is something else.

        The file is read each time, because a `make up` that runs now has written what it wants before it changes
        anything: the two then want the same.
        """
        problem = ""
        try:
            want = last_up.read(self._agent_name, *self._passwords)
            self._server.begin_anew()
            if changes := await reconcile(self._server, want):
                count = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
                logger.info("Trunks and rules were not as the last make up made them; %s put that right.", count)
        except (last_up.UnreadableError, BlockedError, ServerError) as error:
            problem = str(error)
        if problem and problem != self._problem:
            logger.error("Trunks and rules are not kept at the moment. %s", problem)
        elif self._problem and not problem:
            logger.info("Trunks and rules are kept again.")
        self._problem = problem
