"""What is typed in a browser is answered as if it had been said, and operators can read it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import ChatMessage, room_io

from agent.conversation.typed_words import CAPTIONS, LONGEST, typed_words
from tests.unit.agent.fakes import settle, until
from tests.unit.agent.never_silent import INSTANT, Call, calling


class Writer:
    def __init__(self) -> None:
        self.written: list[str] = []

    async def write(self, text: str) -> None:
        self.written.append(text)

    async def aclose(self) -> None:
        self.written.append("closed")


class Room:
    """Takes captions."""

    def __init__(self) -> None:
        self.local_participant = self
        self.sent: list[dict[str, Any]] = []
        self.writer = Writer()

    def isconnected(self) -> bool:
        return True

    async def stream_text(self, **header: Any) -> Writer:
        self.sent.append(header)
        return self.writer


@pytest.fixture
def room() -> Room:
    return Room()


async def type_into(call: Call, room: Room, text: str) -> None:
    given = call.call
    given.ctx = SimpleNamespace(room=room)  # type: ignore[assignment]
    taking = typed_words(given)(call.session, room_io.TextInputEvent(text=text))
    assert taking
    await taking


def said_by_caller(call: Call) -> list[str | None]:
    return [it.text_content for it in call.session.history.items if isinstance(it, ChatMessage) and it.role == "user"]


async def test_typed_words_interrupt_and_are_answered_as_a_turn_of_the_callers(room: Room) -> None:
    async with calling() as call:
        call.telephone.plays_for = 60
        call.announcer.say("hello")
        await until(lambda: call.telephone.busy)
        call.telephone.plays_for = 0.02
        await type_into(call, room, " When are\n you open? ")
        await call.hears("hello cut off", "answer")
        assert said_by_caller(call) == ["When are you open?"]
        await settle()
        [header] = room.sent
        assert (header["topic"], header["sender_identity"]) == (CAPTIONS, "caller")
        assert header["attributes"]["lk.transcription_final"] == "true"
        assert header["attributes"]["landline.typed"] == "yes"
        assert room.writer.written == ["When are you open?", "closed"]


async def test_what_is_typed_too_fast_is_one_turn_and_no_longer_than_another(room: Room) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT
        call.call.ctx = SimpleNamespace(room=room)  # type: ignore[assignment]
        take = typed_words(call.call)

        async def types(text: str) -> None:
            taking = take(call.session, room_io.TextInputEvent(text=text))
            assert taking
            await taking

        await asyncio.gather(*map(types, ["One.", "Two.", "Three.", *("x" * LONGEST for _ in range(9))]))
        await until(lambda: len(said_by_caller(call)) == 2)
        assert said_by_caller(call) == ["One.", ("Two. Three. " + "x" * LONGEST)[:LONGEST]]
        await asyncio.gather(*map(types, ["y" * LONGEST, "Four."]))
        await types("Five.")
        await until(lambda: len(said_by_caller(call)) == 4)
        assert said_by_caller(call)[2:] == ["y" * LONGEST, "Five."]


async def test_a_sentence_that_must_be_heard_is_finished_first(room: Room) -> None:
    async with calling() as call:
        call.announcer.say("hello", allow_interruptions=False)
        await type_into(call, room, "When are you open?")
        await call.hears("hello", "answer")


@pytest.mark.parametrize("text", ["", " \n "])
async def test_nothing_is_no_turn(room: Room, text: str) -> None:
    async with calling() as call:
        await type_into(call, room, text)
        await settle()
        assert (said_by_caller(call), room.sent) == ([], [])


async def test_a_long_text_is_cut_off_and_a_call_that_ends_takes_none(room: Room) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT
        await type_into(call, room, "x" * 5000)
        await until(lambda: said_by_caller(call) == ["x" * LONGEST])
        call.ending.say("farewell", "the talk was over")
        await type_into(call, room, "One more thing.")
        await settle()
        assert said_by_caller(call) == ["x" * LONGEST]


async def test_a_room_that_takes_no_captions_costs_no_turn(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(**_: Any) -> Writer:
        raise ConnectionError("no")

    room.stream_text = fail  # type: ignore[method-assign]
    async with calling() as call:
        await type_into(call, room, "When are you open?")
        await call.hears("answer")
    assert "Could not send a caption: ConnectionError" in caplog.messages
