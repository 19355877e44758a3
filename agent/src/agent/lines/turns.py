"""Who speaks when. docs/turns.md tells what each setting gives and costs."""

from typing import Literal, Self

from pydantic import model_validator

from agent.lines.group import Group, setting


class Turns(Group):
    """Times are in seconds where nothing else is said."""

    early_transcript: float = setting(
        0.02,
        "Seconds of silence after which a caller's words are transcribed, in case they are done; 0: once they are.",
        ge=0,
        le=0.5,
    )
    vad: Literal["builtin", "silero"] = setting(
        "builtin",
        "What tells speech from silence, by Silero's model in any case: builtin (of livekit-agents) or silero (its "
        "plugin, 45 MB more).",
    )
    end_of_turn: Literal["both", "words", "prosody", "silence"] = setting(
        "both",
        "What tells that a caller will go on: words (the last ones), prosody (250 MB more while there are calls), "
        "both, or silence (nothing).",
    )
    wait_done: float = setting(
        0.6, "Seconds from a caller's last sound to the agent's turn, when the sentence seems to be over.", ge=0.3, le=5
    )
    wait_unsure: float = setting(
        1.1, "Seconds to the agent's turn when there is something to be said for either.", ge=0.3, le=10
    )
    wait_unfinished: float = setting(
        1.8,
        'Seconds to the agent\'s turn when the sentence is not over: after "the", "um", or within a number; half of '
        "the difference with the voice kept up.",
        ge=0.3,
        le=10,
    )
    preemptive_generation: Literal["voice", "text", "no"] = setting(
        "voice",
        "What is begun before it is sure that the turn is over: voice (reply and speech), text (the reply) or no "
        "(nothing).",
    )
    first_words: int = setting(
        4,
        "Words of a reply after which its first piece is spoken, at a comma sooner; 0: whole sentences.",
        ge=0,
        le=100,
    )
    prepare_greeting: bool = setting(True, "Whether the greeting is synthesized while the phone still rings.")
    barge_in: float = setting(
        0.12, "Seconds of sound from the caller at which the agent stops speaking.", ge=0.05, le=2
    )
    barge_in_level: float = setting(
        12,
        "Decibels that a sound may be quieter than the caller's own words to stop the agent: a voice across the room "
        "is quieter than that.",
        ge=3,
        le=60,
    )
    resume_after: float = setting(
        1.5,
        "Seconds of silence after which the agent goes on when no words were among the sound; longer than speech to "
        "text takes.",
        ge=0.1,
        le=10,
    )
    echo_warmup: float = setting(
        0,
        "Seconds for which the agent is deaf when it begins to speak: for echo cancellers, which phones do not need.",
        ge=0,
        le=10,
    )
    frame_ms: int = setting(20, "Milliseconds of sound that the agent takes in at a time.", ge=10, le=100)

    @property
    def uses_prosody(self) -> bool:
        """Whether the end of a turn is judged by the voice, for which a model has to be there."""
        return self.end_of_turn in ("both", "prosody")

    @model_validator(mode="after")
    def _each_wait_is_longer_than_the_one_before(self) -> Self:
        if self.wait_unsure < self.wait_done:
            raise ValueError(
                f"wait_unsure is {self.wait_unsure:g}, which should be at least wait_done, {self.wait_done:g}"
            )
        if self.wait_unfinished < self.wait_unsure:
            shortest = f"wait_unsure, {self.wait_unsure:g}"
            raise ValueError(f"wait_unfinished is {self.wait_unfinished:g}, which should be at least {shortest}")
        return self
