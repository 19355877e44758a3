"""Reads the notes of some days, each folder anew only if something in it has changed."""

import contextlib
import os
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.clock import zone_of
from desk.health.figures import Figures, Folder, read_folder
from desk.places import LINE, Places
from desk.records.folders import Folders

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_FOLDERS = 4000  # that are remembered
SETTLED = 1_000_000_000  # ns: of two changes that come closer together, the second may not be seen


@dataclass
class Range:
    """The figures of some days, one after the other; a day without calls has empty ones.

    If lines are on different days at this moment, there is a day more than was asked for.
    """

    days: dict[date, Figures]
    damaged: int = 0  # notes that cannot be read
    unreadable: set[str] = field(default_factory=set)  # lines whose notes cannot all be read; "": the folder of all

    @property
    def sum(self) -> Figures:
        together = Figures()
        for its in self.days.values():
            together.add(its)
        return together


class Notes:
    """The notes of all lines. Its methods block, and may be called from several threads."""

    def __init__(self, places: Places) -> None:
        self._noted, self._lines_folder = Folders(places.data).noted, places.lines
        self._known: dict[Path, tuple[int, ZoneInfo, Folder]] = {}
        self._one_at_a_time = threading.Lock()

    def lines(self) -> list[str]:
        """List the lines that have notes; none if that cannot be found out."""
        try:
            return self._lines()
        except OSError:
            return []

    def _lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self._noted) as there:
            return sorted(it.name for it in there if it.is_dir() and LINE.fullmatch(it.name))
        return []

    def read(self, days: int, line: str = "", now: datetime | None = None) -> Range:
        """Add up the last `days` days of one line, or of all: today and those before it, as the line's clock says."""
        moment = now or datetime.now(UTC)
        found = Range({})
        with self._one_at_a_time:
            zones = {its: zone_of(its, self._lines_folder) for its in self._asked_for(line, found)}
            todays = {its: moment.astimezone(zone).date() for its, zone in zones.items()}
            first = min(todays.values(), default=moment.date()) - timedelta(days=days - 1)
            last = max(todays.values(), default=moment.date())
            found.days = {first + timedelta(days=on): Figures() for on in range((last - first).days + 1)}
            for its, zone in zones.items():
                self._add(found, its, zone, todays[its] - timedelta(days=days - 1), todays[its])
        return found

    def _asked_for(self, line: str, found: Range) -> list[str]:
        try:
            return [line] if line else self._lines()
        except OSError:
            found.unreadable.add("")
            return []

    def _add(self, found: Range, line: str, zone: ZoneInfo, first: date, last: date) -> None:
        day_before, day_after = first - timedelta(days=1), last + timedelta(days=1)  # folders are UTC's days
        try:
            with os.scandir(self._noted / line) as there:
                names = [it.name for it in there if DAY.fullmatch(it.name)]
        except FileNotFoundError:
            return
        except OSError:
            found.unreadable.add(line)
            return
        for name in names:
            if not day_before.isoformat() <= name <= day_after.isoformat():
                continue
            try:
                folder = self._folder(self._noted / line / name, zone)
            except OSError:
                found.unreadable.add(line)
                continue
            found.damaged += folder.damaged
            for day, figures in folder.days.items():
                if first <= day <= last:
                    found.days[day].add(figures)

    def _folder(self, path: Path, zone: ZoneInfo) -> Folder:
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            return Folder({}, 0)
        known = self._known.get(path)
        if known and known[:2] == (changed, zone):
            return known[2]
        folder = read_folder(path, zone)
        if len(self._known) >= MOST_FOLDERS:
            self._known.clear()
        if changed < time.time_ns() - SETTLED:
            self._known[path] = (changed, zone, folder)
        return folder
