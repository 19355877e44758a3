"""Whether a line can be used on this host, as far as its line.toml alone does not show it."""

from agent.lines.folder import LinesFolder
from agent.lines.line import Line, Objection
from agent.providers.pipeline import Pipeline
from agent.settings import Settings


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
    return found
