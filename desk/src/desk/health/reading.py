"""Reads the notes of some days, each folder anew only if something in it has changed."""

import os
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.clock import zone_of
from desk.health.figures import Figures, Folder, read_folder
from desk.places import LINE, Places

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_FOLDERS = 4000  # that are remembered


@dataclass
class Range:
    """The figures of some days, one after the other; a day without calls has empty ones."""

    days: dict[date, Figures]
    damaged: int = 0  # notes that cannot be read
    unreadable: list[str] = field(default_factory=list)  # lines whose folder cannot be read

    @property
    def sum(self) -> Figures:
        together = Figures()
        for its in self.days.values():
            together.add(its)
        return together


class Notes:
    """The notes of all lines. Its methods block, and may be called from several threads."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[Path, tuple[int, ZoneInfo, Folder]] = {}
        self._one_at_a_time = threading.Lock()

    def lines(self) -> list[str]:
        """List the lines that have notes."""
        try:
            return sorted(it.name for it in os.scandir(self._places.noted) if it.is_dir() and LINE.fullmatch(it.name))
        except FileNotFoundError:
            return []

    def read(self, days: int, line: str = "", now: datetime | None = None) -> Range:
        """Add up the last `days` days, today's among them, of one line, or of all."""
        moment = now or datetime.now(UTC)
        found = Range({})
        with self._one_at_a_time:
            zones = {its: zone_of(its, self._places.lines) for its in ([line] if line else self.lines())}
            # Lines may be on different days at this moment: the last day is that of the line that is furthest ahead.
            today = max((moment.astimezone(zone).date() for zone in zones.values()), default=moment.date())
            found.days = {today - timedelta(days=back): Figures() for back in reversed(range(days))}
            for its, zone in zones.items():
                self._add(found, its, zone)
        return found

    def _add(self, found: Range, line: str, zone: ZoneInfo) -> None:
        first, last = min(found.days) - timedelta(days=1), max(found.days) + timedelta(days=1)  # folders are UTC's days
        try:
            with os.scandir(self._places.noted / line) as there:
                names = [it.name for it in there if DAY.fullmatch(it.name)]
        except FileNotFoundError:
            return
        except OSError:
            found.unreadable.append(line)
            return
        for name in names:
            if not first.isoformat() <= name <= last.isoformat():
                continue
            folder = self._folder(self._places.noted / line / name, zone)
            found.damaged += folder.damaged
            for day, figures in folder.days.items():
                if day in found.days:
                    found.days[day].add(figures)

    def _folder(self, path: Path, zone: ZoneInfo) -> Folder:
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return Folder({}, 0)
        known = self._known.get(path)
        if known and known[:2] == (changed, zone):
            return known[2]
        folder = read_folder(path, zone)
        if len(self._known) >= MOST_FOLDERS:
            self._known.clear()
        self._known[path] = (changed, zone, folder)
        return folder
