"""News reach the webhook signed, again and again until they are understood, and none is lost."""

import asyncio
import base64
import contextlib
import json
import os
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from agent.lines.folder import LinesFolder
from agent.lines.webhook import key_of
from agent.records import delivery as of_all
from agent.records.delivery import Delivery
from agent.records.folders import Folders
from agent.records.retention import keep_records_while
from agent.records.webhook import delivery, outbox
from agent.records.webhook.delivery import EventDelivery
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.house import ROOT
from tests.unit.agent.fakes import until

SECRET = "0123456789abcdef0123456789abcdef"


class Post:
    """An outbox and who empties it."""

    def __init__(self, data: Path, receiver: Receiver) -> None:
        self.folders, self.receiver = Folders("coffee", data), receiver
        self._task: asyncio.Task[None] | None = None

    def put(self, event: str) -> Path:
        outbox.post(event, "2026-11-25T14:22:39.000+00:00", {"outcome": "the caller hung up"}, self.folders)
        return self.folders.outbox / f"{event}.json"

    def start(self) -> None:
        hook = EventDelivery(f"{self.receiver.url}/hook", SECRET, self.folders, first_wait=0.01)
        self._task = asyncio.create_task(hook.run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.receiver.received]


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(of_all, "LOOKED_EVERY", 0.02)
    async with Receiver() as receiver:
        post = Post(tmp_path, receiver)
        yield post
        await post.stop()


