"""A message is passed on as the caller has confirmed it, and not at all if they have not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import llm
from pydantic import SecretStr

from agent import languages
from agent.admission.caller import Caller
from agent.lines.messages import Messages
from agent.lines.recording import Recording
from agent.records import report
from agent.records.folders import Folders
from agent.records.retention import delete_old
from agent.records.transcript import Message
from agent.tools.take_message import TAKEN, _read_back, take_message
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import in_call, line, until
from tests.unit.agent.tools.acting import Acting
from tests.unit.agent.tools.test_act import SCRIPT

OWN, OTHER = "+4930901820", "+493012345678"
ARGUMENTS = {"who": "Anna", "number": "", "about": "The oven is broken", "urgent": True}
READ_BACK = (
    "The message is from Anna. It says: The oven is broken. The number to call back is +49 30 901820. It is urgent. "
    "Shall I pass it on?"
)


class MessageCall(Acting):
    """A call in which the model takes the message that a test says."""

    def tool(self) -> llm.Tool:
        self.record.caller = Caller(OWN, anonymous=False)
        self.call.line = self.record.line = line(
            numbers=["+4930901821"],
            messages=Messages.model_construct(notify=[("CHAT", SecretStr("json://chat.example"))]),
        )
        return take_message(self.call)

    async def wants(self, **arguments: Any) -> None:
        rule = {"kind": "llm", "match": "a message please", "tool": "take_message", "arguments": ARGUMENTS | arguments}
        self.endpoint.script = SCRIPT.changed(
            rules=[rule, {"kind": "llm", "match": "passed on", "answer": "I will."}], answers=("Sorry?",)
        )
        await self.caller_says("A message please.")


@pytest.fixture
async def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MessageCall]:
    monkeypatch.setattr(report, "Folders", lambda name: Folders(name, tmp_path))
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = MessageCall(endpoint)
        await call.begin(call.tool())
        yield call
        await call.session.aclose()


def notices(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob("outbox/coffee/notices/*.json"))]


async def test_a_confirmed_message_is_in_the_record_and_in_the_outbox(call: MessageCall, tmp_path: Path) -> None:
    await call.wants()
    await call.plays()
    assert call.said == [READ_BACK]
    assert (notices(tmp_path), call.record.messages) == ([], [])
    await call.caller_says("Yes.")
    await call.plays()
    [message] = call.record.transcript("").messages
    assert message.model_dump(exclude={"at"}) == ARGUMENTS | {"number": OWN}
    [kept] = tmp_path.glob("calls/coffee/*/*-message-1/message.json")  # whoever else is told
    assert json.loads(kept.read_text()) == message.model_dump()
    [notice] = notices(tmp_path)
    assert (notice["to"], notice["title"]) == ("CHAT", "Urgent message from Anna")
    assert call.outcomes == ["done"]
    assert call.told == TAKEN
    assert "oven" not in json.dumps([action.model_dump() for action in call.record.actions])


async def test_a_message_of_which_nobody_is_told_is_kept_with_the_records(call: MessageCall, tmp_path: Path) -> None:
    call.call.line = call.record.line = call.record.line.model_copy(update={"messages": Messages()})
    await call.wants()
    await call.plays()
    assert not (tmp_path / "calls").exists()
    await call.caller_says("Yes.")
    await call.plays()
    [file] = tmp_path.glob("calls/coffee/*/*/*")
    assert json.loads(file.read_text()).items() >= (ARGUMENTS | {"number": OWN}).items()
    day, moment = call.record.name.split("_")
    assert file == tmp_path / "calls/coffee" / day / f"{moment}-message-1/message.json"
    delete_old(Folders("coffee", tmp_path), Recording())
    assert file.exists()
    delete_old(Folders("coffee", tmp_path), Recording.model_construct(keep_days=0, keep_mb=1))
    assert not file.exists()


async def test_a_message_that_is_declined_reaches_nobody(call: MessageCall, tmp_path: Path) -> None:
    await call.wants()
    await call.plays()
    await call.caller_says("No.")
    await call.plays()
    assert (notices(tmp_path), call.record.messages, call.outcomes) == ([], [], ["declined"])


async def test_a_caller_who_hangs_up_before_the_yes_leaves_no_message(call: MessageCall, tmp_path: Path) -> None:
    await call.wants()
    await until(lambda: call.loudspeaker._seconds)
    await call.session.aclose()
    assert (notices(tmp_path), call.record.messages) == ([], [])


async def test_another_number_is_read_back_and_passed_on(call: MessageCall) -> None:
    await call.wants(number="030 12345678")
    await call.plays()
    assert "+49 30 12345678" in call.said[0]
    await call.caller_says("Yes.")
    await call.plays()
    assert [message.number for message in call.record.messages] == [OTHER]


async def test_two_messages_of_one_call_are_two_notices(call: MessageCall, tmp_path: Path) -> None:
    for about in ("The oven is broken.", "The door is broken, too."):
        await call.wants(about=about, urgent=False)
        await call.plays()
        await call.caller_says("Yes.")
        await call.plays()
    assert [message.about for message in call.record.messages] == ["The oven is broken.", "The door is broken, too."]
    assert len(notices(tmp_path)) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"number": "555"}, "555 is not a complete telephone number"),
        ({"number": "my mobile"}, "my mobile is not a complete telephone number"),
        ({"about": "  "}, "The message is empty"),
        ({"about": "x" * 700}, "has 700 characters, and may have 600"),
        ({"about": "Please charge 4111 1111 1111 1111."}, "has the number of a card"),
    ],
)
async def test_what_cannot_be_passed_on_is_told_to_the_model_and_not_read_back(
    call: MessageCall, tmp_path: Path, arguments: dict[str, Any], told: str
) -> None:
    await call.wants(**arguments)
    await call.plays()
    assert told in call.told
    assert (call.said, notices(tmp_path), call.record.actions) == (["Sorry?"], [], [])


async def test_a_caller_without_a_number_is_asked_for_one(call: MessageCall) -> None:
    call.record.caller = Caller("", anonymous=True)
    await call.wants()
    await call.plays()
    assert "own number is withheld" in call.told


async def test_a_caller_who_wants_no_call_back_leaves_no_number(call: MessageCall) -> None:
    await call.wants(number="None")
    await call.plays()
    assert "There is no number to call back." in call.said[0]
    await call.caller_says("Yes.")
    await call.plays()
    assert [message.number for message in call.record.messages] == [""]


async def test_a_disk_that_takes_no_message_is_admitted_to_the_caller(call: MessageCall, tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    await call.wants()
    await call.plays()
    await call.caller_says("Yes.")
    await call.plays()
    assert "technical reason" in call.told
    assert (call.record.messages, call.outcomes) == ([], ["unknown"])


@pytest.mark.parametrize("language", languages.known())
def test_everything_that_is_confirmed_is_read_back_in_every_language(language: str) -> None:
    call = in_call(line=line(language=language))
    message = Message(who="Anna", number=OTHER, about="Hallo!", urgent=True, at="")
    urgent, calm = (_read_back(message.model_copy(update={"urgent": it}), call) for it in (True, False))
    for part in ("Anna", "Hallo!", "+49 30 12345678"):
        assert part in urgent
        assert part in calm
    assert len(urgent) > len(calm)
    assert "Hallo!." not in calm
    texts = [getattr(languages.message_words(language), name) for name in languages.MessageWords.__slots__]
    assert all(texts)
