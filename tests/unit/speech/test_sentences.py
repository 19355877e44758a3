"""The sentences that never change become sound files while an image is built, and one that cannot be heard ends it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech import sentences
from tests.support.sounds import wav

ROOM = Path(__file__).parents[3] / "speech"


def texts(folder: Path, **languages: str) -> Path:
    for language, toml in languages.items():
        (folder / language).mkdir(parents=True)
        (folder / language / "sentences.toml").write_text(toml)
    return folder


def espeak(folder: Path, monkeypatch: pytest.MonkeyPatch, sound: bytes) -> Path:
    """Put a program of espeak-ng's name first on the path; it gives this sound, and writes its arguments to a file."""
    (folder / "sound.wav").write_bytes(wav(np.frombuffer(sound, np.int16), 22050))
    program = folder / "espeak-ng"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {folder}/arguments\ncat {folder}/sound.wav\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "arguments"


def tone(seconds: float, rate: int) -> bytes:
    return bytes((8000 * np.sin(np.arange(round(seconds * rate)) * 0.06)).astype("<i2"))


def test_every_english_sentence_is_spoken_by_the_embedded_voice(tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", en='hello = "Hello."\nbusy = "All lines are busy."\n')
    sentences.main(folder, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "en").iterdir()) == ["busy.ogg", "hello.ogg"]
    sound = sentences.read(tmp_path / "out" / "en" / "hello.ogg")
    assert 0.2 < len(sound) / sentences.RATE < 2


def test_other_languages_are_spoken_by_espeak_in_its_voice_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = espeak(tmp_path, monkeypatch, tone(1.0, 22050))
    sentences.main(texts(tmp_path / "texts", fr='hello = "Bonjour."\n'), tmp_path / "out")
    assert arguments.read_text().splitlines() == ["-v", "fr-fr", "-s", "150", "--stdout", "Bonjour."]
    assert len(sentences.read(tmp_path / "out" / "fr" / "hello.ogg")) == pytest.approx(sentences.RATE, rel=0.05)


def test_a_sentence_that_cannot_be_heard_ends_the_build_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    espeak(tmp_path, monkeypatch, tone(0.2, 22050))
    folder = texts(tmp_path / "texts", de=f'hello = "Hallo"\nlong = "{"Wort " * 20}"\nlonger = "{"Wort " * 40}"\n')
    with pytest.raises(SystemExit, match=r"de/sentences.toml: long lasts 0\.2 s, expected 3\.0 s or more"):
        sentences.main(folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("language", "toml", "complaint"),
    [
        ("en", "hello = ", "sentences.toml is not valid TOML"),
        ("en", "hello = 3", "hello is 3; expected a sentence in quotation marks"),
        ("xx", 'hello = "Hi"', "there is no voice for 'xx', only for de, en, es, fr"),
    ],
)
def test_a_file_that_cannot_be_spoken_is_refused(tmp_path: Path, language: str, toml: str, complaint: str) -> None:
    with pytest.raises(SystemExit, match=complaint):
        sentences.main(texts(tmp_path / "texts", **{language: toml}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has no <language>/sentences.toml in it"):
        sentences.main(tmp_path, tmp_path / "out")


def test_a_recorded_sentence_is_read_as_it_was_written(tmp_path: Path) -> None:
    sentences.write(tmp_path / "a.ogg", np.frombuffer(tone(1.0, sentences.RATE), np.int16))
    assert sentences.problem_of(sentences.read(tmp_path / "a.ogg"), "Hello.") is None


def test_a_sentence_that_cannot_be_heard_is_a_problem() -> None:
    second = np.zeros(sentences.RATE, np.int16)
    assert "is silent" in str(sentences.problem_of(second, "Hello."))
    assert "lasts 1.0 s, expected 3.0 s" in str(sentences.problem_of(second + np.int16(8000), "H" * 100))
    assert "lasts 0.0 s" in str(sentences.problem_of(second[:0], "Hello."))


def test_nothing_is_imported_but_what_the_lock_of_the_voice_installs() -> None:
    program = "import sys, speech.sentences; print([name for name in sys.modules if name in ('pydantic', 'starlette')])"
    environment = {"PYTHONPATH": str(ROOM / "src")}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
