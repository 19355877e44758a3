"""The driver's calls, to a small gateway on loopback."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.turns.driver.__main__ import hold_all, load
from tests.bench.turns.driver.caller import SETTLED, hold
from tests.bench.turns.driver.record import record
from tests.bench.turns.driver.talk import Step, Talk
from tests.support.sounds import wav
from tests.unit.phone.gateway import Behaviour, Gateway, tone

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Half a second each; the second has a pause of 0.5 s in it."""
    whole, hesitant = tone(0.5), np.concatenate([tone(0.4), tone(0.5, 0), tone(0.4)])
    for name, pcm in (("whole", whole), ("hesitant", hesitant)):
        (tmp_path / f"{name}.wav").write_bytes(wav(pcm))
    return tmp_path


async def held(behaviour: Behaviour, sounds: Path, *steps: Step, **more: Any) -> dict[str, Any]:
    with Gateway(behaviour) as gateway:
        host, _, port = gateway.address.partition(":")
        talk = Talk("one", "+12025550100", steps, reply_timeout=1.0, patience=0.4, **more)
        [kept] = await hold_all([talk], (host, int(port)), sounds)
    return kept


async def test_each_sentence_waits_for_the_end_of_the_reply_before(sounds: Path) -> None:
    kept = await held(Behaviour(reply=(0.3, 0.6)), sounds, Step("whole.wav"), Step("whole.wav"))
    assert len(kept["line"]) == 3
    greeting, reply, other = kept["line"]
    first, second = (saying["start"] for saying in kept["sayings"])
    assert first == pytest.approx(greeting[1] + 0.4, abs=0.25)
    assert reply[0] == pytest.approx(first + 0.5 + 0.3, abs=0.2)
    assert second == pytest.approx(reply[1] + 0.4, abs=0.25)
    assert other[0] > second


async def test_a_step_into_the_line_s_speech_is_said_over_it(sounds: Path) -> None:
    behaviour = Behaviour(greeting=(0.1, 3), reply=(0.6, 0.6), yields_after=0.3)
    kept = await held(behaviour, sounds, Step("whole.wav", into=0.5))
    assert kept["sayings"][0]["start"] == pytest.approx(kept["line"][0][0] + 0.5, abs=0.2)
    assert kept["line"][0][1] == pytest.approx(kept["sayings"][0]["start"] + 0.3, abs=0.2)
    assert len(kept["line"]) == 2  # the reply was waited for


async def test_a_reply_into_a_pause_is_in_the_record(sounds: Path) -> None:
    kept = await held(Behaviour(reply=(0.3, 0.6)), sounds, Step("hesitant.wav"))
    start = kept["sayings"][0]["start"]
    assert any(start + 0.4 < begin < start + 0.9 for begin, _ in kept["line"])


async def test_after_a_reply_that_broke_off_another_is_waited_for(sounds: Path) -> None:
    kept = await held(Behaviour(reply=(0.3, 0.2), replies=1), sounds, Step("whole.wav"), Step("whole.wav"))
    first, second = (saying["start"] for saying in kept["sayings"])
    assert second - first > 0.5 + SETTLED


async def test_a_line_that_never_answers_a_sentence_is_left_after_a_while(sounds: Path) -> None:
    kept = await held(Behaviour(reply=None), sounds, Step("whole.wav"), Step("whole.wav", into=0.5))
    assert [saying["start"] is None for saying in kept["sayings"]] == [False, True]
    assert kept["ended_by"] == "caller"


async def test_a_line_that_does_not_greet_is_told_nothing(sounds: Path) -> None:
    kept = await held(Behaviour(greeting=None), sounds, Step("whole.wav"), greeting_timeout=0.5)
    assert kept["sayings"] == [{"sound": "whole.wav", "start": None}]
    assert kept["line"] == []


async def test_a_call_that_is_refused_is_told_of(sounds: Path) -> None:
    kept = await held(Behaviour(refuse=(486, "Busy Here")), sounds, Step("whole.wav"))
    assert (kept["id"], kept["status"], kept["phrase"]) == ("one", 486, "Busy Here")


async def test_a_line_that_hangs_up_ends_the_talk(sounds: Path) -> None:
    kept = await held(Behaviour(hang_up_after=0.3), sounds, *[Step("whole.wav")] * 3)
    assert kept["ended_by"] == "line"
    assert kept["sayings"][2]["start"] is None


async def test_a_talk_that_runs_out_of_time_is_told_of(sounds: Path) -> None:
    kept = await held(Behaviour(greeting=(0.1, 30)), sounds, Step("whole.wav"), max_seconds=0.5)
    assert kept["ran_out"]
    assert kept["sayings"] == [{"sound": "whole.wav", "start": None}]


async def test_calls_at_once_share_one_clock() -> None:
    with Gateway(Behaviour(greeting=(0.1, 0.5))) as one, Gateway(Behaviour(greeting=(0.1, 0.5))) as other:
        addresses = [("127.0.0.1", int(gateway.address.partition(":")[2])) for gateway in (one, other)]
        talks = [Talk("late", "+12025550100", (), delay=0.3), Talk("early", "+12025550100", ())]
        calls = [hold(talk, address, load) for talk, address in zip(talks, addresses, strict=True)]
        late, early = [record(call) for call in await asyncio.gather(*calls)]
    assert late["invited_at"] - early["invited_at"] == pytest.approx(0.3, abs=0.05)
    assert early["packets_sent"] > early["packets_late"]


def test_a_sound_of_another_rate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wide.wav").write_bytes(wav(np.zeros(160, np.int16), 16000))
    with pytest.raises(ValueError, match="16000"):
        load(tmp_path / "wide.wav")
