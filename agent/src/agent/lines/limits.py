"""How much a line lets in: calls at once, and calls and minutes a day, of one caller and in all."""

from agent.lines.group import Group, setting

MOST = 999_999  # one digit more, and the log takes it for a phone number


class Limits(Group):
    """Whole numbers; a limit that is not set does not exist. A day begins at midnight in the line's time zone."""

    calls: int | None = setting(None, "Calls that are let in a day.", ge=1, le=MOST)
    minutes: int | None = setting(None, "Minutes that all calls of a day may last together.", ge=1, le=MOST)
    calls_per_caller: int | None = setting(
        None, "Calls of one caller that are let in a day; those who hide their number count as one.", ge=1, le=MOST
    )
    minutes_per_caller: int | None = setting(
        None, "Minutes that one caller's calls of a day may last together.", ge=1, le=MOST
    )
    calls_at_once: int | None = setting(
        None,
        "Calls at once on this line; a further caller hears that all lines are busy. MAX_CONCURRENT_CALLS in .env "
        "holds for all lines together.",
        ge=1,
        le=MOST,
    )
    max_call_duration: int | None = setting(
        None,
        "Seconds after which a call is ended, with a goodbye; MAX_CALL_DURATION in .env where it is shorter or this is "
        "not set.",
        ge=60,
        le=86_400,
    )

    @property
    def per_caller(self) -> bool:
        """Whether what one caller may do is limited."""
        return self.calls_per_caller is not None or self.minutes_per_caller is not None
