"""News reach the webhook signed, again and again until they are understood, and none is lost."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.records.folders import Folders
from agent.records.retention import keep_records_while
from agent.records.webhook import delivery, outbox
from agent.records.webhook.delivery import Delivery
from agent.settings import Settings
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.house import ROOT
from tests.unit.agent.fakes import until

SECRET = "0123456789abcdef0123456789abcdef"


class Post:
    """An outbox and who empties it."""

    def __init__(self, data: Path, receiver: Receiver) -> None:
        self.folders, self.receiver = Folders(data), receiver
        self._task: asyncio.Task[None] | None = None

    def put(self, event: str) -> Path:
        outbox.post(event, "2026-11-25T14:22:39.000+00:00", {"outcome": "the caller hung up"}, self.folders)
        return self.folders.outbox / f"{event}.json"

    def start(self) -> None:
        hook = Delivery(f"{self.receiver.url}/hook", SECRET, self.folders, first_wait=0.01)
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
    monkeypatch.setattr(delivery, "LOOKED_EVERY", 0.02)
    async with Receiver() as receiver:
        post = Post(tmp_path, receiver)
        yield post
        await post.stop()


async def test_news_are_sent_signed_as_standard_webhooks_say_and_then_gone(post: Post) -> None:
    file = post.put("evt-1")
    assert file.stat().st_mode & 0o777 == 0o600
    body = file.read_text()
    post.start()
    await until(lambda: not file.exists())
    [request] = post.receiver.received
    assert (request.method, request.path, request.body) == ("POST", "/hook", body)
    assert json.loads(body)["type"] == "call.ended"
    signed = f"evt-1.{request.headers['webhook-timestamp']}.{body}".encode()
    mac = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{mac}"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + base64.b64encode(b"0123456789abcdef").decode()])
def test_the_documented_lines_tell_a_genuine_one_from_another(secret: str) -> None:
    page = (ROOT / "docs" / "manners" / "recording.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(lines, names)  # noqa: S102 - our own page
    headers = outbox.signed("evt-1", b"{}", secret, int(time.time()))
    assert names["genuine"](headers, b"{}", secret)
    assert not names["genuine"](headers, b"{ }", secret)
    assert not names["genuine"](headers, b"{}", "another")
    assert not names["genuine"](outbox.signed("evt-1", b"{}", secret, int(time.time()) - 600), b"{}", secret)


def test_a_secret_in_standard_webhooks_own_form_is_base64() -> None:
    assert outbox.key_of("whsec_" + base64.b64encode(b"key").decode()) == b"key"
    assert outbox.key_of("plain") == b"plain"
    with pytest.raises(ValueError, match="base64"):
        outbox.key_of("whsec_not+base64!")


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


async def test_the_main_process_delivers_while_its_work_goes_on(post: Post) -> None:
    settings = Settings.model_validate(
        {
            "livekit_api_key": "key",
            "livekit_api_secret": "secret",
            "webhook_url": f"{post.receiver.url}/hook",
            "webhook_secret": SECRET,
        }
    )
    file = post.put("evt-1")

    async def work() -> int:
        await until(lambda: not file.exists())
        return 7

    assert await keep_records_while(work(), settings, post.folders) == 7
