"""The language model can ask for the day and the time, which it does not know."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from livekit.agents import function_tool, llm

from agent.conversation.call import Call

FARTHEST = 366_000  # days in either direction


def tell_time(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def tell_time(days_from_now: int = 0) -> str:
        """Tell the time at the business, and the date and the weekday of today or of another day.

        Callers say, for example:
        "What time is it?"
        "Which day is it today?"

        Args:
            days_from_now: 0 for today, 1 for tomorrow, -1 for yesterday.
        """
        now = datetime.now(ZoneInfo(call.line.timezone))
        day = now + timedelta(days=max(-FARTHEST, min(days_from_now, FARTHEST)))
        return f"{day:%A, %d %B %Y}; it is {now:%H:%M} now ({call.line.timezone})"

    return tell_time
