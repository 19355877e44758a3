"""What the endpoints make of a sound, however the phone and the line have handled it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.sides.endpoints.recognise import UNKNOWN, Array, Known
from tests.bench.sounds import Fragment, Sound
from tests.support import sounds

RATE = 8000
TEXTS = [("My number is", "five five", "one two three."), ("Yes, please.",), ("I would like to book a table",)] * 10


def babble(seconds: float, chance: np.random.Generator) -> Array:
    """Something with syllables in it, each of another loudness, length and vowel."""
    parts: list[Array] = []
    while sum(len(part) for part in parts) < seconds * RATE:
        time = np.arange(int(chance.uniform(0.08, 0.3) * RATE)) / RATE
        vowel = sum(np.sin(2 * np.pi * chance.uniform(150, 3300) * time) for _ in range(4))
        parts.append(vowel * np.sin(np.pi * time / time[-1]) * chance.uniform(0.01, 0.06))
    return np.concatenate(parts)[: int(seconds * RATE)].astype(np.float32)


def wav(samples: Array, rate: int = RATE) -> bytes:
    return sounds.wav((np.clip(samples, -1, 1) * 32767).astype(np.int16), rate)


@pytest.fixture(scope="module")
def samples() -> list[list[Array]]:
    chance = np.random.default_rng(7)
    return [[babble(chance.uniform(0.5, 1.5), chance) for _ in texts] for texts in TEXTS]


PAUSE = np.zeros(int(0.7 * RATE), np.float32)


@pytest.fixture(scope="module")
def known(samples: list[list[Array]], tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder, sounds = tmp_path_factory.mktemp("sounds"), []
    for number, (texts, parts) in enumerate(zip(TEXTS, samples, strict=True)):
        at, fragments, whole = 0.0, [], []
        for text, part in zip(texts, parts, strict=True):
            fragments.append(Fragment(f"{text} ({number})", at, at + len(part) / RATE))
            at += (len(part) + len(PAUSE)) / RATE
            whole += [part, PAUSE]
        file = folder / f"{number}.wav"
        file.write_bytes(wav(np.concatenate(whole)))
        sounds.append(Sound(str(number), "turn", "", "", False, "", file, tuple(fragments)))
    saved = folder / "known.npz"
    Known.of(sounds).save(saved)
    return Known.load(saved)


def handled(samples: Array, seed: int) -> Array:
    """Louder, noisier, with silence around it and a few milliseconds dropped, as after a jitter buffer."""
    chance = np.random.default_rng(seed)
    dropped = np.delete(samples, np.s_[len(samples) // 2 : len(samples) // 2 + 160])
    around = [np.zeros(int(chance.uniform(0, 0.6) * RATE), np.float32) for _ in range(2)]
    heard = np.concatenate([around[0], dropped * chance.uniform(0.5, 8), around[1]])
    return np.asarray(heard + chance.normal(0, 0.0005, len(heard)), np.float32)


def test_a_sound_is_known_again_through_gain_noise_and_lost_packets(known: Known, samples: list[list[Array]]) -> None:
    for number, (texts, parts) in enumerate(zip(TEXTS, samples, strict=True)):
        if len(parts) == 1:
            assert known.recognise(wav(handled(parts[0], number))) == f"{texts[0]} ({number})"


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)])
def test_a_sound_that_was_cut_off_gets_the_text_that_was_cut_off(
    known: Known, samples: list[list[Array]], first: int, last: int
) -> None:
    for number in range(0, len(TEXTS), 3):
        parts = [sound for part in samples[number][first : last + 1] for sound in (part, PAUSE)]
        expected = " ".join(f"{text} ({number})" for text in TEXTS[number][first : last + 1])
        assert known.recognise(wav(handled(np.concatenate(parts), number))) == expected


@pytest.mark.parametrize("share", [0.45, 0.7])
def test_of_a_fragment_that_breaks_off_there_are_as_many_words_as_there_was_time_for(
    known: Known, samples: list[list[Array]], share: float
) -> None:
    for number in range(2, len(TEXTS), 3):
        part, text = samples[number][0], f"{TEXTS[number][0]} ({number})"
        heard = known.recognise(wav(handled(part[: int(share * len(part))], number)))
        assert text.startswith(heard)
        assert len(heard) == pytest.approx(share * len(text), abs=8)


def test_another_rate_makes_no_difference(known: Known, samples: list[list[Array]]) -> None:
    part = samples[1][0]
    time = np.arange(len(part) * 3) / 3
    assert known.recognise(wav(np.interp(time, np.arange(len(part)), part).astype(np.float32), 3 * RATE)) == (
        "Yes, please. (1)"
    )


def test_what_nobody_says_here_is_not_understood(known: Known) -> None:
    chance = np.random.default_rng(8)
    for _ in range(50):
        assert known.recognise(wav(babble(chance.uniform(0.5, 4), chance))) == UNKNOWN
    assert known.recognise(wav(np.zeros(RATE, np.float32))) == UNKNOWN
    assert known.recognise(wav(np.zeros(0, np.float32))) == UNKNOWN
