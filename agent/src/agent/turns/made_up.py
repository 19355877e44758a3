"""Words that speech to text makes up where nobody spoke: "Bye.", "Thank you.", "Untertitel von …".

Whisper and its kin have learned from subtitles, and write down a few phrases again and again when they hear a cough, a
breath or a hum. Callers say some of these phrases, too. So such a phrase counts only if the sound bears it: words are
voice, they take time, and the colour of the voice changes within them, while a hum, a fan or a beep stays the same.
"""

import itertools
import logging
import math
import statistics
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from livekit import rtc

from agent import languages
from agent.languages import Phrases
from agent.turns.sound import samples_of

logger = logging.getLogger(__name__)

# Measured at 8 kHz with 72 phrases such as "Bye." and "Thank you." in six synthesized voices of two makes, and with 432
# hums of 0.25 to 0.6 s. All of the phrases count: their colours vary by at least 3.7 dB. Of the hums, 227 are taken for
# speech by voice activity detection, and 2 count. The colours of coughs vary by 3.2 dB at most.
VOICE = 0.5  # probability of speech from which a window counts as voice
FASTEST = 0.06  # seconds of voice that a word takes at least: the fastest talkers need twice that
USUAL = 0.15  # seconds of voice that a word usually takes
SHORTEST_VOICE = 0.09  # seconds: three windows
MOVEMENT = 3.0  # dB
SURE_MOVEMENT = 4.5  # dB: more than any hum or cough has
WINDOW = 0.032  # seconds, as in voice activity detection
BANDS = (250, 500, 750, 1000, 1400, 1900, 2500, 3400)  # Hz: what a telephone carries, as finely as vowels differ
AUDIBLE = 0.01  # of the loudest window's power: 20 dB below it
FLOOR = 1e-3  # of a window's power: a band that is 30 dB below the whole is taken to be empty
EMPTY = 1e-3  # power of a window at about -70 dBFS
FAINT = 20.0  # dB below the caller's usual level: no word of somebody who holds the phone
REMEMBERED = 9  # levels of what the caller has said
IN_A_ROW = 2  # times that the same such phrase counts when nothing else is said between
ANY_IN_A_ROW = 4  # times that any of these phrases count when nothing else is said between, goodbyes excepted
UNSURE = 0.3  # confidence below which a provider that reports one does not trust its own words
SPEECH = 0.8  # seconds of voice that are more than a cough: somebody has spoken, whatever the transcript says
LONGEST_SPEECH = 20.0  # seconds without a pause and without a word: music, or a machine


