"""Whether the caller asks for a moment."""

from agent.languages import Phrases, split_phrases

LONGEST_REASON = 14  # words; who says more than this has gone on to something else


def is_request_to_wait(said: str, phrases: Phrases) -> bool:
    """Return whether this is "one moment, please" with nothing but courtesies and a reason added.

    A reason begins as `hold_reasons` does, and may go on with any words. A phrase that is in `holds` as well, such as
    "let me check", needs no other request beside it.
    """
    courtesies = phrases.courtesies | phrases.hold_courtesies
    parts = split_phrases(said, phrases.holds | phrases.hold_reasons | courtesies)
    reason = next((at for at, part in enumerate(parts) if part in phrases.hold_reasons), len(parts))
    rest = parts[reason + 1 :]
    if rest and (said.rstrip().endswith("?") or len(" ".join(rest).split()) > LONGEST_REASON):
        return False
    return (phrases.holds | courtesies).issuperset(parts[:reason]) and not phrases.holds.isdisjoint(parts)
