"""A voice has the right pitch whatever its server sends, and what is no sound is a failure."""

from __future__ import annotations

import time

import numpy as np
import pytest
from livekit.agents import APIError, APIStatusError

from agent.providers.dialect.sound_formats import RawSound, container_of, is_text, raw_sound
from tests.support.fakes import voice as made_up
from tests.support.fakes.openai_api import FakeOpenAI, Rule
from tests.unit.agent.fakes import host, pipeline
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.providers.dialect.other_server import TWICE, sound_of, voice_of

TEXT = "We open at nine, and we close at five in the afternoon."
SECONDS = 0.02 * len(TEXT)
SPEAKING = INSTANT.changed(seconds_per_character=0.02)

SENT = {
    "wav as it should be": ("wav", 24000, "audio/wav"),
    "wav at another rate": ("wav", 16000, "audio/wav"),
    "wav under another type": ("wav", 22050, "application/octet-stream"),
    "wav of a CD": ("wav", 44100, "audio/wav"),
    "wav called pcm": ("wav", 16000, "audio/pcm"),
    "wav called mp3": ("wav", 8000, "audio/mpeg"),
    "wav in stereo": ("wav-stereo", 24000, "audio/wav"),
    "wav of floats": ("wav-float", 16000, "audio/wav"),
    "pcm with its rate": ("pcm", 16000, "audio/pcm;rate=16000"),
    "pcm with Piper's rate": ("pcm", 22050, "audio/pcm; rate=22050; channels=1"),
    "pcm in stereo": ("pcm-stereo", 16000, "audio/pcm;rate=16000;channels=2"),
    "L16 with its rate": ("pcm", 16000, "audio/L16;rate=16000"),
    "pcm at OpenAI's rate": ("pcm", 24000, "audio/pcm"),
    "mp3": ("mp3", 24000, "audio/mpeg"),
    "mp3 at another rate": ("mp3", 44100, "audio/mpeg"),
    "mp3 called pcm": ("mp3", 22050, "audio/pcm"),
    "mp3 called wav": ("mp3", 16000, "audio/wav"),
    "opus": ("opus", 48000, "audio/ogg;codec=opus"),
    "opus called mp3": ("opus", 24000, "audio/mpeg"),
    "flac": ("flac", 22050, "audio/x-flac"),
    "aac": ("aac", 24000, "audio/aac"),
}