@dataclass
class Sound:
    """What is known about the sound of a segment besides its words."""

    voiced: float = 0.0  # seconds that voice activity detection takes for voice
    frames: list[rtc.AudioFrame] = field(default_factory=list)

    def hear(self, frames: list[rtc.AudioFrame], probability: float) -> None:
        """Add the next window; `probability` is that of speech."""
        self.frames += frames
        if probability > VOICE:
            self.voiced += sum(frame.duration for frame in frames)

    @property
    def level(self) -> float:
        """The level of the loudest window in dB, which is good for comparisons only."""
        return 10 * math.log10(max(float(self._powers().sum(axis=1).max(initial=0.0)), EMPTY))

    @property
    def movement(self) -> float | None:
        """How much the colour of the sound varies in time, in dB; None if the telephone's band is empty."""
        return self._audible()[1]

    @property
    def is_speech(self) -> bool:
        """Whether somebody has surely spoken, even if no words are known."""
        return SPEECH <= self.voiced <= LONGEST_SPEECH and (self.movement or 0.0) >= MOVEMENT

    def bears(self, words: str, seconds_a_word: float = FASTEST) -> bool:
        """Return whether these words can be in this sound; a sound that cannot be judged may bear anything.

        Voice activity detection hardly hears some short words, so all that is audible counts as voice if its colour
        varies as that of words alone does.
        """
        audible, movement = self._audible()
        needed = max(SHORTEST_VOICE, seconds_a_word * len(words.split()))
        if movement is None:
            return True
        voiced = max(self.voiced, audible) if movement >= SURE_MOVEMENT else self.voiced
        return movement >= MOVEMENT and voiced >= needed

    def _audible(self) -> tuple[float, float | None]:
        """Return the seconds that are nearly as loud as the loudest, and how much their colour varies, in dB."""
        powers = self._powers()
        whole = powers.sum(axis=1)
        if not len(whole) or whole.max() < EMPTY:
            return 0.0, None
        audible = whole > AUDIBLE * whole.max()
        colours = 10 * np.log10(powers[audible] / whole[audible, None] + FLOOR)
        return float(WINDOW * audible.sum()), float(np.sqrt(colours.var(axis=0).mean()))

    def _powers(self) -> npt.NDArray[np.float32]:
        """Return the power of each window in each of the `BANDS`."""
        if not self.frames:
            return np.zeros((0, len(BANDS) - 1), np.float32)
        size = round(WINDOW * self.frames[0].sample_rate)
        samples = samples_of(self.frames)
        windows = samples[: len(samples) // size * size].reshape(-1, size) / np.float32(32768)
        spectrum = np.abs(np.fft.rfft(windows * np.hanning(size + 1)[:-1], axis=1)) ** 2
        hertz = np.fft.rfftfreq(size, WINDOW / size)
        edges = np.searchsorted(hertz, BANDS)
        bands = [spectrum[:, low:high].sum(axis=1) for low, high in itertools.pairwise(edges)]
        return np.stack(bands, axis=1).astype(np.float32)


class MadeUp:
    """Tells the words of one caller from those that were made up."""

    def __init__(self, phrases: Phrases) -> None:
        self._subtitles = tuple(f"{phrase.replace('-', ' ')} " for phrase in phrases.subtitles)
        self._goodbyes, self._doubtful = phrases.goodbyes, phrases.hallucinations | phrases.goodbyes
        self._levels: deque[float] = deque(maxlen=REMEMBERED)
        self._last, self._in_a_row = "", 0  # the last words that counted, and how often they have come since any others
        self._doubts = 0  # such phrases that have counted since anything else was said

    def is_made_up(self, transcript: str, sound: Sound, confidence: float = 0.0) -> bool:
        """Return whether the transcript has words that nobody said; `confidence` is 0 where it is not known."""
        words = languages.plain(transcript)
        doubted = bool(words) and self._is_doubted(words, sound, confidence)
        if doubted:
            logger.debug("A sound bears no words: %.2f s of voice, movement %s dB", sound.voiced, sound.movement)
        return doubted

    def _is_doubted(self, words: str, sound: Sound, confidence: float) -> bool:
        if f"{words.replace('-', ' ')} ".startswith(self._subtitles):
            return not sound.bears(words, USUAL)
        if not self._is_doubtful(words):
            return False
        faint = bool(self._levels) and sound.level < statistics.median(self._levels) - FAINT
        repeated = (words == self._last and self._in_a_row >= IN_A_ROW) or (
            self._doubts >= ANY_IN_A_ROW and not self._goodbyes.issuperset(self._phrases_in(words))
        )
        return faint or repeated or 0 < confidence < UNSURE or not sound.bears(words)

    def remember(self, transcript: str, sound: Sound) -> None:
        """Remember a segment that has ended and whose words count."""
        words = languages.plain(transcript)
        self._in_a_row = self._in_a_row + 1 if words == self._last else 1
        self._last = words
        if self._is_doubtful(words):
            self._doubts += 1
        else:
            self._doubts = 0
            self._levels.append(sound.level)

    def _is_doubtful(self, words: str) -> bool:
        return self._doubtful.issuperset(self._phrases_in(words))

    def _phrases_in(self, words: str) -> list[str]:
        return languages.split_phrases(words, self._doubtful)
