"""The picture: sounds and gaps are where the figures say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phone.report import picture
from phone.report.measure import Figures, Turn, Utterance
from phone.report.observation import Observation
from phone.report.report import Report
from phone.report.verdict import Verdict
from phone.sound.tracks import Track
from tests.unit.phone.gateway import tone


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def drawn(path: Path, text: str = "We are open.") -> Image.Image:
    pcm = np.zeros(80000, np.int16)
    pcm[48000:64000] = tone(2.0)
    line, caller = Track(pcm, np.ones(80000, np.bool_)), Track(pcm[:1], np.ones(1, np.bool_))
    seen = Observation(200, "OK", answered=0.5, line=line, caller=caller)
    turn = Turn("When?", 2.0, 4.0, reply_start=6.0, reply_end=8.0, gap=2.0)
    said = (Utterance("caller", 2.0, 4.0, "When?"), Utterance("line", 6.0, 8.0, text, gap=2.0))
    figures = Figures(6.0, 2.0, 2.0, 0.0, 0.0, (turn,), said)
    picture.draw(Report("+12025550100", "sip:5060", "2026-11-22", seen, figures, Verdict(0, "good")), path)
    return Image.open(path).convert("RGB")


@pytest.mark.parametrize(
    ("second", "who", "colour"),
    [
        (7.0, "line", picture.COLOURS["line"]),
        (4.3, "line", picture.GAP),
        (4.3, "caller", picture.GAP),
        (9.3, "line", picture.PAPER),
        (7.3, "caller", picture.PAPER),
    ],
)
def test_each_moment_has_the_colour_of_what_happened(tmp_path: Path, second: float, who: str, colour: str) -> None:
    image = drawn(tmp_path / "call.png")
    x = picture.LEFT + second / 10 * (picture.WIDTH - picture.LEFT - picture.RIGHT)
    assert image.size == (picture.WIDTH, picture.HEIGHT)
    assert image.getpixel((int(x), picture.LANES[who] - 20)) == rgb(colour)


def test_long_words_are_cut_and_stay_on_the_sheet(tmp_path: Path) -> None:
    image = drawn(tmp_path / "call.png", "open " * 200)
    below = np.asarray(image)[picture.LANES["line"] + picture.LANE + 10 + 3 * picture.TEXT_HEIGHT : picture.AXIS - 20]
    assert (below < 100).sum() == 0
