"""The language model can tell when the business is open."""

from datetime import date, datetime, timedelta

from livekit.agents import ToolError, function_tool, llm

from agent.calendar.expressions import NotUnderstoodError, understand
from agent.calendar.hours import OpeningHours, opening_hours
from agent.calendar.spoken import say_date, say_moment, say_time
from agent.conversation.call import Call
from agent.conversation.session import region_of_line

MOST_DAYS = 8


def tell_opening_hours(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def tell_opening_hours(when: str = "") -> str:
        """Tell whether the business is open now, and its hours on some day, with days off and public holidays.

        Callers say, for example:
        "Are you open on Christmas Eve?"
        "Is it too late to come by today?"

        Args:
            when: The caller's own words for the day, such as "next Friday" or "Christmas Eve, the 24th of December",
                without any change; empty for the coming week.
        """
        hours, language = opening_hours(call.line), call.line.language
        if not hours.is_known:
            raise ToolError("The opening hours are not known.")
        now = datetime.now(hours.zone)
        try:
            meant = understand(when, language, now, region_of_line(call.line, call.settings) or "")
        except NotUnderstoodError as error:
            raise ToolError(str(error)) from None
        first = meant.first or (meant.moment or now).date()
        last = meant.last or (first if meant.first is None else first + timedelta(days=6))
        days = [first + timedelta(days=it) for it in range(min((last - first).days + 1, MOST_DAYS))]
        return " ".join([_now(hours, now, language), *(_of_day(hours, day, language) for day in days)])

    return tell_opening_hours


def _now(hours: OpeningHours, now: datetime, language: str) -> str:
    at = f"It is {say_time(now, language)}, {say_date(now.date(), language)}, and the business is"
    if closing := hours.closing(now):
        return f"{at} open until {say_time(closing, language)}."
    opening = hours.next_opening(now)
    return f"{at} closed; it opens {say_moment(opening, language)}." if opening else f"{at} closed."


def _of_day(hours: OpeningHours, day: date, language: str) -> str:
    spans = [f"{say_time(it.begins, language)} to {say_time(it.ends, language)}" for it in hours.of_day(day)]
    reason = hours.why_closed(day)
    told = " and ".join(spans) or (f"closed ({reason})" if reason else "closed")
    return f"{say_date(day, language)}: {told}."
