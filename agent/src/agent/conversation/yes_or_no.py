"""What counts as a yes and as a no, by word or by key."""

from agent.languages import Phrases, split_phrases

YES_DIGIT, NO_DIGIT = "1", "2"
CLOSING_DIGITS = {"#", "*"}  # pressed after a digit out of habit
DIGITS = "(keys pressed) "


def judge_answer(answer: str, phrases: Phrases) -> bool | None:
    """Return True for a yes, False for a no, and None for anything else.

    A no anywhere in an answer makes it a no. A yes counts only if nothing but courtesies was said with it.
    """
    if answer.startswith(DIGITS):
        digits = set(answer.removeprefix(DIGITS).split()) - CLOSING_DIGITS
        return digits == {YES_DIGIT} if digits in ({YES_DIGIT}, {NO_DIGIT}) else None
    said = set(split_phrases(answer, phrases.yes | phrases.no | phrases.courtesies))
    if said & phrases.no:
        return False
    return True if said & phrases.yes and said <= phrases.yes | phrases.courtesies else None
