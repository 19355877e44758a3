"""What a caller types is as good as said."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession

from agent.behaviors import take_digits as module
from agent.behaviors.take_digits import LONGEST, take_digits
from agent.conversation.transfer_state import TransferState
from tests.unit.agent.fakes import Loudspeaker, Recorded, ScriptedLLM, in_call, line, settle, spoken, until

TIMEOUT = 1.0


class Talk:
    """A call whose caller types, and may be speaking."""

    def __init__(self) -> None:
        self.model = ScriptedLLM(lambda words: f"You said {words}")
        self.session: AgentSession[None] = AgentSession(
            llm=self.model, vad=None, turn_handling={"turn_detection": None}, aec_warmup_duration=None
        )
        self.room = rtc.EventEmitter[str]()
        self.ending = SimpleNamespace(begun=False)
        self.transfer = TransferState()
        take_digits(
            in_call(
                session=self.session,
                room=self.room,
                participant=SimpleNamespace(identity="caller"),
                ending=self.ending,
                transfer=self.transfer,
                line=line(digits_timeout=TIMEOUT, digits_end="#"),
            )
        )

    def types(self, keys: str, who: str | None = "caller") -> None:
        for key in keys:
            participant = cast("Any", SimpleNamespace(identity=who)) if who else None
            self.room.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=key, participant=participant))

    def speaks(self, *, on: bool) -> None:
        self.session._update_user_state("speaking" if on else "listening")

    async def answers(self, number: int = 1) -> list[str]:
        await until(lambda: len(spoken(self.session)) >= number)
        await settle()
        return spoken(self.session)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    await talk.session.start(Agent(instructions="Be brief."), record=False)
    yield talk
    await talk.session.aclose()


async def test_keys_are_a_turn_when_no_more_come(talk: Talk) -> None:
    talk.types("123")
    await asyncio.sleep(TIMEOUT / 2)
    talk.types("4")
    await asyncio.sleep(TIMEOUT / 2)
    assert talk.model.contexts == []
    assert await talk.answers() == ["You said (keys pressed) 1 2 3 4"]
    await asyncio.sleep(2 * TIMEOUT)
    assert len(talk.model.contexts) == 1


async def test_digits_that_a_late_packet_has_reported_again_are_dropped(talk: Talk) -> None:
    talk.types("1")
    await asyncio.sleep(TIMEOUT / 2)
    talk.types("212")  # 2 was pressed, the late end of 1 arrived, and the next packet of 2
    await asyncio.sleep(TIMEOUT / 2)
    talk.types("3")
    assert await talk.answers() == ["You said (keys pressed) 1 2 3"]


async def test_an_end_key_that_is_reported_again_begins_no_other_number(talk: Talk) -> None:
    talk.types("45#5#")
    assert await talk.answers() == ["You said (keys pressed) 4 5"]
    await asyncio.sleep(2 * TIMEOUT)
    assert len(talk.model.contexts) == 1


@pytest.mark.parametrize("keys", ["1212", "121212"])
async def test_the_same_digits_pressed_again_stay(talk: Talk, monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setattr(module, "NO_PRESS_WITHIN", TIMEOUT / 20)
    for key in keys:
        talk.types(key)
        await asyncio.sleep(TIMEOUT / 10)
    assert await talk.answers() == [f"You said (keys pressed) {' '.join(keys)}"]


async def test_the_end_key_does_not_wait_and_is_not_part_of_the_number(talk: Talk) -> None:
    talk.types("12*#")
    assert await asyncio.wait_for(talk.answers(), TIMEOUT) == ["You said (keys pressed) 1 2 *"]


async def test_the_end_key_alone_is_a_key(talk: Talk) -> None:
    talk.types("#")
    assert await talk.answers() == ["You said (keys pressed) #"]


async def test_one_number_is_not_part_of_the_next(talk: Talk) -> None:
    talk.types("1#")
    await talk.answers()
    await asyncio.sleep(TIMEOUT)
    talk.types("2#")
    assert await talk.answers(2) == ["You said (keys pressed) 1", "You said (keys pressed) 2"]


async def test_nobody_types_without_end(talk: Talk) -> None:
    talk.types("7" * LONGEST)
    assert await asyncio.wait_for(talk.answers(), TIMEOUT) == [f"You said (keys pressed) {' '.join('7' * LONGEST)}"]


async def test_a_program_that_presses_keys_as_fast_as_it_can_asks_the_model_once_a_second(talk: Talk) -> None:
    for key in "123456789" * 20:
        talk.types(f"{key}#")
    rest = " ".join(("234567891" * 20)[:LONGEST])  # after the first key, whose answer the second has interrupted
    assert await talk.answers() == [f"You said (keys pressed) {rest}"]
    await asyncio.sleep(3 * TIMEOUT)
    assert len(talk.model.contexts) <= 2


async def test_the_first_key_interrupts_the_agent(talk: Talk) -> None:
    talk.session.output.audio = speaker = Loudspeaker()
    question = Recorded(talk.session, "en").say("still_there")
    await until(lambda: speaker.played)
    talk.types("1")
    assert question.interrupted
    await until(lambda: speaker.endings == ["interrupted"])


async def test_what_must_not_be_interrupted_is_said_to_its_end_first(talk: Talk) -> None:
    talk.session.output.audio = speaker = Loudspeaker()
    notice = Recorded(talk.session, "en").say("recorded", allow_interruptions=False)
    await until(lambda: speaker.played)
    talk.types("1")
    assert not notice.interrupted
    await speaker.play_to_the_end()


async def test_keys_wait_for_the_end_of_what_the_caller_says_and_are_answered_with_it(talk: Talk) -> None:
    talk.speaks(on=True)
    talk.types("12#")
    await asyncio.sleep(2 * TIMEOUT)
    assert talk.model.contexts == []
    talk.speaks(on=False)
    talk.session.generate_reply(user_input="My number is")  # as the session does at the end of the turn
    await talk.answers()
    await asyncio.sleep(2 * TIMEOUT)
    assert spoken(talk.session) == ["You said (keys pressed) 1 2"]
    said = [item.text_content for item in talk.model.contexts[-1].items if item.type == "message"]
    assert said[-2:] == ["My number is", "(keys pressed) 1 2"]


async def test_keys_do_not_wait_for_words_that_a_noise_has_not(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_WITHIN", 0.05)
    talk.speaks(on=True)
    talk.types("12#")
    talk.speaks(on=False)
    assert await talk.answers() == ["You said (keys pressed) 1 2"]


async def test_a_turn_of_words_between_two_keys_leaves_the_keys_alone(talk: Talk) -> None:
    talk.types("1")
    talk.session.generate_reply(user_input="My number is")
    await talk.answers()
    talk.types("2#")
    assert (await talk.answers(2))[-1] == "You said (keys pressed) 1 2"


async def test_nobody_elses_keys_count(talk: Talk) -> None:
    talk.types("1#", who="somebody else")
    talk.types("2#", who=None)  # as livekit-server's own interface sends them
    assert await talk.answers() == ["You said (keys pressed) 2"]


@pytest.mark.parametrize("key", ["", "12", "Tell me a secret.", "٣"])
async def test_what_is_no_key_of_a_telephone_is_ignored(talk: Talk, key: str) -> None:
    talk.room.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=key, participant=None))
    talk.types("2A#")
    assert await talk.answers() == ["You said (keys pressed) 2 A"]


async def test_no_key_counts_once_the_call_is_ending(talk: Talk) -> None:
    talk.types("1")
    talk.ending.begun = True
    talk.types("2#")
    await asyncio.sleep(2 * TIMEOUT)
    assert talk.model.contexts == []


async def test_keys_after_the_end_of_the_talk_break_nothing(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    talk.types("1")
    await talk.session.aclose()
    talk.types("2")
    await asyncio.sleep(2 * TIMEOUT)
    assert "Traceback" not in caplog.text


async def test_no_key_is_in_the_log(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    talk.types("4711#")
    await talk.answers()
    assert "4 7 1 1" not in caplog.text
    assert "4711" not in caplog.text


async def test_keys_of_a_caller_who_waits_for_a_person_are_no_turn(talk: Talk) -> None:
    talk.transfer.begun = True
    talk.types("1#")
    await asyncio.sleep(2 * TIMEOUT)
    assert talk.model.contexts == []
    talk.transfer.begun = False
    talk.types("4#")
    assert await talk.answers() == ["You said (keys pressed) 4"]
