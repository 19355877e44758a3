"""A failure of a provider is in the log with what came back, without a key and without a word of the call."""

import logging

from livekit.agents import ErrorEvent

from agent.conversation.call import Call
from agent.providers.failure import explain, root_of

logger = logging.getLogger(__name__)

WHO = {"stt_error": "Speech to text", "llm_error": "The language model", "tts_error": "Text to speech"}


def log_failures(call: Call) -> None:
    """Log each failure of speech to text, language model and text to speech; livekit-agents logs those it retries."""
    last: BaseException | None = None

    def log(event: ErrorEvent) -> None:
        nonlocal last
        if event.error.type not in WHO or event.error.recoverable:
            return
        root = root_of(event.error.error)
        if root is last:  # the request reports it, and then the stream that the request belongs to
            return
        last = root
        server, model = (getattr(event.source, name, "unknown") for name in ("provider", "model"))
        logger.warning("%s failed: %s, asked for %s, %s", WHO[event.error.type], server, model, explain(root))

    call.session.on("error", log)
