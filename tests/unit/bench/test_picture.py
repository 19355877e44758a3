"""The picture of a run."""

import xml.etree.ElementTree as ET

import numpy as np

from tests.bench.turns.picture import draw

SIDES = ("ours", "article", "pipecat")


def test_the_picture_is_svg_with_a_curve_a_side() -> None:
    rng = np.random.default_rng(3)
    gaps = {side: [list(rng.normal(1 + place / 2, 0.1, 8)) for _ in range(5)] for place, side in enumerate(SIDES)}
    root = ET.fromstring(draw({"gap": gaps, "greeting": gaps}, SIDES, "figures & more"))  # noqa: S314 - our own
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names.count("polyline") == 3
    assert names.count("circle") == 3 * 2 + 3 * 40
    assert "figures & more" in "".join(root.itertext())


def test_a_side_without_a_call_leaves_a_picture_of_the_others() -> None:
    assert draw({"gap": {"ours": [[1.0, 2.0]]}}, SIDES, "").count("<polyline") == 1
