"""Each turn's timeline in the log: when the caller fell silent, and how long after that each step happened.

A reply that is over makes one log entry, without a word of the reply. `phone timeline` compares the entry with what the
caller heard.
"""

import logging
from datetime import UTC, datetime

from agent.conversation.call import Call
from agent.turns.latency import ReplyLatency, measure_replies

logger = logging.getLogger(__name__)


def log_the_timeline(call: Call) -> None:
    """Log "Turn answered" for every reply, including one that was interrupted.

    The fields are `spoke_until`, the moment of the caller's last sound, and the seconds from there to `transcribed`
    (the words were known), `decided` (the turn was over), `first_token` (the spoken reply's first token came) and
    `first_audio` (its first sound was sent). `spoke_until` is written like the log's own times, since a number of
    seconds would be masked.
    """
    measure_replies(call.session, _log)


def _log(latency: ReplyLatency) -> None:
    last_sound = datetime.fromtimestamp(latency.spoke_until, UTC).isoformat(timespec="milliseconds")
    logger.info("Turn answered", extra={"spoke_until": last_sound, **latency.after})
