"""How a caller is treated when something is slow, fails or goes quiet, and how long anything may last."""

from typing import Literal, Self

from pydantic import model_validator

from agent.lines.group import Group, setting


class Handling(Group):
    """Times are in seconds."""

    filler_after: float = setting(
        3, "Seconds without an answer after which the caller hears that it takes a moment.", ge=0.5, le=30
    )
    apology_after: float = setting(
        7, "Seconds without an answer after which the agent apologises and gives up on this answer.", ge=1, le=60
    )
    failures: int = setting(3, "Failures in a row after which the agent says goodbye and hangs up.", ge=1, le=10)
    silent_caller_after: float = setting(
        10,
        "Seconds of silence after which the agent asks whether the caller is still there. After as many more it says "
        "that it cannot hear them, and after as many more again it says goodbye.",
        ge=2,
        le=300,
    )
    hold_patience: float = setting(
        90,
        'Seconds for which the agent keeps quiet after a caller has asked it to wait, as in "Hold on, let me get my '
        'card." Then it asks whether the caller is still there.',
        ge=5,
        le=600,
    )
    longest_talk: float = setting(
        180,
        "Seconds for which a caller, hold music or an answering machine may go on without a pause before the call is "
        "ended.",
        ge=5,
        le=3600,
    )
    longest_answer: float = setting(
        60,
        "Seconds that an answer of the language model may last, at 150 words a minute. A longer one ends at the next "
        "end of a sentence.",
        ge=10,
        le=600,
    )
    call_warning: int = setting(
        60,
        "Seconds before a call reaches its longest duration at which the caller is told that it will end.",
        ge=5,
        le=600,
    )
    digits_timeout: float = setting(
        3,
        "Seconds after the last key press at which the keys pressed so far are taken as a complete number.",
        ge=0.5,
        le=30,
    )
    digits_end: Literal["#", "*"] = setting("#", "The key that ends a number at once.")

    @model_validator(mode="after")
    def _the_apology_comes_after_the_filler(self) -> Self:
        if self.apology_after < self.filler_after:
            raise ValueError(
                f"apology_after is {self.apology_after:g}, but should be at least filler_after ({self.filler_after:g})"
            )
        return self
