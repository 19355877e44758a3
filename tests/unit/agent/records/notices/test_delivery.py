"""Notices reach the owner's mailbox or chat, again and again until they are accepted, and none is lost."""

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.lines.line import Line
from agent.lines.messages import Messages
from agent.lines.webhook import Webhook
from agent.records import delivery
from agent.records.call_record import CallRecord
from agent.records.delivery import Delivery
from agent.records.folders import Folders
from agent.records.notices.delivery import NoticeDelivery, is_known
from agent.records.report import tell_of_call, tell_of_message
from agent.records.transcript import Message, OutcomeFields, Transcript
from agent.records.webhook.delivery import EventDelivery
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.unit.agent.fakes import line, pipeline, until
from tests.unit.agent.records.test_finalize import transcript

pytestmark = pytest.mark.real_time  # Apprise sends in threads

MESSAGE = Message(
    who="Anna Müller",
    number="+12025550177",
    about="The table on Friday is for <eight> & not six.",
    urgent=True,
    at="2026-11-27T13:05:00.000+00:00",
)


class Mailbox(Handler):
    """A mail server on this machine; everything that it has accepted is in `mails`."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    def prepare_message(self, session: object, envelope: object) -> EmailMessage:
        content: bytes = envelope.content  # type: ignore[attr-defined]
        parsed = BytesParser(policy=default).parsebytes(content)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def handle_message(self, message: object) -> None:
        assert isinstance(message, EmailMessage)
        self.mails.append(message)

    async def come_up(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_down(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=line@coffee.example&to=owner@coffee.example"


class Post:
    """A line with an address, its outbox, and what empties it."""

    def __init__(self, data: Path) -> None:
        self.folders = Folders("coffee", data)
        self.running: list[asyncio.Task[None]] = []

    def record(self, its: Line) -> CallRecord:
        sip = SipCall("SCL_1", "ST_1", "SDR_1", "carrier.example.com", "12025550123", "+12025550100", "", "")
        return CallRecord(sip, Caller("+12025550123", anonymous=False), its, pipeline(its))

    def start(self, its: Delivery) -> None:
        self.running.append(asyncio.create_task(its.run()))

    def deliver(self, its: Line) -> None:
        self.start(NoticeDelivery(its.messages.addresses, self.folders, first_wait=0.01))

    async def stop(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    @property
    def waiting(self) -> list[Path]:
        return list(self.folders.notices.glob("*.json"))


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(delivery, "LOOKED_EVERY", 0.02)
    post = Post(tmp_path)
    yield post
    await post.stop()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    await mailbox.come_up()
    yield mailbox
    await mailbox.go_down()


def told(of: str = "messages", language: str = "en", **addresses: str) -> Line:
    notify = [(name, SecretStr(address)) for name, address in addresses.items()]
    wanted = Messages.model_construct(notify=notify, notify_of=of)
    return line(messages=wanted, language=language, timezone="Europe/Berlin")


def json_address(receiver: Receiver) -> str:
    return receiver.url.replace("http://", "json://") + "/chat"


async def test_a_message_is_mailed_to_the_owner_in_words_that_say_who_what_when_and_how_urgent(
    post: Post, mailbox: Mailbox
) -> None:
    its = told(OWNER_MAIL=mailbox.address)
    tell_of_message(post.record(its), MESSAGE, post.folders)
    [file] = post.waiting
    assert file.stat().st_mode & 0o777 == 0o660
    post.deliver(its)
    await until(lambda: not file.exists())
    [mail] = mailbox.mails
    assert mail["subject"] == "Urgent message from Anna Müller"
    assert "owner@coffee.example" in mail["to"]
    body = mail.get_body(("plain", "html"))
    assert body
    text = body.get_content()
    for part in ("Anna Müller", "+12025550177", "Urgent: yes", "2026-11-27 14:05", "+12025550123", "coffee"):
        assert part in text
    assert ("<eight> & not six" in text) or ("&lt;eight&gt; &amp; not six" in text)


async def test_a_mail_server_that_is_down_gets_the_message_when_it_is_back(
    post: Post, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    its = told(OWNER_MAIL=mailbox.address)
    await mailbox.go_down()
    tell_of_message(post.record(its), MESSAGE, post.folders)
    post.deliver(its)
    await until(lambda: "will be tried again: OWNER_MAIL did not accept it" in caplog.text)
    await post.stop()  # and the agent is restarted meanwhile
    assert post.waiting
    await mailbox.come_up()
    post.deliver(its)
    await until(lambda: not post.waiting)
    assert len(mailbox.mails) == 1


async def test_each_address_is_told_by_itself_and_one_that_refuses_holds_up_no_other(post: Post) -> None:
    async with Receiver() as chat, Receiver([Reply(status=500)]) as broken:
        its = told(CHAT=json_address(chat), BROKEN=json_address(broken))
        tell_of_message(post.record(its), MESSAGE, post.folders)
        post.deliver(its)
        await until(lambda: len(post.waiting) == 1 and len(broken.received) > 2)
        [request] = chat.received
        assert json.loads(request.body)["title"] == "Urgent message from Anna Müller"
        assert post.waiting[0].stem.endswith("BROKEN")
        broken.answer()
        await until(lambda: not post.waiting)
        assert len(chat.received) == 1


async def test_the_log_has_neither_the_address_nor_what_was_said(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Receiver([Reply(status=401)]) as chat:
        its = told(CHAT=json_address(chat).replace("//", "//user:pa55word@"))
        tell_of_message(post.record(its), MESSAGE, post.folders)
        post.deliver(its)
        await until(lambda: "did not accept it" in caplog.text)
    text = "\n".join(record.getMessage() for record in caplog.records if record.name != "aiohttp.access")
    for secret in ("pa55word", "127.0.0.1", "Anna", "Friday", "177"):
        assert secret not in text


async def test_an_answer_that_cannot_be_read_does_not_put_the_address_into_the_log(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """Some services have their key in the path."""
    caplog.set_level(logging.INFO)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 No\r\nA header without a colon\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as chat:
        its = told(CHAT=f"json://127.0.0.1:{chat.sockets[0].getsockname()[1]}/s3cret")
        tell_of_message(post.record(its), MESSAGE, post.folders)
        post.deliver(its)
        await until(lambda: "did not accept it" in caplog.text)
    assert "s3cret" not in caplog.text


async def test_after_three_days_a_notice_is_laid_aside(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    async with Receiver([Reply(status=500)]) as chat:
        its = told(CHAT=json_address(chat))
        tell_of_message(post.record(its), MESSAGE, post.folders)
        [file] = post.waiting
        os.utime(file, (time.time() - 3 * 86_400,) * 2)
        post.deliver(its)
        await until(lambda: not file.exists())
    assert (post.folders.failed / file.name).exists()
    assert [record.levelname for record in caplog.records if "outbox/failed" in record.getMessage()] == ["ERROR"]


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        ({"OTHER": "json://127.0.0.1:9"}, "messages.notify does not name CHAT any more"),
        ({"CHAT": "nonsense://127.0.0.1:9"}, "Apprise does not know the kind of address that CHAT is"),
    ],
)
async def test_an_address_that_is_gone_or_of_no_known_kind_is_said_to_be_so_and_the_notice_stays(
    post: Post, caplog: pytest.LogCaptureFixture, addresses: dict[str, str], reason: str
) -> None:
    tell_of_message(post.record(told(CHAT="json://127.0.0.1:9")), MESSAGE, post.folders)
    post.deliver(told(**addresses))
    await until(lambda: reason in caplog.text)
    assert post.waiting


async def test_an_address_outside_is_asked_through_the_proxy_and_one_inside_is_not(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as proxy, Receiver() as inside:
        monkeypatch.setenv("ALL_PROXY", proxy.url)  # see worker.proxies
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        its = told(OUTSIDE="json://chat.example:8080/x", INSIDE=json_address(inside))
        tell_of_message(post.record(its), MESSAGE, post.folders)
        post.deliver(its)
        await until(lambda: not post.waiting)
        assert len(inside.received) == 1
        assert [request.headers["host"] for request in proxy.received] == ["chat.example:8080"]


async def test_events_of_the_release_before_are_still_delivered_and_no_notice_goes_to_the_webhook(post: Post) -> None:
    async with Receiver() as hook:
        its = told(CHAT="json://127.0.0.1:9")
        old = post.folders.outbox / "call-ended-2026-11-25_142233-1f2e3d.json"
        tell_of_message(post.record(its), MESSAGE, post.folders)
        body = '{"id": "call-ended-2026-11-25_142233-1f2e3d", "type": "call.ended", "data": {"line": "coffee"}}'
        old.write_text(body)
        post.start(EventDelivery(hook.url, "s" * 32, post.folders, first_wait=0.01))
        await until(lambda: not old.exists())
        assert [request.body for request in hook.received] == [body]
        assert post.waiting


def ended(**more: object) -> Transcript:
    fields = OutcomeFields(values={"reason": "booking", "guests": 8, "pays": True, "back_by": None})
    more = {"outcome_fields": fields, "summary": "A table\nwas moved.", "messages": [MESSAGE]} | more
    return transcript(**more)


def test_an_owner_who_wants_to_know_of_each_call_is_told_how_it_ended_and_its_outcome(post: Post) -> None:
    tell_of_call("2026-11-27_130000-1f2e3d", ended(), told("calls", CHAT="json://x"), post.folders)
    notice = json.loads(post.waiting[0].read_text())
    assert (notice["version"], notice["to"], notice["title"]) == (1, "CHAT", "Call from Ada")
    rows = dict(row.split(": ", 1) for row in notice["text"].splitlines())
    assert rows["Caller"] == "+12025550123"
    assert rows["Began"] == "2026-11-25 15:22"
    assert rows["Ended because"] == "the caller hung up"
    assert [rows[name] for name in ("reason", "guests", "pays", "back_by")] == ["booking", "8", "yes", "not known"]
    assert rows["Summary"] == "A table was moved."
    assert rows["Message"].startswith(MESSAGE.about)


def test_an_owner_who_wants_messages_alone_is_told_of_no_call(post: Post) -> None:
    tell_of_call("2026-11-27_130000-1f2e3d", ended(), told(CHAT="json://x"), post.folders)
    assert post.waiting == []


@pytest.mark.parametrize(
    ("language", "title", "urgent"),
    [
        ("de", "Dringende Nachricht von Anna Müller", "Dringend: ja"),
        ("es", "Mensaje urgente de Anna Müller", "Urgente: sí"),
        ("fr", "Message urgent de Anna Müller", "Urgent: oui"),
    ],
)
def test_a_notice_is_in_the_language_of_the_line(post: Post, language: str, title: str, urgent: str) -> None:
    its = told(language=language, CHAT="json://x")
    tell_of_message(post.record(its), MESSAGE, post.folders)
    notice = json.loads(post.waiting[0].read_text())
    assert notice["title"] == title
    assert urgent in notice["text"].splitlines()


def test_a_row_of_a_notice_cannot_be_forged_by_what_a_caller_says(post: Post) -> None:
    its = told(CHAT="json://x")
    forged = MESSAGE.model_copy(update={"who": "Anna\nUrgent: no", "about": "Hello.\r\nCall back: 900"})
    tell_of_message(post.record(its), forged, post.folders)
    notice = json.loads(post.waiting[0].read_text())
    assert "\n" not in notice["title"]
    assert [row.split(":")[0] for row in notice["text"].splitlines()].count("Call back") == 1


def test_the_webhook_is_told_of_a_message_at_once_and_again_when_the_call_has_ended(post: Post) -> None:
    hook = Webhook(url=SecretStr("http://localhost/hook"), secret=SecretStr("s" * 32))
    its = line(webhook=hook)
    record = post.record(its)
    tell_of_message(record, MESSAGE, post.folders)
    [file] = post.folders.outbox.glob("*.json")
    event = json.loads(file.read_text())
    assert (event["type"], event["id"]) == ("message.taken", f"message-taken-{record.name}-1")
    assert event["data"]["message"] == MESSAGE.model_dump()
    assert event["data"]["caller"] == "+12025550123"
    tell_of_call(record.name, record.transcript("the caller hung up"), its, post.folders)
    event = json.loads((post.folders.outbox / f"call-ended-{record.name}.json").read_text())
    assert event["data"]["messages"] == [MESSAGE.model_dump()]
    assert event["data"]["transcript"] is None


def test_a_message_that_cannot_be_written_down_is_not_in_the_record(post: Post) -> None:
    its = told(CHAT="json://x")
    record = post.record(its)
    post.folders.outbox.parent.mkdir()
    post.folders.outbox.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="Not a directory"):
        tell_of_message(record, MESSAGE, post.folders)
    assert record.messages == []


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("mailtos://user:pass@example.com", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", True),
        (
            f"twilio://AC{'1' * 32}:{'2' * 32}@+12025550100/+12025550101",
            True,
        ),
        ("nonsense://example.com", False),
        ("slack://T1", False),
    ],
)
def test_the_kinds_of_addresses_are_those_of_apprise(address: str, known: bool) -> None:
    assert is_known(address) == known
