"""Who speaks when. docs/turns.md says what each setting brings and costs."""

from typing import Literal, Self

from pydantic import model_validator

from agent.lines.group import Group, setting


class Turns(Group):
    """Times are in seconds unless stated otherwise."""

    early_transcript: float = setting(
        0.02,
        "Seconds of silence after which a caller's words are transcribed, before the agent knows whether the caller "
        "has finished; 0: only when they have finished.",
        ge=0,
        le=0.5,
    )
    vad: Literal["builtin", "silero"] = setting(
        "builtin",
        "What tells speech from silence: builtin (part of livekit-agents) or silero (its plugin, 45 MB more). Both run "
        "Silero's model.",
    )
    end_of_turn: Literal["both", "words", "prosody", "silence"] = setting(
        "both",
        "How the agent judges whether a caller will go on: by their last words (words), by their tone of voice "
        "(prosody, 250 MB more while there are calls), by both, or not at all (silence).",
    )
    wait_done: float = setting(
        0.6, "Seconds from a caller's last sound to the agent's turn, when the sentence seems to be over.", ge=0.3, le=5
    )
    wait_unsure: float = setting(
        1.1,
        "Seconds from a caller's last sound to the agent's turn, when the sentence may or may not be over.",
        ge=0.3,
        le=10,
    )
    wait_unfinished: float = setting(
        1.8,
        "Seconds from a caller's last sound to the agent's turn, when the sentence is not over: after \"the\" or "
        '"um", or in the middle of a number. If only the tone of voice says so, the wait is halfway between '
        "wait_unsure and this.",
        ge=0.3,
        le=10,
    )
    preemptive_generation: Literal["voice", "text", "no"] = setting(
        "voice",
        "What the agent begins before it is certain that the turn is over: voice (the reply and its sound), text (the "
        "reply) or no (nothing).",
    )
    first_words: int = setting(
        4,
        "Words of a reply that are spoken while the rest is still being written, or fewer if a comma comes first; 0: "
        "whole sentences only.",
        ge=0,
        le=100,
    )
    prepare_greeting: bool = setting(True, "Whether the greeting is synthesized while the phone still rings.")
    barge_in: float = setting(
        0.12, "Seconds of sound from the caller after which the agent stops speaking.", ge=0.05, le=2
    )
    barge_in_level: float = setting(
        12,
        "How many decibels quieter than the caller's own words a sound may be and still stop the agent. A voice "
        "across the room is quieter still, and does not stop it.",
        ge=3,
        le=60,
    )
    resume_after: float = setting(
        1.5,
        "Seconds of silence after which an interrupted agent goes on, if what interrupted it had no words in it. Set "
        "it longer than speech to text takes.",
        ge=0.1,
        le=10,
    )
    echo_warmup: float = setting(
        0,
        "Seconds for which the agent does not listen when it begins to speak, so that an echo canceller can adapt. "
        "Phones need none; for callers by browser, 0 means 3.",
        ge=0,
        le=10,
    )
    frame_ms: int = setting(20, "Milliseconds of sound that the agent takes in at a time.", ge=10, le=100)

    @property
    def uses_prosody(self) -> bool:
        """Whether the end of a turn is judged by prosody, which needs a model of its own."""
        return self.end_of_turn in ("both", "prosody")

    @model_validator(mode="after")
    def _each_wait_is_longer_than_the_one_before(self) -> Self:
        if self.wait_unsure < self.wait_done:
            raise ValueError(
                f"wait_unsure is {self.wait_unsure:g}, but should be at least wait_done ({self.wait_done:g})"
            )
        if self.wait_unfinished < self.wait_unsure:
            shortest = f"wait_unsure ({self.wait_unsure:g})"
            raise ValueError(f"wait_unfinished is {self.wait_unfinished:g}, but should be at least {shortest}")
        return self
