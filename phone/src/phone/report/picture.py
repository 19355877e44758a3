"""Draws a call: what each side said, on one time axis, with the gaps between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from phone.audio import RATE, Pcm

if TYPE_CHECKING:
    from pathlib import Path

    from phone.report.measure import Turn, Utterance
    from phone.report.report import Report

SCALE = 2  # drawn twice as large and reduced: Pillow does not smooth lines
WIDTH, HEIGHT = 1600, 640
LEFT, RIGHT = 90, 30
LANES = {"caller": 230, "person": 230, "line": 410}  # y of the middle line
LANE = 75  # half a lane's height
AXIS = 585
TOP = 90
TEXT_HEIGHT, MOST_ROWS = 20, 3  # rows of words
PAPER, INK, FAINT, GRID = "#ffffff", "#1f2937", "#6b7280", "#e5e7eb"
COLOURS = {"caller": "#0f766e", "person": "#0f766e", "line": "#4338ca"}
GAP, GAP_TEXT = "#fef3c7", "#92400e"
TICKS = (1, 2, 5, 10, 30, 60, 120, 300)


def draw(report: Report, path: Path) -> None:
    seen = report.seen
    longest = max(len(seen.caller.pcm), len(seen.line.pcm)) / RATE
    sheet = _Sheet(max(longest, 1.0))
    sheet.heading(_title(report), report.verdict.sentence)
    sheet.axis()
    for turn in report.figures.turns:
        sheet.gap(turn)
    if seen.answered is not None:
        sheet.mark(seen.answered, "answered")
    for who, track in ((seen.who, seen.caller), ("line", seen.line)):
        sheet.lane(who, track.pcm)
        sheet.words(who, [said for said in report.figures.utterances if said.who == who])
    sheet.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(path, optimize=True)


def _title(report: Report) -> str:
    answered, first_word = report.seen.answered, report.figures.first_word
    parts = [report.started.replace("T", " ").replace("+00:00", " UTC")]
    parts += [f"answered after {answered:.1f} s"] if answered is not None else []
    parts += [f"first word after {first_word:.1f} s"] if first_word is not None else []
    return "  ·  ".join(parts)


class _Sheet:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def heading(self, title: str, verdict: str) -> None:
        self._text((LEFT, 34), self._fitted(title, WIDTH - LEFT - RIGHT, 20), INK, 20, "ls")
        self._text((LEFT, 62), self._fitted(verdict, WIDTH - LEFT - RIGHT, 15), FAINT, 15, "ls")

    def axis(self) -> None:
        step = next((tick for tick in TICKS if self.seconds / tick <= 24), TICKS[-1])
        for second in range(0, int(self.seconds) + 1, step):
            x = self._x(second)
            self._line((x, TOP), (x, AXIS), GRID, 1)
            self._text((x, AXIS + 8), f"{second // 60}:{second % 60:02d}", FAINT, 14, "mt")

    def lane(self, who: str, pcm: Pcm) -> None:
        """Draw a sound: each column of pixels goes from the lowest to the highest sample of its time."""
        middle, colour = LANES[who], COLOURS[who]
        self._text((LEFT - 14, middle), who, colour, 17, "rm")
        self._line((LEFT, middle), (WIDTH - RIGHT, middle), colour, 1)
        columns = np.linspace(0, self.seconds * RATE, (WIDTH - LEFT - RIGHT) * SCALE + 1).astype(int)
        # A square root would make noise look loud; the loudest sample fills the lane instead.
        gain = LANE / max(int(np.abs(pcm.astype(np.int32)).max(initial=0)), 4000)
        for number, (start, end) in enumerate(pairwise(columns)):
            part = pcm[start:end]
            if not len(part) or not part.any():
                continue
            x = LEFT * SCALE + number
            top, bottom = middle - int(part.max()) * gain, middle - int(part.min()) * gain
            self._draw.line((x, top * SCALE, x, bottom * SCALE), colour, 1)

    def words(self, who: str, utterances: list[Utterance]) -> None:
        """Write the words beside their sound: above the upper lane, below the lower one."""
        next_starts = [*(self._x(said.start) for said in utterances[1:]), WIDTH - RIGHT + 12]
        for said, until in zip(utterances, next_starts, strict=False):
            x = self._x(said.start)
            lines = self._wrapped(said.text, until - 12 - x, 15)
            top = LANES[who] + LANE + 10 if who == "line" else LANES[who] - LANE - 8 - TEXT_HEIGHT * len(lines)
            for number, line in enumerate(lines):
                self._text((x, top + number * TEXT_HEIGHT), line, INK, 15, "lt")

    def gap(self, turn: Turn) -> None:
        if turn.gap is None or turn.reply_start is None:
            return
        start, end = sorted((self._x(turn.end), self._x(turn.reply_start)))
        top, bottom = LANES["caller"] - LANE, LANES["line"] + LANE
        self._draw.rectangle((start * SCALE, top * SCALE, end * SCALE, bottom * SCALE), GAP)
        self._text(((start + end) / 2, (LANES["caller"] + LANES["line"]) / 2), f"{turn.gap:.2f} s", GAP_TEXT, 15, "mm")

    def mark(self, second: float, label: str) -> None:
        x = self._x(second)
        self._line((x, TOP), (x, AXIS), FAINT, 1)
        self._text((x + 5, AXIS - 4), label, FAINT, 13, "ls")

    def _x(self, second: float) -> float:
        return LEFT + second / self.seconds * (WIDTH - LEFT - RIGHT)

    def _line(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: int) -> None:
        self._draw.line((start[0] * SCALE, start[1] * SCALE, end[0] * SCALE, end[1] * SCALE), colour, width * SCALE)

    def _text(self, at: tuple[float, float], text: str, colour: str, size: int, anchor: str) -> None:
        self._draw.text((at[0] * SCALE, at[1] * SCALE), text, colour, ImageFont.load_default(size * SCALE), anchor)

    def _wrapped(self, text: str, width: float, size: int) -> list[str]:
        font = ImageFont.load_default(size * SCALE)
        words, lines = text.split(), list[str]()
        while words and len(lines) < MOST_ROWS - 1:
            taken = 1
            while taken < len(words) and self._draw.textlength(" ".join(words[: taken + 1]), font) <= width * SCALE:
                taken += 1
            lines.append(self._fitted(" ".join(words[:taken]), width, size))
            words = words[taken:]
        return lines + ([self._fitted(" ".join(words), width, size)] if words else [])

    def _fitted(self, text: str, width: float, size: int) -> str:
        font = ImageFont.load_default(size * SCALE)
        if self._draw.textlength(text, font) <= width * SCALE:
            return text
        while text and self._draw.textlength(text + "…", font) > width * SCALE:
            text = text[:-1]
        return text.rstrip() + "…" if len(text) > 2 else ""