def pitch(samples: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int) -> float:
    """The pitch of the made-up voice, in Hz: where its sound repeats itself."""
    sound = samples[rate // 4 : rate // 4 + rate // 2].astype(np.float64)
    sound -= sound.mean()
    shortest, longest = rate // 300, rate // 60
    likeness = [float(sound[:-shift] @ sound[shift:]) for shift in range(shortest, longest)]
    return rate / (shortest + int(np.argmax(likeness)))


@pytest.mark.parametrize("sent", SENT)
async def test_the_pitch_and_the_length_are_right(endpoint: FakeOpenAI, sent: str) -> None:
    encoding, rate, content_type = SENT[sent]
    endpoint.script = SPEAKING.changed(sound=encoding, sound_rate=rate, sound_type=content_type)
    frame = await sound_of(voice_of(endpoint), TEXT)
    assert (frame.sample_rate, frame.num_channels) == (24000, 1)
    assert frame.duration == pytest.approx(SECONDS, abs=0.15)  # a codec may add silence at either end
    assert pitch(np.frombuffer(frame.data, np.int16), 24000) == pytest.approx(made_up.PITCH, rel=0.03)


async def test_samples_whose_rate_is_not_known_are_warned_of_once(
    endpoint: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.script = SPEAKING.changed(sound="pcm", sound_rate=16000, sound_type="audio/pcm")
    voice = voice_of(endpoint)
    for _ in range(2):
        await sound_of(voice, TEXT)
    [warning] = [record.getMessage() for record in caplog.records if "without their rate" in record.getMessage()]
    assert warning.startswith("127.0.0.1:")
    assert "24000 a second are assumed" in warning


def test_a_wrong_rate_would_be_noticed() -> None:
    samples = np.frombuffer(made_up.speech(2), np.int16)
    assert pitch(samples, 24000) == pytest.approx(made_up.PITCH, rel=0.03)
    assert pitch(samples, 16000) != pytest.approx(made_up.PITCH, rel=0.1)


async def test_another_server_is_asked_for_a_sound_that_says_its_rate_and_for_no_events(endpoint: FakeOpenAI) -> None:
    await sound_of(voice_of(endpoint), TEXT)
    [request] = endpoint.asked("tts")
    assert request.body["response_format"] == "wav"
    assert "stream_format" not in request.body


async def test_the_embedded_voice_is_asked_for_what_openai_is(endpoint: FakeOpenAI) -> None:
    voice = pipeline(settings=host(speech_url=endpoint.url), tts="speech/kokoro-heart").new_tts()
    await sound_of(voice, TEXT)
    [request] = endpoint.asked("tts")
    assert (request.body["response_format"], request.body["stream_format"]) == ("pcm", "sse")


async def test_a_long_sound_begins_before_its_end_has_come(endpoint: FakeOpenAI) -> None:
    endpoint.script = SPEAKING
    began = time.monotonic()
    first = None
    async with voice_of(endpoint).synthesize(TEXT * 10, conn_options=TWICE) as sound:
        async for _ in sound:
            first = first or time.monotonic() - began
    assert first
    assert first < 0.5 < 2 < time.monotonic() - began


async def test_a_format_that_is_refused_is_not_asked_for_again(endpoint: FakeOpenAI) -> None:
    endpoint.script = SPEAKING.changed(refused_formats=("wav", "pcm"))
    voice = voice_of(endpoint)
    for _ in range(2):
        assert (await sound_of(voice, TEXT)).duration == pytest.approx(SECONDS, abs=0.15)
    assert [request.body["response_format"] for request in endpoint.asked("tts")] == ["wav", "mp3", "mp3"]


async def test_a_server_that_refuses_every_format_is_a_failure_with_its_own_words(endpoint: FakeOpenAI) -> None:
    endpoint.script = SPEAKING.changed(refused_formats=("wav", "pcm", "mp3", "flac"))
    with pytest.raises(APIStatusError, match="another response_format"):
        await sound_of(voice_of(endpoint), TEXT)
    assert len(endpoint.asked("tts")) == 4


NO_SOUND = {
    "a web page": ("<!DOCTYPE html><title>Welcome</title>" + "<p>Hi</p>" * 500, "text/html", "a web page"),
    "a web page called audio": ("<html>" + "x" * 3000, "audio/pcm", "a web page"),
    "an error": ('{"error": {"message": "out of memory"}}', "application/json", "an error: out of memory"),
    "an error called audio": ('{"error": "no such voice"}', "audio/pcm", "an error: no such voice"),
    "FastAPI's error": ('{"detail": "not loaded"}', "application/json", "an error: not loaded"),
    "a text": ("Internal Server Error", "text/plain", "text"),
    "nothing": ("\n", "audio/pcm", "nothing"),
}


@pytest.mark.parametrize("sent", NO_SOUND)
async def test_what_is_no_sound_is_a_failure_that_says_what_came(endpoint: FakeOpenAI, sent: str) -> None:
    body, content_type, found = NO_SOUND[sent]
    endpoint.script = SPEAKING.changed(rules=(Rule("tts", body=body, content_type=content_type),))
    voice = voice_of(endpoint)
    errors: list[str] = []
    voice.on("error", lambda event: errors.append(str(event.error)))
    with pytest.raises(APIError):
        await sound_of(voice, TEXT)
    assert f"expected a sound, but the server answered with status 200 and {found}" in errors[0]


@pytest.mark.parametrize("fault", ["empty", "garbage"])
async def test_bytes_of_no_known_form_are_a_failure(endpoint: FakeOpenAI, fault: str) -> None:
    endpoint.script = SPEAKING.changed(faults={"tts": fault})
    with pytest.raises(APIError):
        await sound_of(voice_of(endpoint), TEXT)


async def test_a_broken_file_is_a_failure(endpoint: FakeOpenAI) -> None:
    endpoint.script = SPEAKING.changed(
        rules=(Rule("tts", body="OggS\x00\x01" + "\x02" * 3000, content_type="audio/ogg"),)
    )
    with pytest.raises(APIError):
        await sound_of(voice_of(endpoint), TEXT)


@pytest.mark.parametrize("piece", ["...", "—", "😊", "…", "!?", " ♪ "])
async def test_a_piece_without_words_is_a_moment_of_silence_for_which_nobody_is_asked(
    endpoint: FakeOpenAI, piece: str
) -> None:
    endpoint.script = SPEAKING.changed(faults={"tts": "empty"})
    frame = await sound_of(voice_of(endpoint), piece)
    assert 0 < frame.duration < 0.1
    assert not any(frame.data)
    assert endpoint.asked("tts") == []


@pytest.mark.parametrize("encoding", [name for name in made_up.ENCODINGS if not name.startswith("pcm")])
@pytest.mark.parametrize("rate", [16000, 24000])
def test_a_container_is_recognized_by_its_first_bytes(encoding: str, rate: int) -> None:
    assert container_of(made_up.encoded(made_up.speech(1), encoding, rate)[:1500])


def test_raw_samples_are_never_taken_for_a_container_nor_for_text() -> None:
    loud = np.random.default_rng(1).integers(-32768, 32767, 400_000, np.int16).tobytes()
    for start in range(0, 700_000, 997):
        head = loud[start : start + 1500]
        assert container_of(head) is None
        assert not is_text(head)
    assert not is_text(bytes(1500))


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        ({"content-type": "audio/pcm"}, RawSound()),
        ({"content-type": "audio/L16; rate=44100; channels=2"}, RawSound(44100, 2)),
        ({"content-type": 'audio/pcm;rate="8000"'}, RawSound(8000)),
        ({"content-type": "audio/pcm", "x-sample-rate": "22050"}, RawSound(22050)),
        ({"content-type": "audio/pcm", "x-audio-sample-rate": "16000", "x-channels": "1"}, RawSound(16000)),
        ({"content-type": "audio/pcm;bitrate=12800"}, RawSound()),
        ({"content-type": "audio/pcm", "x-bit-rate": "384000"}, RawSound()),
    ],
)
def test_the_rate_of_raw_samples_is_read_from_the_headers(headers: dict[str, str], raw: RawSound) -> None:
    assert raw_sound(headers) == raw
