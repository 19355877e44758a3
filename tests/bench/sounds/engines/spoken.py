"""What every engine gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spoken:
    audio: Audio
    rate: int  # Hz
    seams: list[tuple[float, float]]  # between part and part: end of the one, start of the next (s)
