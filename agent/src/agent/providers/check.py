"""Whether a line can be used on this host, as far as its line.toml alone does not show it."""

from agent.lines.appointments import Kind
from agent.lines.folder import LinesFolder
from agent.lines.hours import Hours, minutes_of
from agent.lines.line import Line, Objection
from agent.providers.catalog import LLM
from agent.providers.pipeline import Pipeline
from agent.settings import Settings

NEED_APPOINTMENTS = {
    "find_free_times",
    "book_appointment",
    "find_appointments",
    "move_appointment",
    "cancel_appointment",
}

DAY_AND_NIGHT = 2 * 24 * 60  # minutes


def lines_of(settings: Settings) -> LinesFolder:
    """Open this host's folder of lines; a line.toml that asks for what this host cannot do counts as faulty."""
    return LinesFolder(settings.lines_folder, settings.line_secrets, check=lambda line: check_line(line, settings))


def check_line(line: Line, settings: Settings) -> list[Objection]:
    """Say which models cannot be used, and which settings conflict with the host's."""
    pipeline = Pipeline(line, settings)
    found = pipeline.problems()
    if line.outcome and not found and not pipeline.fills_in_forms:
        about = f"with fields, which {pipeline.name(LLM)} cannot fill in: name another language model in models.llm"
        found.append(Objection("outcome", about))
    warning, longest = line.handling.call_warning, line.longest_call(settings.max_call_duration)
    if warning >= longest:
        found.append(
            Objection(
                "handling.call_warning",
                f"= {warning}, which should be less than the {longest} s that a call may last "
                "(limits.max_call_duration, or MAX_CALL_DURATION in .env)",
            )
        )
    if line.people and "transfer_call" not in line.tools:
        found.append(
            Objection(
                "people",
                f'but tools = {line.tools}, which should have "transfer_call" as well, so that they are called',
            )
        )
    return [*found, *_without_receivers(line), *_without_hours(line)]


def _longest_span(kind: Kind, hours: Hours) -> int:
    """Return the minutes of the longest span in which an appointment can be had."""
    weekdays = kind.of_weekdays if kind.is_given else hours.of_weekdays
    spans = [span for of_day in (*weekdays, *hours.special.values()) for span in of_day or ()]
    if any(span.endswith("-24:00") for span in spans):
        return DAY_AND_NIGHT  # it may go on after midnight
    return max((ends - begins for begins, ends in map(minutes_of, spans)), default=0)


def _without_receivers(line: Line) -> list[Objection]:
    """Say what a line would find out from its callers and tell nobody. A message is kept if nobody is told of it."""
    notified, hooked = bool(line.messages.notify), line.webhook.url is not None
    told_of_calls = hooked or line.recording.enabled or (notified and line.messages.notify_of == "calls")
    if not line.outcome or told_of_calls:
        return []
    cure = 'set recording.enabled, webhook.url, or messages.notify with notify_of = "calls"'
    return [Objection("outcome", f"with fields, but their values would reach nobody: {cure}")]


def _without_hours(line: Line) -> list[Objection]:
    """Say which kinds of appointments cannot be had, and which tools have nothing to do."""
    kinds, found = line.appointments, []
    for name, kind in kinds.items():
        shared = kinds.get(kind.shares)
        if kind.shares and (shared is None or shared.shares or kind.shares == name):
            others = ", ".join(other for other, its in kinds.items() if other != name and not its.shares) or "none"
            expected = f"which should be another kind that has places of its own; there is {others}"
            found.append(Objection(f"appointments.{name}.shares", f"= {kind.shares!r}, {expected}"))
        if not kind.is_given and not line.hours.is_given:
            found.append(
                Objection(
                    f"appointments.{name}", "without hours: give the line its [hours], or the kind weekdays of its own"
                )
            )
        elif kind.length > (longest := _longest_span(kind, line.hours)):
            about = f"= {kind.length}, but the longest of its hours has {longest} minutes, so it could never be had"
            found.append(Objection(f"appointments.{name}.length", about))
    if not kinds and (idle := sorted(NEED_APPOINTMENTS & set(line.tools))):
        found.append(
            Objection("tools", f"with {', '.join(idle)}, which need a kind of appointment: add [appointments.<name>]")
        )
    if "tell_opening_hours" in line.tools and not (line.hours.is_given or line.hours.special):
        found.append(Objection("tools", "with tell_opening_hours, which needs the opening hours: add [hours]"))
    return found
