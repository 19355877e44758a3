"""Three agents on one line, each under a number of its own: ours, the article's, and Pipecat's."""

from tests.bench.sides.stage import NUMBERS, SIDES, Stage, stage

__all__ = ["NUMBERS", "SIDES", "Stage", "stage"]
