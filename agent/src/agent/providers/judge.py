"""Whether a line can be used on this host, as far as its line.toml alone does not show it."""

from agent.lines.folder import LinesFolder
from agent.lines.line import Line, Objection
from agent.providers.pipeline import Pipeline
from agent.settings import Settings

NEED_APPOINTMENTS = {
    "find_free_times",
    "book_appointment",
    "find_appointments",
    "move_appointment",
    "cancel_appointment",
}


def lines_of(settings: Settings) -> LinesFolder:
    """Open this host's folder of lines; a line.toml that asks for what this host cannot do counts as faulty."""
    return LinesFolder(settings.lines_folder, settings.line_secrets, judge=lambda line: judge(line, settings))


def judge(line: Line, settings: Settings) -> list[Objection]:
    """Say which models cannot be used, and which settings conflict with the host's."""
    found = Pipeline(line, settings).problems()
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
    return [*found, *_judge_appointments(line)]


def _judge_appointments(line: Line) -> list[Objection]:
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
    if not kinds and (idle := sorted(NEED_APPOINTMENTS & set(line.tools))):
        found.append(
            Objection("tools", f"with {', '.join(idle)}, which need a kind of appointment: add [appointments.<name>]")
        )
    if "tell_opening_hours" in line.tools and not (line.hours.is_given or line.hours.special):
        found.append(Objection("tools", "with tell_opening_hours, which needs the opening hours: add [hours]"))
    return found
