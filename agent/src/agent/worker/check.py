"""Checking whether the host's settings and every line can be used, as `make up` does before it changes anything."""

from collections.abc import Iterable
from typing import Any

from agent.admission.owner_files import owner_files, read_lists
from agent.admission.written_number import country_of
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.providers import prices
from agent.providers.openai import PROVIDER as OPENAI
from agent.providers.pipeline import Pipeline
from agent.records.notices.delivery import is_known
from agent.settings import Settings
from agent.storage.live_file import LiveFile
from agent.worker import certificates


def problems(settings: Settings, lines: LinesFolder) -> list[str]:
    """Check everything that a call will use; each problem is a sentence that names the file or the variable."""
    files = _owner_files(settings, lines, lines.all_as_written())
    broken = [*prices.problems(settings.lines_folder), *(problem for file in files for problem in file.problems())]
    return [*_of_host(settings, lines), *lines.problems(), *broken, *_unknown_addresses(lines.all_as_written())]


def problems_at_start(settings: Settings, lines: LinesFolder) -> tuple[list[str], list[str]]:
    """Check everything that a call will use, except files that have a good version to fall back to.

    Returns:
        What keeps the agent from starting, and what is wrong with some of several lines, with what follows from it.
    """
    there = list(lines.all())
    files = _owner_files(settings, lines, there)
    broken = [problem for file in files for problem in file.unrecoverable_problems()]
    of_host, of_lines = _of_host(settings, lines), [*lines.unrecoverable_problems(), *broken]
    answered = [line.name for line in there if _can_be_answered(settings, lines, line)]
    if of_host or not answered:
        return [*of_host, *of_lines], []
    refused = [name for name in lines.names() if name not in answered]
    of_lines += _unknown_addresses(there)
    return [], [*of_lines, *(f"calls to the line {name} are refused until its files are corrected" for name in refused)]


def needs_speech(settings: Settings, lines: LinesFolder) -> bool:
    """Return whether any line uses an embedded model, for which the speech service has to run."""
    return any(Pipeline(line, settings).embedded for line in lines.all_as_written())


def warnings(settings: Settings, lines: LinesFolder) -> list[str]:
    """Name the lines that are to call people while the host has no outbound trunk; they still answer calls."""
    if settings.outbound_address:
        return []
    wanted = {line.name: _calls_that_go_out(line) for line in lines.all_as_written()}
    return [
        f"lines/{name}/line.toml has {' and '.join(wants)}, but OUTBOUND_ADDRESS is not set in .env, so nobody can be "
        "called: set it (docs/abilities/outbound-trunk.md), or take that out of line.toml"
        for name, wants in wanted.items()
        if wants
    ]


def _calls_that_go_out(line: Line) -> list[str]:
    """Name the settings that need an outbound trunk. A cold transfer to a number may be the carrier's alone."""
    needed = {
        "people": any(person.kind == "warm" or not person.number.startswith("+") for person in line.people),
        "outbound.enabled": line.outbound.enabled,
        "outbound.remind_before": line.outbound.remind_before > 0,
    }
    return [setting for setting, is_needed in needed.items() if is_needed]


def _owner_files(settings: Settings, lines: LinesFolder, there: Iterable[Line]) -> list[LiveFile[Any]]:
    """List those of every line; `there` are the lines whose settings can be read."""
    read = {line.name: line for line in there}
    known = [read.get(name) or lines.left_behind(name) for name in lines.names()]
    return [file for line in known for file in owner_files(lines.path / line.name, country=country_of(line, settings))]


def _unknown_addresses(there: Iterable[Line]) -> list[str]:
    """Say which addresses of the owner cannot be told of anything. Apprise is loaded only if a line has addresses."""
    return [
        f"lines/{line.name}/line.toml has messages.notify, which names {name}: its value in lines/secrets.env is not "
        "an address that Apprise knows, or lacks a part; docs/abilities/messages.md shows some"
        for line in there
        for name, address in line.messages.addresses.items()
        if not is_known(address)
    ]


def _can_be_answered(settings: Settings, lines: LinesFolder, line: Line) -> bool:
    try:
        lines.read_words(line)
        read_lists(lines.path / line.name, country=country_of(line, settings))
    except ValueError:
        return False
    return True


def _of_host(settings: Settings, lines: LinesFolder) -> list[str]:
    wrong = certificates.problems(settings.lines_folder)
    keys = {*settings.provider_keys, *(key for line in lines.all_as_written() for key in line.models.keys)}
    if settings.openai_base_url and OPENAI.key not in keys:
        wrong.append(f"OPENAI_BASE_URL needs {OPENAI.key}: set it in .env, to any word if the server asks for no key")
    return wrong
