"""Who calls is looked up in contacts.csv, then at the owner's address, which never holds a call up for long."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.admission import owner_files
from agent.admission.caller import Caller
from agent.admission.lookup import look_up
from agent.lines.line import Line
from agent.lines.lookup import Lookup
from tests.unit.agent.fakes import line

CALLER = Caller("+12025550123", anonymous=False)
DIALLED = "+12025550100"


class Directory:
    """An HTTP endpoint that answers as the test says, and keeps the requests."""

    def __init__(self) -> None:
        self.status, self.body, self.after = 200, '{"name": "Ann", "notes": "Likes tea."}', 0.0
        self.requests: list[str] = []
        self.address = ""
        self.serving: list[asyncio.Task[Any] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await asyncio.sleep(self.after)
            body = self.body.encode()
            head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def directory() -> AsyncIterator[Directory]:
    directory = Directory()
    server = await asyncio.start_server(directory.serve, "127.0.0.1", 0)
    directory.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/who?line=1"
    yield directory
    server.close()
    await asyncio.gather(*[task for task in directory.serving if task])


@pytest.fixture(autouse=True)
def contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "coffee"
    folder.mkdir()
    read = owner_files.read_contacts
    monkeypatch.setattr(owner_files, "read_contacts", lambda _, **more: read(folder, tmp_path / "kept", **more))
    return folder / "contacts.csv"


def asking(directory: Directory | None = None, **more: Any) -> Line:
    """A line that asks the directory who calls."""
    address = {"url": SecretStr(directory.address)} if directory else {}
    return line(lookup=Lookup().model_copy(update={**address, **more}))


async def found(its: Line, caller: Caller = CALLER) -> Caller:
    return await look_up(caller, DIALLED, its, Path("coffee"))


async def test_a_contact_is_known_and_nobody_else_is_asked(contacts: Path, directory: Directory) -> None:
    contacts.write_text("number,name,notes\n+12025550123,Ann Smith,Regular.\n")
    known = await found(asking(directory))
    assert (known.number, known.name, known.notes) == (CALLER.number, "Ann Smith", "Regular.")
    assert directory.requests == []


async def test_who_is_no_contact_is_asked_for_with_both_numbers_and_the_token(directory: Directory) -> None:
    known = await found(asking(directory, token=SecretStr("not-a-real-one")))
    assert (known.name, known.notes) == ("Ann", "Likes tea.")
    [request] = directory.requests
    assert request.startswith("GET /who?line=1&number=%2B12025550123&dialled=%2B12025550100 HTTP/1.1\r\n")
    assert "authorization: bearer not-a-real-one\r\n" in request.lower()


async def test_without_a_token_none_is_sent(directory: Directory) -> None:
    await found(asking(directory))
    assert "authorization" not in directory.requests[0].lower()


async def test_without_an_address_an_unknown_caller_is_unknown() -> None:
    assert await found(asking()) == CALLER


async def test_nobody_is_asked_about_an_anonymous_caller(directory: Directory) -> None:
    hidden = Caller("", anonymous=True)
    assert await found(asking(directory), hidden) == hidden
    assert directory.requests == []


async def test_404_is_an_unknown_caller_and_no_complaint(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    directory.status, directory.body = 404, "no such person"
    assert await found(asking(directory)) == CALLER
    assert [record for record in caplog.records if record.name.startswith("agent")] == []


async def test_an_answer_with_half_of_it_is_half_of_it(directory: Directory) -> None:
    directory.body = json.dumps({"name": "Ann", "notes": None, "more": 1})
    known = await found(asking(directory))
    assert (known.name, known.notes) == ("Ann", "")


WRONG = {
    "an error": (500, '{"name": "Ann"}', "it has status 500, but 200 or 404 is expected"),
    "a redirect": (302, "", "status 302"),
    "too much": (200, '{"name": "Ann", "notes": "' + 65_536 * "x" + '"}', "it has more than 65536 bytes"),
    "no end of lists": (200, 20_000 * "[", "it is not JSON"),
    "no JSON": (200, "Ann Smith", "it is not JSON"),
    "a list": (200, '["Ann"]', "it is not a JSON object"),
    "a number for a name": (200, '{"name": 7, "notes": "Ann"}', "its name or its notes are not a string"),
}


@pytest.mark.parametrize(("status", "body", "complaint"), WRONG.values(), ids=WRONG)
async def test_a_wrong_answer_is_not_used_and_not_written_down(
    directory: Directory, caplog: pytest.LogCaptureFixture, status: int, body: str, complaint: str
) -> None:
    directory.status, directory.body = status, body
    assert await found(asking(directory)) == CALLER
    [record] = [record for record in caplog.records if record.name.startswith("agent")]
    assert complaint in record.getMessage()
    assert "Ann" not in record.getMessage()


async def test_the_budget_is_for_all_of_it(directory: Directory, caplog: pytest.LogCaptureFixture) -> None:
    directory.after = 0.5
    began = asyncio.get_running_loop().time()
    assert await found(asking(directory, timeout=0.1)) == CALLER
    assert asyncio.get_running_loop().time() - began < 0.4
    assert "took more than 0.1 s" in caplog.text


async def test_an_address_that_is_none_does_not_end_the_call(caplog: pytest.LogCaptureFixture) -> None:
    mistyped = asking(url=SecretStr("http://crm:8o80/lookup"))
    assert await found(mistyped) == CALLER
    assert "the caller lookup failed: InvalidURL" in caplog.text


async def test_an_address_where_nobody_is_does_not_end_the_call(caplog: pytest.LogCaptureFixture) -> None:
    nobody = asking(url=SecretStr("http://127.0.0.1:9/who"))
    assert await found(nobody) == CALLER
    assert "the caller lookup failed: ConnectError" in caplog.text
    assert "2025550123" not in caplog.text
