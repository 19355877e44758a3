"""What is written beside the WAVs is what is read."""

from pathlib import Path

import pytest

from tests.bench.sounds import Fragment, Sound, render
from tests.bench.sounds.sound import read, save


def sound(folder: Path) -> Sound:
    fragments = (Fragment("Can I", 0.1, 0.5), Fragment("come?", 1.2, 1.6))
    wav = folder / "pause-001.wav"
    return Sound("pause-001", "pause", "joe", "male", True, "Can I come?", wav, fragments, "mid-clause", level=-23.0)


def test_a_sound_is_read_as_it_was_saved(tmp_path: Path) -> None:
    save(tmp_path, "abc", [sound(tmp_path)])
    assert read(tmp_path) == ("abc", [sound(tmp_path)])


def test_an_empty_folder_has_no_sounds(tmp_path: Path) -> None:
    assert read(tmp_path) == ("", [])


def test_sounds_that_are_up_to_date_are_not_rendered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def note(now: str) -> list[Sound]:
        rendered.append(now)
        return []

    monkeypatch.setattr(render, "FOLDER", tmp_path)
    monkeypatch.setattr(render, "RESULTS", tmp_path)
    monkeypatch.setattr(render, "render", note)
    save(tmp_path, render.fingerprint(), [sound(tmp_path)])
    assert render.load() == [sound(tmp_path)]
    save(tmp_path, "older", [sound(tmp_path)])
    assert render.load() == []
    assert rendered == [render.fingerprint()]
