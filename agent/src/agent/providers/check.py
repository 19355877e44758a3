"""Whether a line can be used on this host, as far as its line.toml alone does not show it."""

from agent.lines.folder import LinesFolder
from agent.lines.line import Line, Objection
from agent.providers.catalog import LLM
from agent.providers.pipeline import Pipeline
from agent.settings import Settings


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
    return [*found, *_without_receivers(line)]


def _without_receivers(line: Line) -> list[Objection]:
    """Say what a line would find out from its callers and tell nobody."""
    notified, hooked = bool(line.messages.notify), line.webhook.url is not None
    found = []
    if "take_message" in line.tools and not notified and not hooked:
        cure = "set messages.notify or webhook.url"
        found.append(Objection("tools", f"with take_message, but a message would reach nobody: {cure}"))
    told_of_calls = hooked or line.recording.enabled or (notified and line.messages.notify_of == "calls")
    if line.outcome and not told_of_calls:
        cure = 'set recording.enabled, webhook.url, or messages.notify with notify_of = "calls"'
        found.append(Objection("outcome", f"with fields, but their values would reach nobody: {cure}"))
    return found
