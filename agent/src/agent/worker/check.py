"""Judging whether the host's settings and every line can be used, as `make up` does before it changes anything."""

from collections.abc import Iterable

from agent.admission.owner_files import owner_files
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.providers.pipeline import Pipeline
from agent.settings import Settings


def problems(settings: Settings, lines: LinesFolder) -> list[str]:
    """Judge everything that a call will use; each problem is a sentence that names the file or the variable."""
    files = [file for name in lines.names() for file in owner_files(lines.path / name)]
    broken = [problem for file in files if (problem := file.problem())]
    return [*_of_host(settings), *lines.problems(), *broken, *_of_lines(settings, lines.all_as_written())]


def unrecoverable_problems(settings: Settings, lines: LinesFolder) -> list[str]:
    """Judge everything that a call will use, except files that have a good version to fall back to."""
    files = [file for name in lines.names() for file in owner_files(lines.path / name)]
    broken = [problem for file in files if (problem := file.unrecoverable_problem())]
    return [*_of_host(settings), *lines.unrecoverable_problems(), *broken, *_of_lines(settings, lines.all())]


def needs_speech(settings: Settings, lines: LinesFolder) -> bool:
    """Return whether any line uses an embedded model, for which the speech service has to run."""
    return any(Pipeline(line, settings).embedded for line in lines.all_as_written())


def _of_host(settings: Settings) -> list[str]:
    if settings.openai_base_url and "OPENAI_API_KEY" not in settings.provider_keys:
        return ["OPENAI_BASE_URL needs OPENAI_API_KEY; for a server that wants none, any word will do: set it in .env"]
    return []


def _of_lines(settings: Settings, lines: Iterable[Line]) -> list[str]:
    folder = settings.lines_folder.name
    return [f"{folder}/{line.name}/line.toml {it}" for line in lines for it in _of_line(line, settings)]


def _of_line(line: Line, settings: Settings) -> list[str]:
    found = Pipeline(line, settings).problems()
    warning, longest = line.handling.call_warning, line.longest_call(settings.max_call_duration)
    if warning >= longest:
        found.append(
            f"has handling.call_warning = {warning}, which should be less than the {longest} s that a call may last "
            "(limits.max_call_duration, or MAX_CALL_DURATION in .env)"
        )
    return found
