"""The model that hears in the prosody of a voice whether it goes on, in its own process."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from livekit.local_inference import EOT, EOT_MAX_SAMPLES

from agent.turns import prosody
from agent.turns.prosody import ASKED_AFTER, RATE, Prosody, ProsodyProcess
from agent.turns.prosody_server import ANSWER, QUESTION


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "prosody.sock"
    monkeypatch.setattr(prosody, "SOCKET", path)
    return path


def voice(seconds: float, silence: float) -> np.ndarray:
    """A hum that falls in pitch, and then the noise of a line."""
    time = np.arange(round(seconds * RATE)) / RATE
    hum = 6000 * np.sin(2 * np.pi * (180 * time - 20 * time**2))
    noise = np.random.default_rng(1).integers(-8, 8, round(silence * RATE))
    return np.concatenate([hum, noise]).astype(np.int16)


async def is_there(socket: Path) -> None:
    async with asyncio.timeout(20):
        while not socket.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)


@pytest.mark.real_time
async def test_the_process_says_what_the_model_says_of_the_moments_after_the_voice(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prosody, "ANSWERED_WITHIN", 20.0)  # this machine may be busy
    listener = ProsodyProcess(lambda: True)
    await listener.ensure_running()
    try:
        await is_there(socket)
        ear = Prosody()
        sound = voice(1.5, 0.3)
        for start in range(0, len(sound), 320):
            ear.hear(sound[start : start + 320])
        expected = []
        for after in ASKED_AFTER:
            end = round((1.5 + after) * RATE)
            expected.append(EOT().predict(sound[end - EOT_MAX_SAMPLES : end].copy()))
        assert await ear.probability() == pytest.approx(np.mean(expected), abs=0.02)
        ear.close()
    finally:
        await listener.stop()


async def test_it_is_one_process_for_all_calls_and_gone_a_while_after_the_last(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = ProsodyProcess(lambda: True)
    await listener.ensure_running()
    first = listener._process
    await listener.ensure_running()
    assert listener._process is first
    await listener.stop_if_idle()
    assert listener._process is first
    monkeypatch.setattr(prosody, "KEPT_AFTER_CALLS", -1.0)
    await listener.stop_if_idle()
    assert listener._process is None
    assert first is not None
    assert first.returncode is not None


async def test_one_that_died_is_started_again(socket: Path) -> None:
    listener = ProsodyProcess(lambda: True)
    await listener.ensure_running()
    first = listener._process
    assert first is not None
    first.kill()
    await first.wait()
    await listener.ensure_running()
    assert listener._process is not first
    await listener.stop()


async def test_where_it_cannot_be_asked_there_is_no_answer(socket: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert await Prosody().probability() is None
    assert "Could not judge the prosody" in caplog.text


async def test_one_that_hangs_is_not_waited_for(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.close()

    monkeypatch.setattr(prosody, "ANSWERED_WITHIN", 0.05)
    async with await asyncio.start_unix_server(hang, socket):
        assert await Prosody().probability() is None
        await asyncio.sleep(0.5)


async def test_an_answer_nobody_waited_for_is_not_taken_for_the_next_one(socket: Path) -> None:
    may_answer = asyncio.Event()
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        try:
            while True:
                await reader.readexactly(QUESTION)
                asked += 1
                says = 0.1 if asked == 1 else 0.9
                await may_answer.wait()
                writer.write(ANSWER.pack(says))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_unix_server(answer, socket):
        ear = Prosody()
        first = asyncio.create_task(ear.probability())
        async with asyncio.timeout(5):
            while not asked:  # noqa: ASYNC110 - the other side counts
                await asyncio.sleep(0.01)
        first.cancel()  # the caller has gone on
        await asyncio.wait([first])
        may_answer.set()
        assert await ear.probability() == pytest.approx(0.9)
        ear.close()
        await asyncio.sleep(0.05)


async def test_only_the_last_sound_is_kept_however_long_the_caller_speaks() -> None:
    ear = Prosody()
    for number in range(300):
        ear.hear(np.full(320, number, np.int16))
    assert sum(map(len, ear._frames)) < prosody.REMEMBERED + 320
    kept = np.concatenate(ear._frames)[-prosody.REMEMBERED :]
    assert (kept[-1], kept[0]) == (299, 299 - (prosody.REMEMBERED - 1) // 320)
