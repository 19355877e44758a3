"""Words that speech to text makes up where nobody spoke."""

import wave

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import inference
from livekit.agents.vad import VADEventType

from agent import languages
from agent.turns.made_up import FASTEST, USUAL, MadeUp, Sound
from phone.audio import RATE, Pcm, resample
from phone.sound.speech import synthesise
from tests.support.sounds import CLIPS, FORMANTS, hum, loud

BYES = sorted(path.stem for path in CLIPS.glob("bye-*.wav"))
DETECTED = 16000  # Hz, of voice activity detection
NOISES = ("cough", "breath", "click", "door", "beep", "fan")


def clip(name: str) -> Pcm:
    with wave.open(str(CLIPS / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def noise(kind: str) -> Pcm:
    rng, time = np.random.default_rng(1), np.arange(round(0.4 * RATE)) / RATE
    air = rng.normal(size=len(time))
    made = {
        "cough": air * (np.exp(-time / 0.035) + 0.25 * np.minimum(time / 0.05, 1) * np.exp(-time / 0.14)),
        "breath": air * np.hanning(len(time)) * 0.3,
        "click": air * (time < 0.01),
        "door": (np.sin(2 * np.pi * 90 * time) + np.sin(2 * np.pi * 330 * time) + 0.4 * air) * np.exp(-time / 0.06),
        "beep": np.sin(2 * np.pi * 440 * time),
        "fan": np.cumsum(air) - np.linspace(0, np.sum(air), len(air)),
    }
    return loud(made[kind])


async def heard(pcm: Pcm) -> list[Sound]:
    """What voice activity detection finds in a sound on a line that hisses a little, as `EagerSTT` collects it."""
    quiet = np.concatenate([np.zeros(RATE // 2, np.int16), pcm, np.zeros(RATE, np.int16)])
    hiss = np.random.default_rng(2).normal(scale=15, size=len(quiet)).astype(np.int16)
    samples = resample(quiet + hiss, RATE, DETECTED)
    events = inference.VAD(min_silence_duration=0.3).stream()
    for start in range(0, len(samples) - 319, 320):
        events.push_frame(rtc.AudioFrame(samples[start : start + 320].tobytes(), DETECTED, 1, 320))
    events.end_input()
    segments: list[Sound] = []
    async for event in events:
        if event.type == VADEventType.START_OF_SPEECH:
            segments.append(Sound(frames=list(event.frames)))
        elif event.type == VADEventType.INFERENCE_DONE and event.speaking:
            segments[-1].hear(event.frames, event.probability)
    return segments


def made_up(language: str = "en") -> MadeUp:
    return MadeUp(languages.phrases(language))


def words_for(seconds: float) -> Sound:
    """A sound with this much voice in it, whose colour changes as that of speech does."""
    time = np.arange(round(seconds * DETECTED)) / DETECTED
    samples = (8000 * np.sin(2 * np.pi * (400 + 2000 * (time * 6 % 1)) * time)).astype(np.int16)
    sound = Sound()
    for start in range(0, len(samples) - 511, 512):
        sound.hear([rtc.AudioFrame(samples[start : start + 512].tobytes(), DETECTED, 1, 512)], 0.99)
    return sound


@pytest.mark.parametrize("name", BYES)
async def test_a_bye_of_half_a_second_counts(name: str) -> None:
    [sound] = await heard(clip(name))
    assert not made_up().is_made_up("Bye.", sound)


def test_there_are_byes_in_four_voices() -> None:
    assert len(BYES) == 4
    assert all(len(clip(name)) < 0.8 * RATE for name in BYES)


@pytest.mark.parametrize("text", ["Goodbye.", "Thank you.", "Thank you very much.", "Thanks, bye."])
async def test_a_caller_who_says_it_is_believed(text: str) -> None:
    [pcm] = synthesise([text])
    [sound] = await heard(pcm)
    assert not made_up().is_made_up(text, sound)


@pytest.mark.parametrize("text", ["Bye.", "You", "Thank you.", "Thanks for watching!"])
@pytest.mark.parametrize("pitch", [110, 140, 220])
@pytest.mark.parametrize("vowel", FORMANTS)
async def test_a_hum_says_nothing(vowel: str, pitch: float, text: str) -> None:
    assert all(made_up().is_made_up(text, sound) for sound in await heard(hum(vowel, pitch, 0.4)))


async def test_some_hums_are_taken_for_speech_by_voice_activity_detection() -> None:
    assert [len(await heard(hum("ah", pitch, 0.4))) for pitch in (110, 140, 220)] == [1, 1, 1]


@pytest.mark.parametrize("kind", NOISES)
async def test_a_noise_says_nothing(kind: str) -> None:
    assert all(made_up().is_made_up("Bye.", sound) for sound in await heard(noise(kind)))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Thanks for watching!"),
        ("en", "Subtitles by the Amara.org community"),
        ("de", "Untertitel der Amara.org-Community"),
        ("de", "Untertitelung des ZDF, 2020"),
        ("es", "Subtítulos realizados por la comunidad de Amara.org"),
        ("es", "¡Gracias por ver el vídeo!"),
        ("fr", "Sous-titres réalisés par la communauté d'Amara.org"),
        ("fr", "Sous-titrage Société Radio-Canada"),
    ],
)
def test_subtitles_need_a_sound_that_is_as_long_as_they_are(language: str, text: str) -> None:
    length = USUAL * len(languages.plain(text).split())
    assert made_up(language).is_made_up(text, words_for(length - 0.1))
    assert not made_up(language).is_made_up(text, words_for(length + 0.1))


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Bye."), ("en", "You"), ("de", "Tschüss."), ("es", "Adiós."), ("fr", "Au revoir.")]
)
def test_a_sound_that_is_too_short_for_them_has_no_words(language: str, text: str) -> None:
    assert made_up(language).is_made_up(text, words_for(0.07))
    assert not made_up(language).is_made_up(text, words_for(0.3))


def test_four_words_need_more_time_than_one() -> None:
    assert made_up().is_made_up("Thank you very much.", words_for(4 * FASTEST - 0.05))
    assert not made_up().is_made_up("Thank you very much.", words_for(4 * FASTEST + 0.05))


@pytest.mark.parametrize("text", ["Yes.", "No.", "Five.", "A table for two, please.", "Stop.", "Was?", ""])
def test_what_is_not_known_to_be_made_up_counts_however_short_it_is(text: str) -> None:
    assert not made_up().is_made_up(text, Sound())


def test_the_same_phrase_counts_twice_in_a_row_and_again_after_other_words() -> None:
    judge, sound = made_up(), words_for(0.5)
    counted = []
    for text in ["You", "You", "You", "You", "When are you open?", "You"]:
        counted.append(not judge.is_made_up(text, sound))
        if counted[-1]:
            judge.remember(text, sound)
    assert counted == [True, True, False, False, True, True]


def test_noise_that_is_heard_as_one_phrase_and_then_another_counts_no_longer_than_that() -> None:
    judge, sound = made_up(), words_for(0.5)
    counted = 0
    for text in ["You", "Thank you.", "So", "Thanks."] * 10:
        if not judge.is_made_up(text, sound):
            judge.remember(text, sound)
            counted += 1
    assert counted == 4
    assert not judge.is_made_up("Goodbye.", sound)


def test_a_caller_who_says_goodbye_after_such_noise_is_believed() -> None:
    judge, sound = made_up(), words_for(0.5)
    for _ in range(2):
        judge.remember("You", sound)
    assert not judge.is_made_up("Goodbye.", sound)


def test_what_is_far_quieter_than_the_caller_is_not_the_caller() -> None:
    judge, sound = made_up(), words_for(0.5)
    faint = Sound(sound.voiced, [_quieter(frame) for frame in sound.frames])
    assert not judge.is_made_up("Bye.", faint)
    judge.remember("I would like a table for two.", sound)
    assert judge.is_made_up("Bye.", faint)
    assert not judge.is_made_up("Bye.", sound)


def _quieter(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    samples = np.frombuffer(frame.data, np.int16) // 20
    return rtc.AudioFrame(samples.tobytes(), frame.sample_rate, 1, frame.samples_per_channel)


def test_a_provider_that_doubts_its_own_words_is_believed_in_that() -> None:
    assert made_up().is_made_up("Bye.", words_for(0.5), confidence=0.1)
    assert not made_up().is_made_up("Bye.", words_for(0.5), confidence=0.9)
    assert not made_up().is_made_up("At nine.", words_for(0.5), confidence=0.1)


async def test_a_sentence_is_speech_even_without_words_and_a_short_word_or_a_noise_is_not() -> None:
    [sentence, word] = synthesise(["I would like to book a table for two tomorrow evening.", "Goodbye."])
    assert any(sound.is_speech for sound in await heard(sentence))
    for pcm in (word, noise("cough"), hum("ah", 110, 2.0)):
        assert not any(sound.is_speech for sound in await heard(pcm))
