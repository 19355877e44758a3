"""What one server has been found to do otherwise than OpenAI's, remembered for as long as its client lives: a call."""

from dataclasses import dataclass, field


@dataclass
class Habits:
    """Each field begins with what OpenAI does."""

    may_think_aloud: bool = True  # whether it may have models whose reasoning comes without its first tag
    sound_format: str = ""  # the response_format that it took after it had refused another; empty: none was refused
    says_no_rate: bool = False  # whether it sends raw samples instead of WAV and does not say how many a second
    roles: int = 0  # which of `roles.ARRANGEMENTS` it takes
    thinks_aloud: dict[str, bool] = field(
        default_factory=dict
    )  # by model: whether reasoning comes without its first tag
