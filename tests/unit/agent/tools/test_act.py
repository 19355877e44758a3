"""Nothing is done without the caller's own yes to a question that they have heard, whatever the model does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from livekit.agents import RunContext, ToolError, function_tool, llm

from agent.conversation.not_known import NotKnownError
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.tools.act import act
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT
from tests.unit.agent.fakes import settle, until
from tests.unit.agent.tools.acting import Acting

QUESTION = "I will book a table for Anna on Friday at seven. Is that right?"
WANTED = "Please book a table."
RESULT = "It is booked."
TWICE = {  # the model calls the tool twice in one reply
    "delta": {
        "tool_calls": [
            {
                "index": index,
                "id": f"call_{index}",
                "type": "function",
                "function": {"name": "book", "arguments": '{"confirmed": true}'},
            }
            for index in range(2)
        ]
    },
    "finish_reason": "tool_calls",
}
SCRIPT = INSTANT.changed(
    rules=[
        {"kind": "llm", "match": "book two tables", "deltas": [TWICE]},
        {"kind": "llm", "match": "book a table", "tool": "book", "arguments": {"confirmed": True}},
        {"kind": "llm", "match": "technical reason", "answer": "That did not work."},
        {"kind": "llm", "match": "nothing was done", "answer": "All right, I have not."},
        {"kind": "llm", "match": "booked", "answer": "Your table is booked."},
    ],
    answers=("Anything else?",),
)


class Booking(Acting):
    """A call in which the model books a table as soon as it is asked to, and claims that it was confirmed."""

    def __init__(self, endpoint: FakeOpenAI) -> None:
        super().__init__(endpoint)
        self.booked = 0
        self.book: Callable[[], Awaitable[str]] = self._book
        self.looks_up_for = 0.0  # seconds before it knows what to ask

    async def _book(self) -> str:
        self.booked += 1
        return RESULT

    def tool(self) -> llm.Tool:
        @function_tool
        async def book(context: RunContext[None], confirmed: bool) -> str:
            """Book a table."""
            async with tell_meanwhile(self.call, context):
                await asyncio.sleep(self.looks_up_for)
            return await act(self.call, context, question=QUESTION, what="book a table", do=lambda: self.book())

        return book


@pytest.fixture
async def call() -> AsyncIterator[Booking]:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = Booking(endpoint)
        await call.begin(call.tool())
        await call.caller_says(WANTED)
        await until(lambda: call.loudspeaker._seconds)  # the question is being read out
        yield call
        await call.session.aclose()


async def test_after_a_spoken_yes_it_is_done_and_the_model_tells_the_caller(call: Booking) -> None:
    assert call.booked == 0
    await call.plays()
    await call.caller_says("Yes, please.")
    await call.plays()
    assert (call.booked, call.outcomes) == (1, ["done"])
    assert call.said == [QUESTION, "Your table is booked."]
    assert call.asked == [WANTED, RESULT]  # the yes was no turn of the talk
    messages = call.endpoint.asked("llm")[-1].body["messages"]
    roles = [message["role"] for message in messages]
    assert roles[roles.index("tool") - 1] == "assistant"  # OpenAI refuses a result that does not follow its call
    assert messages[roles.index("tool") - 1]["tool_calls"]
    assert "Yes, please." in json.dumps(messages)


async def test_the_next_turn_is_answered_by_the_model_again(call: Booking) -> None:
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    await call.caller_says("What else is there?")
    await call.plays()
    assert call.said[-1] == "Anything else?"


async def test_a_key_is_a_yes_as_well(call: Booking) -> None:
    await call.plays()
    await call.presses("1")
    await call.plays()
    assert (call.booked, call.outcomes) == (1, ["done"])


@pytest.mark.parametrize("no", ["No.", "No, I don't want that."])
async def test_after_a_no_nothing_is_done(call: Booking, no: str) -> None:
    await call.plays()
    await call.caller_says(no)
    await call.plays()
    assert (call.booked, call.outcomes) == (0, ["declined"])
    assert call.told == f"The caller said no, so nothing was done. Their words were: {no}"
    assert call.said[-1] == "All right, I have not."


async def test_the_key_for_no_is_one(call: Booking) -> None:
    await call.plays()
    await call.presses("2")
    await call.plays()
    assert (call.booked, call.outcomes) == (0, ["declined"])


async def test_whatever_else_the_caller_says_goes_to_the_model_as_the_result(call: Booking) -> None:
    await call.plays()
    await call.caller_says("Make it eight instead.")
    await call.plays()
    assert (call.booked, call.outcomes) == (0, ["unclear"])
    assert call.told.endswith("Their words were: Make it eight instead.")


async def test_other_words_may_interrupt_the_question(call: Booking) -> None:
    await call.caller_says("Make it eight instead.", over=True)
    await until(lambda: call.told)
    assert call.loudspeaker.endings == ["interrupted"]
    assert (call.booked, call.outcomes) == (0, ["unclear"])


async def test_a_yes_in_the_middle_of_the_question_does_not_count(call: Booking) -> None:
    call.loudspeaker._seconds /= 2  # that much has been played when it is cut off
    await call.caller_says("Yes, please do.", over=True)
    await until(lambda: call.loudspeaker.endings == ["interrupted"] and call.loudspeaker._seconds)
    assert call.booked == 0
    await call.plays()  # it is read out once more
    assert call.booked == 0
    await call.caller_says("Yes, please do.")
    await call.plays()
    assert (call.booked, call.outcomes) == (1, ["done"])


async def test_a_key_that_was_pressed_before_the_question_was_heard_does_not_count(call: Booking) -> None:
    call.loudspeaker._seconds /= 2
    await call.presses("1")  # it cuts the question off
    await until(lambda: call.loudspeaker.endings == ["interrupted"] and call.loudspeaker._seconds)
    assert call.booked == 0
    await call.plays()
    await settle()
    assert call.booked == 0
    await call.presses("1")
    await call.plays()
    assert (call.booked, call.outcomes) == (1, ["done"])


async def test_a_yes_over_the_last_words_counts(call: Booking) -> None:
    call.loudspeaker._seconds *= 0.9  # that much has been played when it is cut off
    await call.caller_says("Yes, please do.", over=True)
    await until(lambda: call.booked)
    await until(lambda: call.outcomes == ["done"])


async def test_a_caller_who_says_nothing_is_asked_again_and_then_nothing_is_done(call: Booking) -> None:
    for _ in range(3):
        await call.plays()
    await call.plays()
    assert (call.booked, call.outcomes) == (0, ["unclear"])
    assert call.said == [QUESTION] * 3 + ["All right, I have not."]


async def test_a_caller_who_asks_for_a_moment_may_take_it(call: Booking) -> None:
    await call.plays()
    await call.caller_says("One moment, please.")
    await call.plays()  # "Of course, take your time."
    await asyncio.sleep(20)
    assert call.said.count(QUESTION) == 1
    await call.caller_says("Yes.")
    await call.plays()
    assert (call.booked, call.outcomes) == (1, ["done"])


async def test_a_failure_is_told_to_the_model_without_its_text(call: Booking) -> None:
    async def fail() -> str:
        raise ValueError("Anna's secret")

    call.book = fail
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert call.outcomes == ["unknown"]
    assert "technical reason" in call.told
    assert "secret" not in call.told


async def test_a_failure_with_a_text_for_the_model_is_told_with_it(call: Booking) -> None:
    async def fail() -> str:
        raise ToolError("The table has just been taken, so nothing was done.")

    call.book = fail
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert (call.outcomes, call.told) == (["failed"], "The table has just been taken, so nothing was done.")


async def test_what_may_have_been_done_is_not_recorded_as_a_failure(call: Booking) -> None:
    async def lose_the_answer() -> str:
        raise NotKnownError("It is not known whether it was done.")

    call.book = lose_the_answer
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert (call.outcomes, call.told) == (["unknown"], "It is not known whether it was done.")


async def test_two_tools_in_one_reply_are_asked_about_one_after_the_other() -> None:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = Booking(endpoint)
        await call.begin(call.tool())
        await call.caller_says("Please book two tables.")
        await call.plays()
        await call.caller_says("Yes.")
        await until(lambda: call.booked == 1)
        await call.plays()  # the second question, to which the first yes is no answer
        await settle()
        assert (call.booked, call.said) == (1, [QUESTION, QUESTION])
        await call.caller_says("No.")
        await until(lambda: "declined" in call.outcomes)
        assert (call.booked, call.outcomes) == (1, ["done", "declined"])
        await call.session.aclose()


async def test_a_caller_hears_something_while_it_is_looked_up_what_can_be_asked() -> None:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = Booking(endpoint)
        call.looks_up_for = 4
        await call.begin(call.tool())
        await call.caller_says(WANTED)
        await call.plays()
        assert call.said == ["One moment, please."]
        await call.plays()
        await call.caller_says("Yes.")
        await call.plays()
        assert call.said == ["One moment, please.", QUESTION, "Your table is booked."]
        assert (call.booked, call.outcomes) == (1, ["done"])
        await call.session.aclose()


async def test_a_caller_who_is_being_transferred_is_not_asked() -> None:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = Booking(endpoint)
        await call.begin(call.tool())
        call.call.transfer.begun = True  # by another tool of the same reply
        await call.caller_says(WANTED)
        await until(lambda: call.told)
        assert QUESTION not in call.said
        assert (call.booked, call.outcomes) == (0, ["unclear"])
        await call.session.aclose()


async def test_a_question_that_breaks_off_is_read_again_at_once() -> None:
    rules = [{"kind": "tts", "match": "is that right", "fault": "error", "only": [1, 2]}, *SCRIPT.rules]
    async with FakeOpenAI(SCRIPT.changed(rules=rules)) as endpoint:
        call = Booking(endpoint)
        await call.begin(call.tool())
        await call.caller_says(WANTED)
        for _ in range(2):
            await call.plays()
        await call.caller_says("Yes.")
        await call.plays()
        assert (call.booked, call.outcomes) == (1, ["done"])
        await call.session.aclose()


@pytest.mark.parametrize("fault", ["error", "hang"])
async def test_a_question_that_cannot_be_read_out_is_not_waited_for(fault: str) -> None:
    rules = [{"kind": "tts", "match": "i will", "fault": fault}, *SCRIPT.rules]
    async with FakeOpenAI(SCRIPT.changed(rules=rules)) as endpoint:
        call = Booking(endpoint)
        await call.begin(call.tool())
        await call.caller_says(WANTED)
        await asyncio.sleep(8)
        await until(lambda: call.told)
        assert (call.booked, call.outcomes) == (0, ["unclear"])
        assert call.told == "The question could not be read to the caller, so nothing was done."
        await call.plays()
        assert call.said[-1] == "All right, I have not."
        await call.session.aclose()


async def test_a_caller_who_hangs_up_during_the_question_has_agreed_to_nothing(call: Booking) -> None:
    await call.session.aclose()
    assert (call.booked, call.outcomes) == (0, ["unclear"])


async def test_what_has_begun_is_finished_though_the_call_is_over(call: Booking) -> None:
    may_finish = asyncio.Event()

    async def slow() -> str:
        await may_finish.wait()
        return await call._book()

    call.book = slow
    await call.plays()
    await call.caller_says("Yes.")
    await until(lambda: call.at_the_end)
    closing = asyncio.create_task(call.session.aclose())
    ending = asyncio.create_task(call.at_the_end[0]())
    await asyncio.sleep(1)
    assert not ending.done()
    assert call.outcomes == ["unknown"]  # until it is done
    may_finish.set()
    await ending
    assert (call.booked, call.outcomes) == (1, ["done"])
    await closing


async def test_a_goodbye_with_a_yes_is_a_yes(call: Booking) -> None:
    await call.plays()
    await call.caller_says("Yes, thank you, bye.")
    await until(lambda: call.booked)
    assert call.outcomes == ["done"]


async def test_a_caller_who_waits_hears_a_filler_and_no_apology(call: Booking) -> None:
    async def slow() -> str:
        await asyncio.sleep(9)
        return RESULT

    call.book = slow
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert call.said == [QUESTION, "One moment, please."]
    await asyncio.sleep(5)
    await call.plays()
    assert call.said == [QUESTION, "One moment, please.", "Your table is booked."]


async def test_words_while_it_is_being_done_are_answered_and_do_not_lose_the_result(call: Booking) -> None:
    may_finish = asyncio.Event()

    async def slow() -> str:
        await may_finish.wait()
        return RESULT

    call.book = slow
    await call.plays()
    await call.caller_says("Yes.")
    await until(lambda: call.at_the_end)
    await call.caller_says("Do you have parking?")
    await call.plays()
    may_finish.set()
    await call.plays()
    assert call.said == [QUESTION, "Anything else?", "Your table is booked."]
