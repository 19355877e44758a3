"""Each turn's timeline in the log: when the caller fell silent, and what came how long after that.

One line when the reply is over, without a word of it. `phone timeline` sets it beside what was heard at the far end.
"""

import logging
from datetime import UTC, datetime

from agent.conversation.call import Call
from agent.turns.latency import Answered, follow_turns

logger = logging.getLogger(__name__)


def tell_the_timeline(call: Call) -> None:
    """Log `turn answered` for every reply, one that was interrupted included.

    Its fields: `spoke_until`, the moment of the caller's last sound, in the form of the log's own times, since an epoch
    time would be masked as a number; and the seconds from there to `transcribed` (the words were known), `decided`
    (the turn was over), `first_token` (of the reply that was spoken) and `first_audio` (was sent).
    """
    follow_turns(call.session, _tell)


def _tell(turn: Answered) -> None:
    last_sound = datetime.fromtimestamp(turn.spoke_until, UTC).isoformat(timespec="milliseconds")
    logger.info("turn answered", extra={"spoke_until": last_sound, **turn.after})
