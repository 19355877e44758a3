"""How much a line lets in: calls at once, and calls and minutes a day, from one caller and in all."""

from agent.lines.group import Group, setting

MOST = 999_999  # with one more digit, the log would mask it as a phone number


class Limits(Group):
    """Whole numbers. Without a value there is no limit. A day begins at midnight in the line's time zone."""

    calls: int | None = setting(None, "Calls that are let in each day.", ge=1, le=MOST)
    minutes: int | None = setting(None, "Minutes that all calls of one day may last in total.", ge=1, le=MOST)
    calls_per_caller: int | None = setting(
        None,
        "Calls of one caller that are let in each day. All callers who hide their number count as one.",
        ge=1,
        le=MOST,
    )
    minutes_per_caller: int | None = setting(
        None, "Minutes that one caller's calls of one day may last in total.", ge=1, le=MOST
    )
    calls_at_once: int | None = setting(
        None,
        "Calls at once on this line. The next caller hears that all lines are busy. MAX_CONCURRENT_CALLS in .env "
        "limits all lines together.",
        ge=1,
        le=MOST,
    )
    max_call_duration: int | None = setting(
        None,
        "Seconds after which a call is ended, with a goodbye. If this is not set, or MAX_CALL_DURATION in .env is "
        "shorter, that one counts.",
        ge=60,
        le=86_400,
    )

    @property
    def per_caller(self) -> bool:
        """Whether what one caller may do is limited."""
        return self.calls_per_caller is not None or self.minutes_per_caller is not None
