"""Word error rates of speech to text: what counts as a mistake, and what the tables say."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import pytest

from phone.audio import RATE
from speech.models.engines import Segment, SoundLength
from tests.bench.hearing import listening, tables
from tests.bench.hearing.command import MODELS, record
from tests.bench.hearing.utterances import VOICES, Utterance, carry, sentences
from tests.bench.hearing.words import wrong_words
from tests.bench.sounds.synthesis import Speech
from tests.bench.sounds.telephone import SPEECH_DBFS, level, signal
from tests.support.sounds import wav


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("The order number is four eight two one three.", "The order number is 48213."),
        ("It's booked under Patel, P, A, T, E, L.", "It's booked under Patel. P-A-T-E-L."),
        ("The bill says forty three dollars and fifty cents.", "The bill says $43.50."),
        ("May I speak to Mister Henderson?", "May I speak to Mr. Henderson?"),
        ("Can you do Friday the twenty third at eight fifteen?", "Can you do Friday the 23rd at 8:15?"),
        ("About twenty five people will come.", "About 25 people will come."),
        ("Is the first of March still available?", "Is the 1st of March still available?"),
        ("I'd like, um, a table for four people.", "i'd like a table for 4 people"),
    ],
)
def test_the_same_words_in_figures_or_with_signs_are_no_mistake(said: str, heard: str) -> None:
    assert wrong_words(said, heard)[0] == 0


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("The order number is four eight two one three.", "The order number is 48223.", 1),
        ("The bill says forty three dollars and fifty cents.", "The bill says $43.15.", 2),
        ("Can you do Friday at eight fifteen?", "Can you do Friday at 8:50?", 2),
        ("Yes, please.", "", 2),
        ("Please tell Julia that Marcus called.", "Please tell Julia that Mark has called.", 2),
    ],
)
def test_another_digit_and_another_word_are_mistakes(said: str, heard: str, wrong: int) -> None:
    assert wrong_words(said, heard)[0] == wrong


def test_there_are_sixty_sentences_and_no_two_are_the_same() -> None:
    assert len(sentences()) == len(set(sentences())) == 60


def test_at_least_four_voices_of_both_sexes_and_of_two_synthesizers_speak() -> None:
    assert len(VOICES) >= 4
    assert {voice.sex for voice in VOICES} == {"female", "male"}
    assert {voice.engine for voice in VOICES} == {"kokoro", "piper"}


def test_the_line_takes_what_is_above_its_band_and_brings_the_voice_to_its_level() -> None:
    time = np.arange(RATE) / RATE
    tones = {hertz: np.sin(2 * np.pi * hertz * time) for hertz in (1000, 3800)}
    pcm = (3000 * (tones[1000] + tones[3800])).astype(np.int16)
    carried = signal(carry(Speech(pcm, []), (), "a"))
    strengths = {hertz: abs(np.fft.rfft(carried, RATE)[hertz]) for hertz in tones}
    assert strengths[3800] < strengths[1000] / 30
    assert level(carried) == pytest.approx(SPEECH_DBFS, abs=1.5)


def test_speech_to_text_gets_a_wav_of_8_khz() -> None:
    with wave.open(io.BytesIO(wav(np.arange(80, dtype=np.int16)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()) == (8000, 1, 2, 80)


class Ears:
    """Hears the same in everything, and notes who was asked, in which order."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked

    def transcribe(self, sound: bytes, wanted: Any, emit: Any) -> None:
        self._asked.append(self._name)
        assert wanted.model == self._name
        emit(SoundLength(1.0))
        for text in (" Yes,", " please."):
            assert not emit(Segment(0.0, 1.0, text))


def test_the_models_take_turns_and_are_reported_in_the_order_given() -> None:
    asked: list[str] = []
    models: Any = {name: Ears(name, asked) for name in MODELS}
    said = [Utterance(number, "joe", "Yes, please.", 1.0, b"") for number in range(2)]
    found = list(listening.listen(models, said))
    first, second = MODELS
    assert asked == [first, second, second, first]
    assert [[heard.model for heard in each] for _, each in found] == [MODELS, MODELS]
    assert {heard.text for _, each in found for heard in each} == {"Yes, please."}


def a_record(sentence: int, voice: str, said: str, *heard: tuple[str, float]) -> dict[str, Any]:
    found = [listening.Heard(name, text, wall, 2 * wall) for name, (text, wall) in zip("ab", heard, strict=True)]
    return record(Utterance(sentence, voice, said, 1.0, b""), found)


RECORDS = [
    a_record(0, "joe", "one two three four", ("one two three four", 0.5), ("one two three", 0.7)),
    a_record(0, "emma", "one two three four", ("one two three four", 0.5), ("one three", 0.9)),
    a_record(1, "joe", "yes please", ("yes peas", 0.5), ("yes please", 0.8)),
]


def test_the_rate_is_of_all_words_rather_than_of_sentences() -> None:
    table = tables.error_table(RECORDS).splitlines()
    assert table[1].split()[:2] == ["joe", "16.7%"]  # 1 of 6
    assert table[2].split()[:2] == ["emma", "0.0%"]
    assert table[3].split()[:3] == ["all", "voices", "10.0%"]
    assert " 30.0% [" in table[3]


def test_a_difference_is_taken_utterance_by_utterance() -> None:
    errors, time, cpu = (
        tables.more_errors(RECORDS, "a", "b"),
        tables.more_time(RECORDS, "a", "b", "wall"),
        tables.more_time(RECORDS, "a", "b", "cpu"),
    )
    assert errors
    assert time
    assert cpu
    assert errors.value == pytest.approx(0.2)  # three more, one less, of ten
    assert errors.low == pytest.approx(-0.5)  # twice the second sentence
    assert errors.high == pytest.approx(0.375)  # twice the first
    assert [time.value, cpu.value] == pytest.approx([0.3, 0.6])


def test_the_tables_have_a_column_for_each_model() -> None:
    assert tables.time_table(RECORDS).splitlines()[0].split()[-2:] == ["a", "b"]
    assert tables.difference_table(RECORDS).splitlines()[0].split() == ["more", "than", "a", "b"]