async def test_news_are_sent_signed_as_standard_webhooks_say_and_then_gone(post: Post) -> None:
    file = post.put("evt-1")
    assert file.stat().st_mode & 0o777 == 0o660
    body = file.read_text()
    post.start()
    await until(lambda: not file.exists())
    [request] = post.receiver.received
    assert (request.method, request.path, request.body) == ("POST", "/hook", body)
    assert json.loads(body)["type"] == "call.ended"
    Webhook(SECRET.encode()).verify(request.body, request.headers)


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + base64.b64encode(b"0123456789abcdef").decode()])
def test_the_documented_lines_tell_a_genuine_one_from_another(secret: str) -> None:
    page = (ROOT / "docs" / "calls" / "recording.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(lines, names)  # noqa: S102 - our own page
    now = datetime.now(UTC)
    headers = outbox.signature_headers("evt-1", '{"a": "\u00e4"}', secret, now)
    body = '{"a": "\u00e4"}'.encode()
    assert names["genuine"](headers, body, secret)
    assert not names["genuine"](headers, b"{ }", secret)
    assert not names["genuine"](headers, body, "another")
    old = outbox.signature_headers("evt-1", '{"a": "\u00e4"}', secret, now - timedelta(minutes=10))
    assert not names["genuine"](old, body, secret)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(
    ("secret", "theirs"),
    [
        ("whsec_" + base64.b64encode(b"0123456789abcdef").decode(), None),
        (SECRET, SECRET.encode()),  # 32 letters that are valid Base64, and are not meant as it
        ("pass phrase \u00e4", "pass phrase \u00e4".encode()),
    ],
)
def test_the_library_of_standard_webhooks_finds_it_genuine(secret: str, theirs: bytes | None, zone: str) -> None:
    headers = outbox.signature_headers("evt-1", '{"a": "\u00e4"}', secret, datetime.now(ZoneInfo(zone)))
    assert Webhook(theirs or secret).verify('{"a": "\u00e4"}', headers) == {"a": "\u00e4"}
    with pytest.raises(WebhookVerificationError):
        Webhook(theirs or secret).verify('{"a": "b"}', headers)


def test_a_secret_in_standard_webhooks_own_form_is_base64() -> None:
    assert key_of("whsec_" + base64.b64encode(b"key").decode()) == b"key"
    assert key_of("plain") == b"plain"
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_not+base64!")


async def test_it_is_tried_again_until_the_receiver_understands(post: Post) -> None:
    post.receiver.answer(Reply(only=(1,), status=500), Reply(only=(1,), status=404))
    file = post.put("evt-1")
    post.start()
    await until(lambda: not file.exists())
    assert post.ids == ["evt-1"] * 3
    assert len({request.body for request in post.receiver.received}) == 1


async def test_nothing_is_lost_while_the_receiver_is_down_or_the_agent_stopped(post: Post) -> None:
    await post.receiver.go_down()
    files = [post.put("evt-1")]
    post.start()
    await asyncio.sleep(0.1)
    await post.stop()
    files.append(post.put("evt-2"))
    await post.receiver.come_up()
    post.start()
    await until(lambda: not any(file.exists() for file in files))
    assert sorted(post.ids) == ["evt-1", "evt-2"]


async def test_one_that_is_not_taken_does_not_hold_up_the_others(post: Post) -> None:
    post.receiver.answer(Reply(match="bad", status=500))
    bad = post.folders.outbox / "evt-1.json"
    outbox.post("evt-1", "", {"outcome": "bad"}, post.folders)
    good = post.put("evt-2")
    post.start()
    await until(lambda: not good.exists())
    assert bad.exists()


async def test_a_receiver_that_is_gone_for_good_is_obeyed(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.receiver.answer(Reply(status=410))
    file = post.put("evt-1")
    post.start()
    await until(lambda: not file.exists())
    assert len(post.ids) == 1
    assert "410" in caplog.text


async def test_after_three_days_it_is_laid_aside_and_an_error_is_logged(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.receiver.answer(Reply(status=500))
    file = post.put("evt-1")
    os.utime(file, (time.time() - 3 * 86_400,) * 2)
    post.start()
    await until(lambda: not file.exists())
    assert (post.folders.failed / "evt-1.json").exists()
    assert [record.levelname for record in caplog.records if "outbox/failed" in record.getMessage()] == ["ERROR"]


@pytest.mark.parametrize("status", [200, 410])
async def test_what_was_taken_is_never_sent_again_although_its_file_stays(
    post: Post, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    post.receiver.answer(Reply(status=status))
    deletions, delete = 0, Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        nonlocal deletions
        if path.parent == post.folders.outbox and path.name == "evt-1.json":
            deletions += 1
            if deletions < 4:
                raise OSError(30, "Read-only file system")
        delete(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    file = post.put("evt-1")
    post.start()
    await until(lambda: not file.exists())
    assert post.ids == ["evt-1"]
    assert deletions == 4
    assert len([message for message in caplog.messages if "out of the outbox" in message]) == 1


async def test_what_is_given_up_is_not_sent_again_although_it_cannot_be_laid_aside(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.receiver.answer(Reply(status=500))
    file = post.put("evt-1")
    os.utime(file, (time.time() - 3 * 86_400,) * 2)
    post.folders.failed.write_text("a file where the folder should be")
    post.start()
    await until(lambda: "out of the outbox" in caplog.text)
    await asyncio.sleep(0.1)
    post.folders.failed.unlink()
    await until(lambda: not file.exists())
    assert post.ids == ["evt-1"]


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    """An answer that never ends."""
    with contextlib.suppress(ConnectionError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("head", "taken"),
    [(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", True), (b"HTTP/1.1 200 OK\r\nX-Slow: ", False)],
    ids=["its body", "its headers"],
)
async def test_a_receiver_that_drips_its_answer_holds_up_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch, head: bytes, taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_WITHIN", 0.2)
    served: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        try:
            await drip(reader, writer, head)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    file = post.put("evt-1")
    hook = EventDelivery(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", SECRET, post.folders, first_wait=60)
    running = asyncio.create_task(hook.run())
    try:
        await until(lambda: not file.exists() if taken else "TimeoutError" in caplog.text)
    finally:
        running.cancel()
        server.close()
        await asyncio.gather(running, *[task for task in served if task], return_exceptions=True)


async def test_a_file_that_is_no_text_does_not_hold_up_the_others(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    good = post.put("evt-2")
    bad = post.folders.outbox / "evt-1.json"
    bad.write_bytes(b"\xff")
    post.start()
    await until(lambda: not good.exists() and "will be tried again: UnicodeDecodeError" in caplog.text)
    assert post.ids == ["evt-2"]


async def test_an_outbox_that_cannot_be_looked_into_ends_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look, looks = Delivery._waiting, 0

    def waiting(hook: Delivery) -> list[Path]:
        nonlocal looks
        looks += 1
        if looks < 4:
            raise OSError(5, "Input/output error")
        return look(hook)

    monkeypatch.setattr(Delivery, "_waiting", waiting)
    file = post.put("evt-1")
    post.start()
    await until(lambda: not file.exists())
    assert caplog.messages == ["Could not look for events for the webhook; this will be tried again"]


async def test_the_main_process_delivers_while_its_work_goes_on(post: Post, tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    (folder / "coffee").mkdir(parents=True)
    (folder / "coffee/line.toml").write_text('[webhook]\nurl = "URL"\nsecret = "SECRET"\n')
    secrets = {"URL": SecretStr(f"{post.receiver.url}/hook"), "SECRET": SecretStr(SECRET)}
    lines = LinesFolder(folder, secrets, tmp_path / "kept")
    file = post.put("evt-1")

    async def work() -> int:
        await until(lambda: not file.exists())
        return 7

    assert await keep_records_while(work(), lines, post.folders.outbox.parents[1]) == 7
